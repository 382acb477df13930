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
import type { MoveActs } from '#shared/moving/replication/move-acts.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { identitySettings } from '#shared/settings/table/identity.ts'
import type { Item } from '#shared/storage/ports.ts'

const CLIENT = 'postwolke'

export function createMoveActs({
  by,
  clock,
}: {
  readonly by: string
  readonly clock: Pick<Clock, 'now'>
}): MoveActs {
  return {
    async begin({ operation, move, from, to }, at) {
      const entry: AuditEntry = {
        actor: {
          ...{ accountId: null, name: by, role: 'owner', via: 'local' },
          ...{ token: null, steppedUp: false },
        },
        from: { address: '', client: CLIENT },
        ...{ operation: `move ${operation}`, object: `move/${move}`, accountId: null },
        ...{ domain: null, requestId: null },
      }
      const place = { atMs: clock.now(), random: randomBytes(RANDOM_BYTES).toString('hex') }
      // Neither end's settings are in force at both.
      const lastsMs = identitySettings.auditRetention.default
      const ttl = Math.ceil((place.atMs + lastsMs) / 1_000)
      const change = { what: 'move', name: move, before: null, after: { from, to } } as const
      const write = async (side: Side, ended: object) => {
        const item: Item = { ...entryItem(entry, place, ttl), ...ended }
        const pointers = pointersOf(entry).map((pk) => ({ pk, sk: sortKey(place), ttl }))
        await side.store.tables.directory.transact([item, ...pointers].map((put) => ({ put })))
      }
      await write(at, {})
      return {
        async end(code, sides) {
          const changes = code === 'ok' ? [change] : []
          const ended = resultAttributes({ code, changes }, clock.now())
          for (const side of sides) await write(side, ended)
        },
      }
    },
  }
}
