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
