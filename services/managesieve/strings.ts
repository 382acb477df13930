// Strings as the server writes them: in quotes where that is possible, else as literals. RFC 5804 §4.

import { QUOTED_BYTES_MAX } from './config.ts'

/** string = quoted / literal-s2c */
export function formatString(text: string): string {
  const bytes = Buffer.byteLength(text)
  return bytes > QUOTED_BYTES_MAX || notInQuotes.test(text)
    ? `{${bytes}}\r\n${text}`
    : `"${text.replace(quotedSpecial, '\\$&')}"`
}

const notInQuotes = /[\0\r\n]/
const quotedSpecial = /["\\]/g
