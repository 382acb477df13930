// The record of what was done: written before a change is made, and ended after it. A crash between the two leaves an act whose end nobody
// knows, never a change that nobody knows of.
//
// Implementation notes: `begin` is one transaction of a few small items and rejects where it cannot be written: then the change is not
// made. `end` never rejects: the change is made, and the record says that its end is unknown.

import type { Rate } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { AuditEntry, AuditResult } from './entries.ts'
import {
  entryItem,
  keyOf,
  OBJECTS_MAX,
  objectOfChange,
  objectPk,
  pointersOf,
  RANDOM_BYTES,
  resultAttributes,
  sortKey,
} from './records.ts'

export interface AuditTrail {
  /** Before the change. */
  begin(entry: AuditEntry): Promise<AuditRecord>
  /** Of what is over already, in one write: a sign-in, a look at what is others'. */
  note(entry: AuditEntry, result: AuditResult): Promise<void>
  /** What was refused, as far as `network` has not filled the record with it; never rejects. */
  noteRefused(entry: AuditEntry, code: string, network: string): Promise<void>
}

export interface AuditRecord {
  /** Never rejects. */
  end(result: AuditResult): Promise<void>
}

/** Of what is refused to one network. */
export const REFUSED_RATE: Rate = { name: 'audit-refused', capacity: 60, perMs: 3_600_000 }

export function createAuditTrail(deps: {
  /** The `directory` table. */
  readonly table: Table
  readonly rates: Pick<Rates, 'take'>
  readonly retentionMs: () => number
  readonly clock: Clock
  readonly log: Log
}): AuditTrail {
  const { table, rates, clock, log } = deps

  const newPlace = () => ({
    atMs: clock.now(),
    random: Buffer.from(takeRandomBytes(RANDOM_BYTES)).toString('hex'),
  })
  const ttlNow = () => Math.ceil((clock.now() + deps.retentionMs()) / 1_000)

  async function write(entry: AuditEntry, result?: AuditResult): Promise<string> {
    const place = newPlace()
    const sk = sortKey(place)
    const ttl = ttlNow()
    const ended = result === undefined ? {} : resultAttributes(result, place.atMs)
    const pks = [...new Set(pointersOf(entry))]
    await table.transact([
      { put: { ...entryItem(entry, place, ttl), ...ended } },
      ...pks.map((pk) => ({ put: { pk, sk, ttl } })),
    ])
    return sk
  }

  async function end(entry: AuditEntry, sk: string, result: AuditResult): Promise<void> {
    try {
      await table.write({
        update: keyOf(sk),
        changes: { set: resultAttributes(result, clock.now()) },
        if: { exists: 'pk' },
      })
      await pointAtObjects(entry, sk, result)
    } catch (error) {
      const { operation, object, requestId } = entry
      log.warn(
        { error, operation, object, requestId, result: result.code },
        'end of an act not recorded',
      )
    }
  }

  /** What was changed besides what it was said to be about: a bulk, an import. */
  async function pointAtObjects(entry: AuditEntry, sk: string, { changes }: AuditResult) {
    const objects = new Set(changes.flatMap((change) => objectOfChange(change) ?? []))
    objects.delete(entry.object)
    const ttl = ttlNow()
    const puts = [...objects]
      .slice(0, OBJECTS_MAX)
      .map((object) => ({ put: { pk: objectPk(object), sk, ttl } }))
    if (puts.length > 0) await table.batchWrite(puts)
  }

  return {
    async begin(entry) {
      const sk = await write(entry)
      return { end: (result) => end(entry, sk, result) }
    },

    note: async (entry, result) => void (await write(entry, result)),

    async noteRefused(entry, code, network) {
      if (!rates.take(REFUSED_RATE, network)) return
      try {
        await write(entry, { code, changes: [] })
      } catch (error) {
        log.warn({ error, operation: entry.operation }, 'refused act not recorded')
      }
    },
  }
}
