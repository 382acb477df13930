// argon2id (RFC 9106), the scheme of all new passwords. 19 MiB, two passes, one lane: OWASP's recommendation for servers that
// log many people in. Runs on libuv's threads.

import { hash, verify } from '@node-rs/argon2'
import type { PasswordScheme } from './scheme.ts'

const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1

/** Dearer hashes than these, made elsewhere, would stop a small machine. */
const MEMORY_KIB_MAX = 262_144
const PASSES_MAX = 16

export const argon2id: PasswordScheme = {
  name: 'argon2id',
  prefixes: ['ARGON2ID'],
  recognises(hash) {
    const { memoryKib, passes } = costOf(hash)
    return memoryKib <= MEMORY_KIB_MAX && passes <= PASSES_MAX
  },
  isCurrent(hash) {
    const { memoryKib, passes } = costOf(hash)
    return memoryKib >= MEMORY_KIB && passes >= PASSES
  },
  verify,
}

const PARAMETERS = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=\d{1,2}\$/

/** NaN, which is neither more nor less than any limit, when it is no argon2id hash. */
function costOf(hash: string) {
  const [, memory, passes] = PARAMETERS.exec(hash) ?? []
  return { memoryKib: Number(memory), passes: Number(passes) }
}

export function hashArgon2id(password: string): Promise<string> {
  return hash(password, { memoryCost: MEMORY_KIB, timeCost: PASSES, parallelism: LANES })
}
