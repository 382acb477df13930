// $1$: Poul-Henning Kamp's MD5 crypt, 1,000 rounds. Long broken as a way to keep passwords; verified so that old password files
// work until their users have logged in once.

import { createHash } from 'node:crypto'
import { cryptBase64 } from './crypt-base64.ts'

export const MD5_CRYPT = /^\$1\$([^$:]{0,8})\$[./0-9A-Za-z]{22}$/

const ROUNDS = 1_000
const DIGEST_BYTES = 16

const groups = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]]

/** The whole hash for the salt of another one. */
export function md5Crypt(password: Uint8Array, hash: string): string {
  const salt = Buffer.from(MD5_CRYPT.exec(hash)?.[1] ?? '')
  let digest = firstDigest(password, salt)
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = round % 2 === 1
    const md5 = createHash('md5').update(odd ? password : digest)
    if (round % 3 !== 0) md5.update(salt)
    if (round % 7 !== 0) md5.update(password)
    digest = md5.update(odd ? digest : password).digest()
  }
  return `$1$${salt}$${cryptBase64(digest, groups)}`
}

function firstDigest(password: Uint8Array, salt: Uint8Array): Buffer {
  const alternate = createHash('md5').update(password).update(salt).update(password).digest()
  const md5 = createHash('md5').update(password).update('$1$').update(salt)
  for (let left = password.length; left > 0; left -= DIGEST_BYTES)
    md5.update(alternate.subarray(0, Math.min(left, DIGEST_BYTES)))
  for (let bits = password.length; bits > 0; bits >>= 1)
    md5.update(bits & 1 ? Uint8Array.of(0) : password.subarray(0, 1))
  return md5.digest()
}
