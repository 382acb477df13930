// Header text as Unicode: encoded words (RFC 2047, with the language of RFC 2231 §5) and raw 8-bit bytes (UTF-8 as in RFC 6532,
// else as old mailers sent it). Tolerant: an encoded word is decoded wherever it stands, and one that is malformed stays as it is.

import { charsetDecoder, decodeText } from './charset.ts'
import type { ByteString } from './message-index.ts'

/** The text of an unfolded header field body, or of a part of it. */
export function decodeHeaderText(value: ByteString): string {
  if (!value.includes('=?')) return decodeRaw(value)
  let text = ''
  let end = 0
  let run: Run | undefined
  encodedWord.lastIndex = 0
  for (;;) {
    const match = encodedWord.exec(value)
    if (match === null) break
    const [whole, charset = '', encoding = '', encoded = ''] = match
    const between = value.slice(end, match.index)
    // RFC 2047 §6.2: white space between encoded words is not shown.
    if (run === undefined || !onlyBlanks.test(between)) {
      text += finishRun(run) + decodeRaw(between)
      run = undefined
    }
    const name = charset.replace(/\*.*$/s, '').toLowerCase()
    const bytes =
      encoding === 'B' || encoding === 'b' ? Buffer.from(encoded, 'base64') : decodeQ(encoded)
    if (run?.charset === name) run.pieces.push(bytes)
    else {
      text += finishRun(run)
      run = { charset: name, pieces: [bytes] }
    }
    end = match.index + whole.length
  }
  return text + finishRun(run) + decodeRaw(value.slice(end))
}

/** Successive encoded words in one character set: some mailers cut characters between them, against RFC 2047 §5. */
type Run = { readonly charset: string; readonly pieces: Uint8Array[] }

function finishRun(run: Run | undefined): string {
  if (run === undefined) return ''
  const decoder = charsetDecoder(run.charset)
  return run.pieces.map((piece) => decoder.push(piece)).join('') + decoder.finish()
}

function decodeRaw(value: ByteString): string {
  return eightBit.test(value) ? decodeText(Buffer.from(value, 'latin1'), null) : value
}

/** RFC 2047 §4.2: quoted-printable without lines, and "_" for a blank. */
function decodeQ(encoded: ByteString): Buffer {
  const spaced = encoded.replaceAll('_', ' ')
  const decoded = spaced.includes('=')
    ? spaced.replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    : spaced
  return Buffer.from(decoded, 'latin1')
}

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 §2); blanks in the text, which it forbids, are sent.
const encodedWord = /=\?([^?\s]+)\?([BbQq])\?([^?\r\n]*)\?=/g
const eightBit = /[\x80-\xff]/
const onlyBlanks = /^[ \t\r\n]*$/
