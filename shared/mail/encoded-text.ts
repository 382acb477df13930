// Text for a header field: as it is where it is ASCII, else in encoded words (RFC 2047 §2), on lines that are short enough.

import type { ByteString } from './message-index.ts'

/** RFC 2047 §2: an encoded word has 75 characters; of UTF-8 so many bytes, in base64. */
const ENCODED_BYTES_MAX = 45
/** RFC 5322 §2.1.1 wants lines up to here. */
const LINE_CHARACTERS_MAX = 78

/** A field with its line end. What would end a line in the text is a blank. */
export function textField(name: string, text: string): ByteString {
  const value = text.replace(/[\r\n\t]+/g, ' ').trim()
  if (isPlain(value)) return folded(`${name}: ${value}`)
  return `${name}: ${encodedWords(value).join('\r\n ')}\r\n`
}

/** RFC 5322 §2.1.1 forbids lines of more than 998 characters, and only blanks end one. */
const WORD_CHARACTERS_MAX = 900

function isPlain(text: string): boolean {
  if (!/^[\x20-\x7e]*$/.test(text) || text.includes('=?')) return false
  return text.split(' ').every((word) => word.length <= WORD_CHARACTERS_MAX)
}

/** No character is cut (RFC 2047 §5). `bytesMax`: of UTF-8 in one word. */
export function encodedWords(text: string, bytesMax = ENCODED_BYTES_MAX): readonly string[] {
  const words: string[] = []
  let word = ''
  let bytes = 0
  for (const character of text.toWellFormed()) {
    const more = Buffer.byteLength(character)
    if (bytes + more > bytesMax) {
      words.push(word)
      word = ''
      bytes = 0
    }
    word += character
    bytes += more
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`)
}

/** Broken at blanks where there are any: a long word keeps its line. */
function folded(field: string): string {
  let written = ''
  let line = ''
  for (const word of field.split(/(?<=[^ ])(?= )/)) {
    const isFull = line.length + word.length > LINE_CHARACTERS_MAX
    if (isFull && line !== '' && !line.endsWith(':') && word.trim() !== '') {
      written += `${line}\r\n`
      line = ''
    }
    line += word
  }
  return `${written}${line}\r\n`
}
