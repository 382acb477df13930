// Volumes of takeouts whose time is over, that somebody deleted, whose account is gone, or that a crash left: deleted. The collector's, which alone
// deletes objects.

import {
  ownerOfVolume,
  TAKEOUT_OBJECTS,
  type TakeoutRecords,
} from '#shared/administration/takeouts/records.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectKey, ObjectStore } from '#shared/storage/ports.ts'

export function createTakeoutSweep(deps: {
  readonly objects: Pick<ObjectStore, 'delete' | 'list'>
  readonly takeouts: Pick<TakeoutRecords, 'wantedObjects'>
  readonly accounts: { byId(id: AccountId): Promise<unknown> }
  readonly log: Log
}) {
  const { objects, takeouts, accounts, log } = deps

  async function wantedOf(key: ObjectKey): Promise<ReadonlySet<ObjectKey> | 'all'> {
    const owner = ownerOfVolume(key)
    const account = owner && (await accounts.byId(owner.accountId))
    if (owner === undefined || account === undefined) return new Set()
    return await takeouts.wantedObjects(owner.accountId, owner.id)
  }

  /** Returns how many were deleted. */
  return async function sweepTakeouts(): Promise<number> {
    let collected = 0
    let after: string | undefined
    /** Keys of one takeout follow each other. */
    let folder = ''
    let wanted: Awaited<ReturnType<typeof wantedOf>> = 'all'
    do {
      const page: Awaited<ReturnType<ObjectStore['list']>> = await objects.list(
        TAKEOUT_OBJECTS,
        after,
      )
      for (const { key } of page.items) {
        const its = key.slice(0, key.lastIndexOf('/') + 1)
        if (its !== folder) wanted = await wantedOf(key)
        folder = its
        if (wanted === 'all' || wanted.has(key)) continue
        await objects.delete(key)
        collected++
      }
      after = page.next
    } while (after !== undefined)
    if (collected > 0) log.info({ collected }, 'volumes of takeouts deleted')
    return collected
  }
}
