// What a filter is told of a header field.

import type { ByteString } from '#shared/mail/message-index.ts'
import { CHUNK_BYTES_MAX } from './packet.ts'

export type ToldField = { readonly name: ByteString; readonly value: ByteString }

/** As filters have it: lines of a folded field end with LF, and unless they ask for it they do not see the blank behind the colon. */
export function toldField(
  name: ByteString,
  body: ByteString,
  keepsLeadingSpace: boolean,
): ToldField {
  const text = body.replace(/\r?\n$/, '').replaceAll('\r\n', '\n')
  const value = keepsLeadingSpace ? text : text.replace(/^[ \t]+/, '')
  // One that no packet has room for is told as far as it fits.
  return { name, value: value.slice(0, CHUNK_BYTES_MAX - name.length - 2) }
}
