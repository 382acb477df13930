// The schemes of crypt(3) that are computed in threads of our own.

import { BCRYPT, bcryptCost } from './bcrypt.ts'
import { type CryptAlgorithm, verifyCrypt } from './crypt-thread.ts'
import { DES_CRYPT } from './des-crypt.ts'
import { MD5_CRYPT } from './md5-crypt.ts'
import { type Cost, costUpTo, type PasswordScheme } from './scheme.ts'
import { SHA_CRYPT, shaCryptRounds } from './sha-crypt.ts'
import { YESCRYPT, yescryptMemoryBytes } from './yescrypt.ts'

function unixCrypt(
  algorithm: CryptAlgorithm,
  name: string,
  prefixes: readonly string[],
  pattern: RegExp,
  cost: (hash: string) => Cost = () => 'fast',
): PasswordScheme {
  return {
    name,
    prefixes,
    recognises: (hash) => pattern.test(hash),
    cost,
    isCurrent: () => false,
    verify(hash, password) {
      const lane = cost(hash) === 'fast' ? 'fast' : 'slow'
      return verifyCrypt({ lane, algorithm, hash, password })
    },
  }
}

export const desCryptScheme = unixCrypt('des', 'des-crypt', ['DES-CRYPT'], DES_CRYPT)

export const md5CryptScheme = unixCrypt('md5', 'md5-crypt', ['MD5-CRYPT', 'MD5'], MD5_CRYPT)

/** 5,000 is what everybody has who did not choose. */
const ROUNDS_FAST_MAX = 10_000
export const SHA_CRYPT_ROUNDS_MAX = 250_000
/** Each round hashes the whole password: a guess of a kilobyte would take many times what the rounds stand for. */
const SHA_CRYPT_BYTES_MAX = 128 * SHA_CRYPT_ROUNDS_MAX

const anyLength = unixCrypt(
  'sha',
  'sha-crypt',
  ['SHA256-CRYPT', 'SHA512-CRYPT'],
  SHA_CRYPT,
  (hash) => {
    const rounds = shaCryptRounds(hash)
    const what = `${rounds} rounds`
    return costUpTo(rounds, { fastMax: ROUNDS_FAST_MAX, max: SHA_CRYPT_ROUNDS_MAX, what })
  },
)

export const shaCryptScheme: PasswordScheme = {
  ...anyLength,
  async verify(hash, password) {
    if (shaCryptRounds(hash) * password.length > SHA_CRYPT_BYTES_MAX) return false
    return anyLength.verify(hash, password)
  },
}

/** Each step doubles the time. */
const BCRYPT_COST_FAST_MAX = 9
const BCRYPT_COST_MAX = 13

export const bcryptScheme = unixCrypt('bcrypt', 'bcrypt', ['BLF-CRYPT'], BCRYPT, (hash) => {
  const cost = bcryptCost(hash)
  return costUpTo(cost, {
    fastMax: BCRYPT_COST_FAST_MAX,
    max: BCRYPT_COST_MAX,
    what: `cost ${cost}`,
  })
})

const MEBIBYTE = 1_048_576
const YESCRYPT_MIB_FAST_MAX = 1
/** Debian's default has 16. */
export const YESCRYPT_MIB_MAX = 32

export const yescryptScheme = unixCrypt('yescrypt', 'yescrypt', [], YESCRYPT, (hash) => {
  const mib = yescryptMemoryBytes(hash) / MEBIBYTE
  return costUpTo(mib, {
    fastMax: YESCRYPT_MIB_FAST_MAX,
    max: YESCRYPT_MIB_MAX,
    what: `${mib} MiB of memory`,
  })
})
