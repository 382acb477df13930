// The traditional crypt(3): 13 characters, DES, eight 7-bit characters of the password. Verified so that the oldest password
// files work.

import desCryptOfBytes from 'unix-crypt-td-js'

export const DES_CRYPT = /^[./0-9A-Za-z]{13}$/

/** The whole hash for the salt of another one. */
export function desCrypt(password: Uint8Array, hash: string): string {
  // As bytes: given a string, the library does not see the bytes that crypt(3) saw.
  return desCryptOfBytes([...password], hash.slice(0, 2))
}
