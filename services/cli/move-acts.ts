// Acts of a move in the record of what was done (shared/administration/audit), by the user of this machine.

import { randomBytes } from 'node:crypto'
import type { AuditEntry } from '#shared/administration/audit/entries.ts'
import {
  entryItem,
  pointersOf,
  RANDOM_BYTES,
  resultAttributes,
  sortKey,
} from '#shared/administration/audit/records.ts'
import { again } from '#shared/moving/replication/again.ts'
import type { NoteMoveAct } from '#shared/moving/replication/move-acts.ts'
import type { Clock } from '#shared/runtime/clock.ts'

/** As long as the record is by default: neither end's settings are in force at both. */
const KEPT_MS = 400 * 86_400_000

export function createNoteMoveAct({
  by,
  clock,
}: {
  readonly by: string
  readonly clock: Clock
}): NoteMoveAct {
  return async ({ operation, code, move, from, to }, at) => {
    const entry: AuditEntry = {
      actor: {
        ...{ accountId: null, name: by, role: 'owner', via: 'local' },
        ...{ token: null, steppedUp: false },
      },
      from: { address: '', client: 'postwolke' },
      ...{ operation: `move ${operation}`, object: `move/${move}`, accountId: null },
      ...{ domain: null, requestId: null },
    }
    const place = { atMs: clock.now(), random: randomBytes(RANDOM_BYTES).toString('hex') }
    const ttl = Math.ceil((place.atMs + KEPT_MS) / 1_000)
    const change = { what: 'move', name: move, before: null, after: { from, to } } as const
    const item = {
      ...entryItem(entry, place, ttl),
      ...resultAttributes({ code, changes: [change] }, place.atMs),
    }
    const pointers = pointersOf(entry).map((pk) => ({ pk, sk: sortKey(place), ttl }))
    const puts = [item, ...pointers].map((put) => ({ put }))
    for (const { store } of at) {
      await again(clock, () => store.tables.directory.transact(puts))
    }
  }
}
