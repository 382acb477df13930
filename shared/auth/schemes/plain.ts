// {PLAIN}: a password kept in clear, as small passwd-files have it. Taken in so that its owner can go on; the first login replaces
// it by a hash.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { PasswordScheme } from './scheme.ts'

export const plain: PasswordScheme = {
  name: 'plain',
  prefixes: ['PLAIN', 'CLEAR', 'CLEARTEXT'],
  isCurrent: () => false,
  // As digests, so that the time does not tell how much of it is right.
  verify: async (stored, password) =>
    timingSafeEqual(sha256(Buffer.from(stored)), sha256(password)),
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
