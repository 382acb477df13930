// Remembers for a while, in memory, how a password fared against the hash stored now: which was right, so that a mail client that
// connects every minute does not cost an argon2 every minute; which was wrong, so that a forgotten device with an old password
// counts as one failure. What is kept is a MAC under a key of this process alone, over the stored hash as well: after a change of
// password nothing is found.

import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'

/** Whose password: an account's id, or a name that is none's. */
export type Owner = { readonly accountId: string; readonly passwordHash: string }

export interface RememberedLogins {
  has(owner: Owner, password: Uint8Array): boolean
  add(owner: Owner, password: Uint8Array): void
}

/** About 2 MB. */
const REMEMBERED_LOGINS_MAX = 10_000

export function createRememberedLogins(
  keptMs: number,
  clock: Clock,
  entriesMax = REMEMBERED_LOGINS_MAX,
): RememberedLogins {
  const key = randomBytes(32)
  // All entries are kept equally long, so the order of insertion is the order of expiry.
  const expiries = new Map<string, number>()

  function mark({ accountId, passwordHash }: Owner, password: Uint8Array): string {
    // None of the three can hold NUL.
    return createHmac('sha256', key)
      .update(`${accountId}\0${passwordHash}\0`)
      .update(password)
      .digest('base64')
  }

  return {
    has(owner, password) {
      if (expiries.size === 0) return false
      const expiry = expiries.get(mark(owner, password))
      return expiry !== undefined && expiry > clock.now()
    },
    add(owner, password) {
      if (keptMs === 0) return
      const name = mark(owner, password)
      expiries.delete(name)
      expiries.set(name, clock.now() + keptMs)
      for (const [oldest, expiry] of expiries) {
        if (expiries.size <= entriesMax && expiry > clock.now()) break
        expiries.delete(oldest)
      }
    },
  }
}
