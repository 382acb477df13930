// Reverse-path and forward-path of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3): finds where the path ends, drops a
// source route and checks the address, which is handed on as it was written.

import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { allowsBarePaths, allowsDotAfterDomain } from './quirks.ts'

export type Path = {
  /** Between the angle brackets, without source route; '' is the null path. */
  readonly mailbox: string
  /** Where the path ends in the text. */
  readonly end: number
}

/** How a listener reads the addresses of a client. */
export type PathOptions = {
  /** Postfix's strict_rfc821_envelopes: no quirks. */
  readonly isStrict?: boolean
  /** Gives an address of a client of ours what it lacks; anybody else's is taken as it is. */
  readonly complete?: (mailbox: string) => string
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"; A quoted local part may hold any of the delimiters.
const path = /<(?:((?:@[^\s<>:,@"]+,)*@[^\s<>:,@"]+):)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>/y
const barePath = /(?:"(?:[^"\\]|\\.)*"|[^\s<>"])+/y

/** Undefined when no well-formed path begins at this place. `<>` and `<postmaster>` are for the caller to judge. */
export function readPath(text: string, at: number, options: PathOptions = {}): Path | undefined {
  if (text[at] !== '<') return readBarePath(text, at, options)
  path.lastIndex = at
  const match = path.exec(text)
  if (!match) return undefined
  const [whole, route, mailbox = ''] = match
  // RFC 5321 §4.1.1.3 and appendix C: a source route must be accepted and should be ignored.
  if (route !== undefined && (mailbox === '' || !isRoute(route))) return undefined
  return { mailbox: withoutLastDot(mailbox, options), end: at + whole.length }
}

/** Undefined for what is no address even when it is completed. */
export function readMailbox(
  mailbox: string,
  { complete = (text) => text }: PathOptions,
): string | undefined {
  const completed = complete(mailbox)
  return parseAddress(completed) === undefined ? undefined : completed
}

function readBarePath(text: string, at: number, options: PathOptions): Path | undefined {
  if (options.isStrict || !allowsBarePaths) return undefined
  barePath.lastIndex = at
  const mailbox = barePath.exec(text)?.[0]
  if (mailbox === undefined) return undefined
  return { mailbox: withoutLastDot(mailbox, options), end: at + mailbox.length }
}

function withoutLastDot(mailbox: string, { isStrict = false }: PathOptions): string {
  if (!allowsDotAfterDomain || isStrict || !mailbox.endsWith('.')) return mailbox
  const hasDomain = mailbox.lastIndexOf('@') > mailbox.lastIndexOf('"')
  return hasDomain ? mailbox.slice(0, -1) : mailbox
}

// A-d-l = At-domain *( "," At-domain )
function isRoute(route: string): boolean {
  return route.split(',').every((hop) => parseDomain(hop.slice(1)) !== undefined)
}
