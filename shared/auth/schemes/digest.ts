// Plain digests, salted or not, as LDAP directories and Dovecot's passwd-files keep them: {SSHA512} and its like. The salt
// follows the digest.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { PasswordScheme } from './scheme.ts'

const SALT_BYTES_MAX = 64

/** Dovecot's name, Node's name, bytes of the digest, whether a salt follows, how it is written when nothing is said. */
const digests = [
  ['SHA', 'sha1', 20, 'plain', 'base64'],
  ['SHA1', 'sha1', 20, 'plain', 'base64'],
  ['SHA256', 'sha256', 32, 'plain', 'base64'],
  ['SHA512', 'sha512', 64, 'plain', 'base64'],
  ['SSHA', 'sha1', 20, 'salted', 'base64'],
  ['SSHA256', 'sha256', 32, 'salted', 'base64'],
  ['SSHA512', 'sha512', 64, 'salted', 'base64'],
  ['PLAIN-MD5', 'md5', 16, 'plain', 'hex'],
  ['LDAP-MD5', 'md5', 16, 'plain', 'base64'],
  ['SMD5', 'md5', 16, 'salted', 'base64'],
] as const

type Digest = (typeof digests)[number]

export const digestSchemes: readonly PasswordScheme[] = digests.flatMap((digest) => {
  const [name, , , , usual] = digest
  return [
    digestScheme(digest, [name], usual),
    digestScheme(digest, [`${name}.HEX`], 'hex'),
    digestScheme(digest, [`${name}.B64`, `${name}.BASE64`], 'base64'),
  ]
})

function digestScheme(
  [name, algorithm, bytes, salting]: Digest,
  prefixes: readonly string[],
  encoding: 'base64' | 'hex',
): PasswordScheme {
  const bytesMax = salting === 'salted' ? bytes + SALT_BYTES_MAX : bytes
  return {
    name: name.toLowerCase(),
    prefixes,
    isCurrent: () => false,
    async verify(hash, password) {
      const stored = Buffer.from(hash, encoding)
      if (stored.length < bytes || stored.length > bytesMax) return false
      const computed = createHash(algorithm)
        .update(password)
        .update(stored.subarray(bytes))
        .digest()
      return timingSafeEqual(computed, stored.subarray(0, bytes))
    },
  }
}
