// Header fields between messages and filters: what a filter is told of one, and what it gives back as one.

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

/** No white space, no colon, no control characters (RFC 5322 §2.2). */
const FIELD_NAME = /^[\x21-\x39\x3b-\x7e]+$/

/**
 * A whole field of what a filter gives, ended by CRLF; undefined where its name is none. A line that does not begin with white space
 * would be a field of its own, or end the header.
 */
export function givenField(
  { name, value }: ToldField,
  hasLeadingSpace: boolean,
): ByteString | undefined {
  if (!FIELD_NAME.test(name)) return undefined
  const [first = '', ...rest] = value
    .split('\n')
    .map((line) => line.replaceAll('\r', ''))
    .filter((line, i) => i === 0 || line.trim() !== '')
  const lines = rest.map((line) => (/^[ \t]/.test(line) ? line : `\t${line}`))
  const space = hasLeadingSpace ? '' : ' '
  return `${name}:${space}${[first, ...lines].join('\r\n')}\r\n`
}
