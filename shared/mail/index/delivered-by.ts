// To whom a server, this one, has delivered a message before: then it goes in circles (RFC 5321 §6.3).
//
// A message in a mailbox here begins with X-Original-To and Delivered-To, written by its delivery, and Received, written when it
// came in. Anybody may write Delivered-To, and many servers do; only one that stands upon a Received of ours is ours. X-At-Source is what
// we write on the way to the old server of an account.

import { passedToSource } from '../at-source-mark.ts'
import { trimWhiteSpace, unfold } from '../header-field.ts'
import type { ByteString } from '../message-index.ts'
import type { Trace } from './indexed-fields.ts'
import { DELIVERED_TO_FIELDS_MAX } from './part-tree.ts'

/** What is looked at of a Received field; ours are shorter. */
const RECEIVED_BYTES_MAX = 1_000

export function deliveredBy(hostname: string, trace: Trace): readonly ByteString[] {
  const here: ByteString[] = []
  let above: ByteString[] = []
  for (const { name, body } of trace) {
    if (name !== 'received') {
      const address = trimWhiteSpace(unfold(body))
      above.push(name === 'x-at-source' ? passedToSource(address) : address)
      continue
    }
    if (above.length > 0 && isBy(hostname, body)) here.push(...above)
    above = []
    if (here.length >= DELIVERED_TO_FIELDS_MAX) break
  }
  return here.slice(0, DELIVERED_TO_FIELDS_MAX)
}

/** "by" FWS Extended-Domain (RFC 5321 §4.4), in whatever folds a server on the way has left it. */
function isBy(hostname: string, received: ByteString): boolean {
  const words = received
    .slice(0, RECEIVED_BYTES_MAX)
    .toLowerCase()
    .split(/[ \t\r\n]+/)
  return words.some((word, i) => word === 'by' && words[i + 1] === hostname.toLowerCase())
}
