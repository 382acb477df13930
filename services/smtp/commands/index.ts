// The table of commands. Whatever is not here is unknown: XCLIENT, XFORWARD and the jokes of the library among them.

import type { Command } from '../command.ts'
import { auth } from './auth.ts'
import { bdat } from './bdat.ts'
import { data } from './data.ts'
import { ehlo, helo, lhlo } from './helo.ts'
import { mail } from './mail.ts'
import { help, noop } from './noop.ts'
import { quit } from './quit.ts'
import { rcpt } from './rcpt.ts'
import { rset } from './rset.ts'
import { starttls } from './starttls.ts'
import { disabled, expn, vrfy } from './vrfy.ts'

export const commands: ReadonlyMap<string, Command> = new Map([
  ['HELO', helo],
  ['EHLO', ehlo],
  ['LHLO', lhlo],
  ['STARTTLS', starttls],
  ['AUTH', auth],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['BDAT', bdat],
  ['RSET', rset],
  ['NOOP', noop],
  ['HELP', help],
  ['VRFY', vrfy],
  ['EXPN', expn],
  ['ETRN', disabled],
  ['QUIT', quit],
])
