// Where a content filter is, in Postfix's `transport:destination` (content_filter, FILTER of access(5)). There is no master.cf here that
// could say what a transport is: whatever its name, it speaks SMTP, unless its name says that it does not.

import { type NextHop, parseNextHop } from './next-hop.ts'

const TRANSPORT = /^([A-Za-z][A-Za-z0-9._-]{0,63}):(.+)$/
/** Transports of Postfix that do something else. */
const OTHERS: ReadonlySet<string> = new Set(
  'lmtp local virtual pipe error retry discard proxymap defer bounce'.split(' '),
)

/** A destination in brackets may stand without a transport. */
export function parseFilterHop(text: string): NextHop | undefined {
  if (text.startsWith('[')) return parseNextHop(text)
  const [, transport, destination] = TRANSPORT.exec(text) ?? []
  if (transport === undefined || destination === undefined) return undefined
  if (OTHERS.has(transport.toLowerCase())) return undefined
  return parseNextHop(destination)
}
