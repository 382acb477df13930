// argon2id (RFC 9106), the scheme of all new passwords. 19 MiB, two passes, one lane: OWASP's recommendation for servers that
// log many people in. argon2i is verified as well. Both run on libuv's threads.

import { timingSafeEqual } from 'node:crypto'
import { hash, hashRaw } from '@node-rs/argon2'
import { costUpTo, type PasswordScheme } from './scheme.ts'

const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1

/** RFC 9106 §4's second choice has 64 MiB and three passes; this holds the memory of a small machine together. */
export const ARGON2_MEMORY_KIB_MAX = 131_072
/** Memory times passes, which is what time goes with. */
const WORK_KIB_FAST_MAX = 98_304
export const ARGON2_WORK_KIB_MAX = 524_288

/** The library's numbers, which it has as a `const enum`. */
const ALGORITHMS = { argon2i: 1, argon2id: 2 } as const

export const argon2id = argon2('argon2id')
export const argon2i = argon2('argon2i')

function argon2(name: 'argon2id' | 'argon2i'): PasswordScheme {
  return {
    name,
    prefixes: [name.toUpperCase()],
    recognises: (hash) => partsOf(hash).variant === name,
    cost(hash) {
      const { memoryKib, passes } = partsOf(hash)
      if (memoryKib > ARGON2_MEMORY_KIB_MAX)
        return { exceeds: `${memoryKib} KiB of memory (${ARGON2_MEMORY_KIB_MAX} at most)` }
      const work = memoryKib * passes
      const what = `${work} KiB of memory times passes`
      return costUpTo(work, { fastMax: WORK_KIB_FAST_MAX, max: ARGON2_WORK_KIB_MAX, what })
    },
    isCurrent(hash) {
      const { variant, memoryKib, passes } = partsOf(hash)
      return variant === 'argon2id' && memoryKib >= MEMORY_KIB && passes >= PASSES
    },
    // Not by the library's own `verify`, which takes only passwords that are UTF-8.
    async verify(hash, password) {
      const { memoryKib: memoryCost, passes: timeCost, lanes: parallelism, ...rest } = partsOf(hash)
      const stored = Buffer.from(rest.digest, 'base64')
      const salt = Buffer.from(rest.salt, 'base64')
      const outputLen = stored.length
      const algorithm = ALGORITHMS[name]
      const options = { algorithm, memoryCost, timeCost, parallelism, salt, outputLen }
      return timingSafeEqual(await hashRaw(password, options), stored)
    },
  }
}

/** Salt of 8 to 64 bytes, digest of 4 to 64 (RFC 9106 §3.1 has wider ranges, and nobody who uses them). */
const ENCODED =
  /^\$(argon2id?)\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,86})$/

/** No variant when it is no such hash, or has parameters that there are none of (RFC 9106 §3.1): every lane has 8 KiB. */
function partsOf(hash: string) {
  const [, variant, memory, passes, lanes, salt = '', digest = ''] = ENCODED.exec(hash) ?? []
  const isPossible =
    Number(passes) >= 1 && Number(lanes) >= 1 && Number(memory) >= 8 * Number(lanes)
  return {
    variant: isPossible ? variant : undefined,
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt,
    digest,
  }
}

export function hashArgon2id(password: Uint8Array): Promise<string> {
  return hash(password, { memoryCost: MEMORY_KIB, timeCost: PASSES, parallelism: LANES })
}
