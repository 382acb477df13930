// Header text as Unicode: encoded words (RFC 2047, with the language of RFC 2231 §5) and raw 8-bit bytes (UTF-8 as in RFC 6532,
// else as old mailers sent it). Tolerant: an encoded word is decoded wherever it stands, and one that is malformed stays as it is.

import { decodePieces, decodeText } from './charset.ts'
import type { ByteString } from './message-index.ts'

/** The text of an unfolded header field body, or of a part of it. Linear in the value. */
export function decodeHeaderText(value: ByteString): string {
  if (!value.includes('=?')) return decodeRaw(value)
  let text = ''
  for (const piece of headerTextPieces(value)) text += piece
  return text
}

/** The same text in pieces: a long field may take long. */
export function* headerTextPieces(value: ByteString): Generator<string> {
  /** Behind the last encoded word. */
  let end = 0
  let run: Run | undefined
  for (let word = nextWord(value, 0); word !== undefined; word = nextWord(value, word.end)) {
    const between = value.slice(end, word.start)
    // RFC 2047 §6.2: white space between encoded words is not shown.
    if (run === undefined || !onlyBlanks.test(between)) {
      if (run !== undefined) yield finishRun(run)
      if (between !== '') yield decodeRaw(between)
      run = undefined
    }
    if (run?.charset === word.charset && run.bytes < RUN_BYTES_MAX) {
      run.pieces.push(word.bytes)
      run.bytes += word.bytes.length
    } else {
      if (run !== undefined) yield finishRun(run)
      run = { charset: word.charset, pieces: [word.bytes], bytes: word.bytes.length }
    }
    end = word.end
  }
  if (run !== undefined) yield finishRun(run)
  if (end < value.length) yield decodeRaw(end === 0 ? value : value.slice(end))
}

/** Successive encoded words in one character set: some mailers cut characters between them, against RFC 2047 §5. */
type Run = { readonly charset: string; readonly pieces: Uint8Array[]; bytes: number }

/** Decoded together; beyond it a character that is cut between two words is lost. */
const RUN_BYTES_MAX = 64 * 1024

function finishRun({ charset, pieces }: Run): string {
  return decodePieces(pieces, charset)
}

type Word = {
  readonly start: number
  readonly end: number
  readonly charset: string
  readonly bytes: Uint8Array
}

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 §2); blanks in the text, which it forbids, are sent.
function nextWord(value: ByteString, from: number): Word | undefined {
  for (let start = value.indexOf('=?', from); start >= 0; start = value.indexOf('=?', start + 1)) {
    const charsetEnd = value.indexOf('?', start + 2)
    // No later "=?" has what it needs either, and nothing is looked at again.
    if (charsetEnd < 0) return undefined
    if (charsetEnd === start + 2 || charsetEnd - start - 2 > CHARSET_CHARACTERS_MAX) continue
    const encoding = value[charsetEnd + 1]
    const decode = encoding === 'B' || encoding === 'b' ? decodeB : decodeQ
    if (encoding === undefined || !'BbQq'.includes(encoding)) continue
    if (value[charsetEnd + 2] !== '?') continue
    const charset = value.slice(start + 2, charsetEnd)
    if (blank.test(charset)) continue
    const textEnd = value.indexOf('?', charsetEnd + 3)
    if (textEnd < 0) return undefined
    if (value[textEnd + 1] !== '=') continue
    const encoded = value.slice(charsetEnd + 3, textEnd)
    if (encoded.includes('\r') || encoded.includes('\n')) continue
    // RFC 2231 §5: a language may follow the character set.
    const [name = ''] = charset.split('*', 1)
    return { start, end: textEnd + 2, charset: name.toLowerCase(), bytes: decode(encoded) }
  }
  return undefined
}

/** Name and language; a longer name belongs to no character set. */
const CHARSET_CHARACTERS_MAX = 100

function decodeRaw(value: ByteString): string {
  return eightBit.test(value) ? decodeText(Buffer.from(value, 'latin1'), null) : value
}

function decodeB(encoded: ByteString): Buffer {
  return Buffer.from(encoded, 'base64')
}

/** RFC 2047 §4.2: quoted-printable without lines, and "_" for a blank. */
function decodeQ(encoded: ByteString): Buffer {
  const spaced = encoded.replaceAll('_', ' ')
  const decoded = spaced.includes('=')
    ? spaced.replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    : spaced
  return Buffer.from(decoded, 'latin1')
}

const blank = /\s/
const eightBit = /[\x80-\xff]/
const onlyBlanks = /^[ \t\r\n]*$/
