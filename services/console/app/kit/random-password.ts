// A password that nobody chose: groups of four letters that are not taken for each other, 95 bits.

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const CHARACTERS = 19

/** 32 letters: 5 bits of each byte count. */
export function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS))
  const letters = Array.from(bytes, (byte) => LETTERS.charAt(byte & 31)).join('')
  return letters.replaceAll(/(.{4})(?=.)/g, '$1-')
}
