// Reverse-path and forward-path of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3): finds where the path ends, drops a
// source route and checks the address, which is handed on as it was written.

import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'

export type Path = {
  /** Between the angle brackets, without source route; '' is the null path. */
  readonly mailbox: string
  /** Where the path ends in the text. */
  readonly end: number
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"; A quoted local part may hold any of the delimiters.
const path = /<(?:((?:@[^\s<>:,@"]+,)*@[^\s<>:,@"]+):)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>/y

/** Undefined when no well-formed path begins at this place. `<>` and `<postmaster>` are for the caller to judge. */
export function readPath(text: string, at: number): Path | undefined {
  path.lastIndex = at
  const match = path.exec(text)
  if (!match) return undefined
  const [whole, route, mailbox = ''] = match
  // RFC 5321 §4.1.1.3 and appendix C: a source route must be accepted and should be ignored.
  if (route !== undefined && (mailbox === '' || !isRoute(route))) return undefined
  return { mailbox, end: at + whole.length }
}

export function isMailbox(mailbox: string): boolean {
  return parseAddress(mailbox) !== undefined
}

// A-d-l = At-domain *( "," At-domain )
function isRoute(route: string): boolean {
  return route.split(',').every((hop) => parseDomain(hop.slice(1)) !== undefined)
}
