// A header field made of a name and a value from elsewhere: what a filter says must not become another field, nor end the header.

import type { ByteString } from './message-index.ts'

/** ftext (RFC 5322 §2.2). */
const NAME = /^[\x21-\x39\x3b-\x7e]{1,100}$/
/** Of one field that a filter gives. */
export const MADE_FIELD_BYTES_MAX = 16 * 1024

/**
 * Ended by CRLF; undefined for a name that is none and for what is too long. `value` is a byte string, and may be folded in its own way:
 * whatever ends a line in it is followed by white space afterwards, and no line of it is empty.
 */
export function madeField(name: string, value: ByteString): ByteString | undefined {
  if (!NAME.test(name) || value.length > MADE_FIELD_BYTES_MAX) return undefined
  const lines = value
    .replaceAll('\0', '')
    .split(/\r\n|\r|\n/)
    .filter((line) => /[^ \t]/.test(line))
  const [first = '', ...more] = lines
  const rest = more.map((line) => (/^[ \t]/.test(line) ? line : `\t${line}`))
  const separator = first.startsWith(' ') || first.startsWith('\t') ? '' : ' '
  return `${[`${name}:${separator}${first}`, ...rest].join('\r\n')}\r\n`
}

/** Of a text, which may have any character (RFC 6532). */
export function madeTextField(name: string, value: string): ByteString | undefined {
  return madeField(name, Buffer.from(value, 'utf8').toString('latin1'))
}
