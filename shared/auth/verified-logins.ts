// Remembers for a short time, in memory, which password was right for which stored hash, so that a mail client that connects
// every minute does not cost an argon2 every minute. What is kept is a MAC under a key of this process alone, over the stored
// hash as well: after a change of password nothing is found.

import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Credential } from './credential-store.ts'

export interface VerifiedLogins {
  has(credential: Credential, password: string): boolean
  add(credential: Credential, password: string): void
}

/** About 2 MB. */
const VERIFIED_LOGINS_MAX = 10_000

export function createVerifiedLogins(
  keptMs: number,
  clock: Clock,
  entriesMax = VERIFIED_LOGINS_MAX,
): VerifiedLogins {
  const key = randomBytes(32)
  // All entries are kept equally long, so the order of insertion is the order of expiry.
  const expiries = new Map<string, number>()

  function mark({ accountId, passwordHash }: Credential, password: string): string {
    // None of the three can hold NUL.
    return createHmac('sha256', key)
      .update(`${accountId}\0${passwordHash}\0${password}`)
      .digest('base64')
  }

  return {
    has(credential, password) {
      if (expiries.size === 0) return false
      const expiry = expiries.get(mark(credential, password))
      return expiry !== undefined && expiry > clock.now()
    },
    add(credential, password) {
      if (keptMs === 0) return
      const name = mark(credential, password)
      expiries.delete(name)
      expiries.set(name, clock.now() + keptMs)
      for (const [oldest, expiry] of expiries) {
        if (expiries.size <= entriesMax && expiry > clock.now()) break
        expiries.delete(oldest)
      }
    },
  }
}
