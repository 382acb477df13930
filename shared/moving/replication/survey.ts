// Reads all of an end into the ledger: keys and digests of what moves, and objects. Of a source those that its items point to, of a
// target those that are there.

import type { Clock } from '#shared/runtime/clock.ts'
import { again } from './again.ts'
import { itemDigest } from './item-digest.ts'
import type { End, Ledger } from './ledger.ts'
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

export async function survey(
  { side, ledger, clock }: { readonly side: Side; readonly ledger: Ledger; readonly clock: Clock },
  end: End,
): Promise<Survey> {
  return await again(clock, async () => {
    ledger.forget(end)
    const nowMs = clock.now()
    let readUnits = 0
    let leasedMs = 0
    let unknown = 0
    for (const table of tableNames) {
      readUnits += await side.scan(table, (items) => {
        for (const item of items) {
          leasedMs = Math.max(leasedMs, leaseEndMs(table, item))
          if (!doesMove(table, item, nowMs)) continue
          if (rowOf(table, item.pk) === undefined) unknown++
          ledger.put(end, table, item, itemDigest(item))
          const object = end === 'source' ? objectOf(table, item) : undefined
          if (object !== undefined) ledger.putObject(end, object)
        }
      })
    }
    if (end === 'target') await surveyObjects(side, ledger)
    return { readUnits, leaseEndMs: leasedMs, unknown }
  })
}

async function surveyObjects({ store }: Side, ledger: Ledger): Promise<void> {
  let after: string | undefined
  do {
    const page = await store.objects.list(OBJECTS_PREFIX, after)
    for (const object of page.items) ledger.putObject('target', object)
    after = page.next
  } while (after !== undefined)
}
