// Reads all of an end into the ledger: keys and digests of what moves, and objects. Of a source those that its items point to, of a
// target those that are there.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, TableName } from '#shared/storage/ports.ts'
import { again } from './again.ts'
import { itemDigest } from './item-digest.ts'
import type { End, ItemRow, Ledger } from './ledger.ts'
import type { Side } from './side.ts'
import { doesMove, leaseEndMs, objectOf, rowOf, tableNames } from './what-moves.ts'

export type Survey = {
  readonly readUnits: number
  /** The latest lease that was seen: until then somebody may be at work. */
  readonly leaseEndMs: number
  /** Items of kinds that this version has no row for; they move. */
  readonly unknown: number
}

const OBJECTS_PREFIX = 'mail/'

/** `anew`: by nothing that is known of it from before. */
export async function survey(
  given: {
    readonly side: Side
    readonly ledger: Ledger
    readonly clock: Clock
    /** What has expired by then is as good as gone: the same for both ends. */
    readonly nowMs: number
  },
  end: End,
  { anew = false } = {},
): Promise<Survey> {
  const { side, ledger, clock, nowMs } = given
  return await again(clock, async () => {
    const seen = { leaseEndMs: 0, unknown: 0 }
    let readUnits = 0
    const rowsOf = (table: TableName, items: readonly Item[]): readonly ItemRow[] =>
      items.flatMap((item) => {
        seen.leaseEndMs = Math.max(seen.leaseEndMs, leaseEndMs(table, item))
        if (!doesMove(table, item, nowMs)) return []
        if (rowOf(table, item.pk) === undefined) seen.unknown++
        const object = end === 'source' ? objectOf(table, item) : undefined
        if (object !== undefined) ledger.putObject(end, object)
        return { pk: item.pk, sk: item.sk, digest: itemDigest(item) }
      })
    const isRescan = end === 'source' && isReadInRuns(side) && !anew
    if (!isRescan) ledger.forget(end)
    for (const table of tableNames) {
      if (isRescan) {
        await side.rescan?.(table, ledger.runs[table], (run) =>
          ledger.replaceRun(table, run, rowsOf(table, run.items)),
        )
        continue
      }
      readUnits += await side.scan(table, (items) => {
        for (const row of rowsOf(table, items)) ledger.put(end, table, row, row.digest)
      })
    }
    if (end === 'target') await surveyObjects(side, ledger)
    return { readUnits, ...seen }
  })
}

/** Leases are looked at in every item: where nobody else can be at work there is none to find. */
export const isReadInRuns = ({ rescan, alone }: Side): boolean =>
  rescan !== undefined && alone !== undefined

async function surveyObjects({ store }: Side, ledger: Ledger): Promise<void> {
  let after: string | undefined
  do {
    const page = await store.objects.list(OBJECTS_PREFIX, after)
    for (const object of page.items) ledger.putObject('target', object)
    after = page.next
  } while (after !== undefined)
}
