// A message that `redirect` sends on (RFC 5228 §4.2): how it is known when it comes back, and what does not go along.

import { lookupKey } from '#shared/mail/address.ts'
import type { Header } from '../message.ts'

/** Pigeonhole's, so that its servers and ours find their own again. */
export const REDIRECTED_FROM = 'X-Sieve-Redirected-From'

/** Who has sent it on before, as addresses are compared. */
export const redirectedBy = (header: Header): readonly string[] =>
  header.values(REDIRECTED_FROM).map((value) => lookupKey(value.trim()))

/** The same of header fields that stand before a message, each ended by CRLF. Byte string. */
export const fieldsWithoutReturnPath = (fields: string): string =>
  cut(Buffer.from(fields, 'latin1')).toString('latin1')

/** RFC 5321 §4.4: only who delivers writes one. It stands among the first fields, where it stands at all. */
export async function* withoutReturnPath(
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let top: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of source) {
    if (top === undefined) {
      yield chunk
      continue
    }
    top = Buffer.concat([top, chunk])
    if (top.length < TOP_BYTES && !top.includes('\r\n\r\n')) continue
    yield cut(top)
    top = undefined
  }
  if (top !== undefined) yield cut(top)
}

/** Of a header, in which our own fields stand. */
const TOP_BYTES = 16 * 1024

function cut(top: Buffer): Buffer {
  const end = top.indexOf('\r\n\r\n')
  const header = top.subarray(0, end < 0 ? top.length : end + 2).toString('latin1')
  const start = header.search(/^return-path:/im)
  if (start < 0) return top
  let behind = start
  do {
    const line = header.indexOf('\r\n', behind)
    // Its end is not here: then it is no field of ours.
    if (line < 0) return top
    behind = line + 2
  } while (header[behind] === ' ' || header[behind] === '\t')
  return Buffer.concat([top.subarray(0, start), top.subarray(behind)])
}
