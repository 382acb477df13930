// The From field of a message that has none (RFC 5322 §3.6.2), with the name of whoever left it.

import { canonicalAddress } from '#shared/mail/address.ts'

/** Ended by CRLF, UTF-8. A name with other characters than ASCII is written in encoded words (RFC 2047 §5). */
export function fromField(fullName: string, address: string): string {
  const name = fullName
    .replaceAll(/[\x00-\x1f\x7f]/g, ' ')
    .trim()
    .slice(0, NAME_CHARACTERS_MAX)
  const angle = `<${canonicalAddress(address)}>`
  if (name === '') return `From: ${angle}\r\n`
  return `From: ${phrase(name)}\r\n\t${angle}\r\n`
}

const NAME_CHARACTERS_MAX = 200
/** RFC 2047 §2: an encoded word has 75 characters; of UTF-8 so many bytes, in base64. */
const ENCODED_BYTES_MAX = 45

function phrase(name: string): string {
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(name)) return name
  if (/^[\x20-\x7e]+$/.test(name)) return `"${name.replaceAll(/["\\]/g, '\\$&')}"`
  const words: string[] = []
  let word = ''
  for (const character of name) {
    if (Buffer.byteLength(word + character) > ENCODED_BYTES_MAX) {
      words.push(word)
      word = ''
    }
    word += character
  }
  return [...words, word].map(encodedWord).join('\r\n\t')
}

const encodedWord = (text: string) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`
