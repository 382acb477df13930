// Header fields written from text (RFC 5322 §2.2.3, RFC 2047): folded, with encoded words for whatever is not plain ASCII. What comes in
// may be anything; what comes out is one field.

import { canonicalAddress } from './address.ts'
import { encodedWords } from './encoded-text.ts'

/** Of one text in a header; nobody reads more. */
export const HEADER_TEXT_CHARACTERS_MAX = 2_000
/** RFC 2047 §2: of a line with encoded words; RFC 5322 §2.1.1 has 78. */
const COLUMNS = 76
/** So many are 60 characters with all around them: room for the name of the field before the first. */
const ENCODED_BYTES_MAX = 36
/** A word that is longer goes into encoded ones, which can be folded. */
const WORD_CHARACTERS_MAX = 200

/** Unstructured (RFC 5322 §2.2.1), ended by CRLF. From the first word that is not plain on all is encoded. */
export function textField(name: string, text: string): string {
  const words = cleanLine(text).split(' ').filter(Boolean)
  const at = words.findIndex((word) => !isPlain(word))
  if (at < 0) return folded(name, words)
  return folded(name, [
    ...words.slice(0, at),
    ...encodedWords(words.slice(at).join(' '), ENCODED_BYTES_MAX),
  ])
}

export type NamedAddress = { readonly name: string | null; readonly address: string }

/** Ended by CRLF. An address that is not ASCII stands in it as it is (RFC 6532). */
export function addressField(name: string, addresses: readonly NamedAddress[]): string {
  const last = addresses.length - 1
  return folded(
    name,
    addresses.flatMap(({ name: of, address }, i) => {
      const end = i === last ? '' : ','
      const words = of === null ? [] : phrase(of)
      return [...words, `<${canonicalAddress(cleanLine(address))}>${end}`]
    }),
  )
}

/** Words that are folded between, ended by CRLF; nothing is made of what they are. */
export function folded(name: string, words: readonly string[]): string {
  let text = `${name}:`
  let column = text.length
  for (const [i, word] of words.entries()) {
    if (i > 0 && column + 1 + word.length > COLUMNS) {
      text += '\r\n'
      column = 0
    }
    text += ` ${word}`
    column += 1 + word.length
  }
  return `${text}\r\n`
}

/** A display name (RFC 5322 §3.2.5) as words of a field; none for an empty one. */
export function phrase(text: string): readonly string[] {
  const name = cleanLine(text).slice(0, NAME_CHARACTERS_MAX).trim()
  if (name === '') return []
  if (atoms.test(name) && !name.includes('=?')) return name.split(' ').filter(Boolean)
  if (ascii.test(name) && !name.includes('=?')) return [`"${name.replaceAll(/["\\]/g, '\\$&')}"`]
  return encodedWords(name, ENCODED_BYTES_MAX)
}

const NAME_CHARACTERS_MAX = 200
const atoms = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/
const ascii = /^[\x20-\x7e]*$/

function isPlain(word: string): boolean {
  return ascii.test(word) && word.length <= WORD_CHARACTERS_MAX && !word.includes('=?')
}

/** One line: what ends one, and what no text has, is a blank. */
export function cleanLine(text: string): string {
  return text
    .slice(0, HEADER_TEXT_CHARACTERS_MAX)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
}
