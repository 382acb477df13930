// RFC 8580: a copy of what a script sends, into a folder.

import type { Fcc } from '../actions.ts'
import { constant, flag, option, string, strings } from '../definition.ts'
import { flagWords } from './flag-words.ts'

/** RFC 8580 §3; what stands beside :fcc is that of fileinto. */
export const fccTags = {
  fcc: option('fcc', string, 'fcc'),
  create: flag('create', 'mailbox'),
  flags: option('flags', strings, 'imap4flags'),
  specialUse: option('specialuse', constant, 'special-use'),
  mailboxId: option('mailboxid', string, 'mailboxid'),
}

export function fccOf(given: {
  readonly fcc: string | undefined
  readonly create: boolean
  readonly flags: readonly string[] | undefined
  readonly specialUse: string | undefined
  readonly mailboxId: string | undefined
}): Fcc | null {
  const { fcc, create, flags, specialUse, mailboxId } = given
  if (fcc === undefined) return null
  return {
    folder: fcc,
    create,
    flags: flags === undefined ? null : flagWords(flags),
    specialUse: specialUse ?? null,
    mailboxId: mailboxId ?? null,
  }
}
