// $5$ and $6$: Ulrich Drepper's SHA-256 and SHA-512 crypt (specification version 0.6), what Linux and Dovecot used for years.
// The step numbers are the specification's.

import { createHash } from 'node:crypto'
import { cryptBase64 } from './crypt-base64.ts'

export const SHA_CRYPT =
  /^\$([56])\$(?:rounds=([1-9]\d{3,8})\$)?([^$:]{0,16})\$[./0-9A-Za-z]{43,86}$/

const ROUNDS_DEFAULT = 5_000

export function shaCryptRounds(hash: string): number {
  return Number(SHA_CRYPT.exec(hash)?.[2] ?? ROUNDS_DEFAULT)
}

/** The whole hash for the salt and rounds of another one. */
export function shaCrypt(password: Uint8Array, hash: string): string {
  const [, id, rounds, salt = ''] = SHA_CRYPT.exec(hash) ?? []
  const variant = id === '5' ? sha256Crypt : sha512Crypt
  const digest = variant.digest(password, Buffer.from(salt), Number(rounds ?? ROUNDS_DEFAULT))
  const shownRounds = rounds === undefined ? '' : `rounds=${rounds}$`
  return `$${id}$${shownRounds}${salt}$${cryptBase64(digest, variant.groups)}`
}

const sha256Crypt = {
  digest: roundsOf('sha256'),
  groups: [...rotatingGroups(10, [0, 10, 20], 'left'), [31, 30]],
}

const sha512Crypt = {
  digest: roundsOf('sha512'),
  groups: [...rotatingGroups(21, [0, 21, 42], 'right'), [63]],
}

/** Step 22 takes bytes i, i+n and i+2n of the digest, in an order that rotates from group to group. */
function rotatingGroups(
  count: number,
  first: readonly number[],
  way: 'left' | 'right',
): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const shift = way === 'right' ? i % 3 : (3 - (i % 3)) % 3
    return [...first.slice(shift), ...first.slice(0, shift)].map((at) => at + i)
  })
}

function roundsOf(algorithm: 'sha256' | 'sha512') {
  const sha = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash(algorithm)
    for (const part of parts) hash.update(part)
    return hash.digest()
  }

  return (password: Uint8Array, salt: Uint8Array, rounds: number): Buffer => {
    let digest = sha(...startParts(password, salt, sha(password, salt, password))) // steps 1-12
    const passwordDigest = sha(...new Array<Uint8Array>(password.length).fill(password)) // 13-15
    const p = repeat(passwordDigest, password.length) // 16
    const saltDigest = sha(...new Array<Uint8Array>(16 + (digest[0] ?? 0)).fill(salt)) // 17-19
    const s = repeat(saltDigest, salt.length) // 20
    for (let round = 0; round < rounds; round += 1) {
      // 21
      const odd = round % 2 === 1
      const hash = createHash(algorithm).update(odd ? p : digest)
      if (round % 3 !== 0) hash.update(s)
      if (round % 7 !== 0) hash.update(p)
      digest = hash.update(odd ? digest : p).digest()
    }
    return digest
  }
}

function* startParts(password: Uint8Array, salt: Uint8Array, alternate: Uint8Array) {
  yield password
  yield salt
  yield repeat(alternate, password.length) // steps 9-10
  for (let bits = password.length; bits > 0; bits >>= 1) yield bits & 1 ? alternate : password // 11
}

/** So many bytes of the digest, over and over. */
function repeat(digest: Uint8Array, length: number): Uint8Array {
  return Buffer.alloc(length, digest)
}
