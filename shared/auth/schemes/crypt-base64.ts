// The base64 of crypt(3): its own alphabet, least significant bits first.

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Encodes bytes of a digest in the order given, three at a time: the first of a group is the most significant. */
export function cryptBase64(digest: Uint8Array, groups: readonly (readonly number[])[]): string {
  return groups.map((group) => encodeGroup(group.map((at) => digest[at] ?? 0))).join('')
}

function encodeGroup(bytes: readonly number[]): string {
  let value = bytes.reduce((sum, byte) => (sum << 8) | byte, 0)
  let text = ''
  // One byte makes two characters, two make three, three make four.
  for (let i = 0; i <= bytes.length; i += 1) {
    text += ALPHABET[value & 0x3f]
    value >>= 6
  }
  return text
}

/** What one character stands for; -1: it is none of them. */
export const cryptBase64Value = (character: string): number => ALPHABET.indexOf(character)

/** The bytes behind a text, the first the least significant of each three; a rest of one character is none. */
export function cryptBase64Bytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 4) {
    const group = [...text.slice(at, at + 4)]
    const value = group.reduceRight((sum, one) => (sum << 6) | cryptBase64Value(one), 0)
    for (let i = 0; i < group.length - 1; i += 1) bytes.push((value >> (8 * i)) & 0xff)
  }
  return Uint8Array.from(bytes)
}
