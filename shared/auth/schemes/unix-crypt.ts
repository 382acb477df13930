// The schemes of crypt(3) that are computed in the crypt thread.

import { type CryptAlgorithm, verifyCrypt } from './crypt-thread.ts'
import { DES_CRYPT } from './des-crypt.ts'
import { MD5_CRYPT } from './md5-crypt.ts'
import type { PasswordScheme } from './scheme.ts'
import { SHA_CRYPT } from './sha-crypt.ts'

function unixCrypt(
  algorithm: CryptAlgorithm,
  name: string,
  prefixes: readonly string[],
  pattern: RegExp,
): PasswordScheme {
  return {
    name,
    prefixes,
    recognises: (hash) => pattern.test(hash),
    isCurrent: () => false,
    verify: (hash, password) => verifyCrypt(algorithm, hash, password),
  }
}

export const desCryptScheme = unixCrypt('des', 'des-crypt', ['DES-CRYPT'], DES_CRYPT)

export const md5CryptScheme = unixCrypt('md5', 'md5-crypt', ['MD5-CRYPT', 'MD5'], MD5_CRYPT)

export const shaCryptScheme = unixCrypt(
  'sha',
  'sha-crypt',
  ['SHA256-CRYPT', 'SHA512-CRYPT'],
  SHA_CRYPT,
)
