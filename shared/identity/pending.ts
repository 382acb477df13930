// What was asked and waits for its answer: challenges of passkeys, secrets of TOTP that were not confirmed yet, sign-ins that are with the
// issuer. Each ends by itself, and is taken once.
//
//   FACTOR#<hash of its name> / pending   value, ttl; in `counters`

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Key, type Table } from '#shared/storage/ports.ts'

export interface Pending {
  /** In place of what is there by this name. */
  put(name: string, value: string): Promise<void>
  read(name: string): Promise<string | undefined>
  /** Gives it to one of those who ask. */
  take(name: string): Promise<string | undefined>
}

/** Long enough to find the phone. */
export const PENDING_MS = 10 * 60_000

export function createPending(
  counters: Pick<Table, 'get' | 'write'>,
  clock: Pick<Clock, 'now'>,
): Pending {
  async function read(name: string): Promise<string | undefined> {
    const item = await counters.get(keyOf(name), { consistent: true })
    const nowSeconds = Math.floor(clock.now() / 1_000)
    return item === undefined || Number(item.ttl) <= nowSeconds ? undefined : String(item.value)
  }

  return {
    async put(name, value) {
      const ttl = Math.floor((clock.now() + PENDING_MS) / 1_000)
      await counters.write({ put: { ...keyOf(name), value, ttl } })
    },
    read,
    async take(name) {
      const value = await read(name)
      if (value === undefined) return undefined
      try {
        await counters.write({
          delete: keyOf(name),
          if: { attribute: 'value', is: '=', value },
        })
        return value
      } catch (error) {
        if (error instanceof ConditionFailed) return undefined
        throw error
      }
    },
  }
}

function keyOf(name: string): Key {
  return { pk: `FACTOR#${createHash('sha256').update(name).digest('base64url')}`, sk: 'pending' }
}
