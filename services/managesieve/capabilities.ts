// What the server says of itself: unasked at the beginning and after STARTTLS, and when it is asked. RFC 5804 §1.7.

import type { Session } from './session.ts'
import { formatString } from './strings.ts'

/** single-capability = capability-name [SP string] CRLF */
export function capabilityLines(session: Session): readonly string[] {
  return [...capabilities(session)].map(
    ([name, value]) => `"${name}"${value === undefined ? '' : ` ${formatString(value)}`}\r\n`,
  )
}

function* capabilities({
  account,
  announced: { extensions, maxRedirects },
  mechanisms,
  transport,
}: Session): Iterable<readonly [name: string, value?: string]> {
  // Without a version: whoever has not logged in need not know.
  yield ['IMPLEMENTATION', 'Postwolke']
  yield ['SIEVE', extensions.join(' ')]
  // Of RFC 5435; the only method there is (RFC 5436).
  if (extensions.includes('enotify')) yield ['NOTIFY', 'mailto']
  // The list stays as it was after a login, so that a client finds out who took something out of it (RFC 5804 §2.1).
  yield ['SASL', mechanisms.join(' ')]
  const isBeforeTls = transport.tlsAvailable && transport.security === 'clear'
  if (isBeforeTls && account === undefined) yield ['STARTTLS']
  yield ['MAXREDIRECTS', String(maxRedirects)]
  yield ['LANGUAGE', 'en']
  if (account !== undefined) yield ['OWNER', account.login]
  yield ['UNAUTHENTICATE']
  yield ['VERSION', '1.0']
}
