// What is done with a data folder as a whole, for whoever administers the machine: verified backups, restores, compaction, checks.

import { checkStore } from '#shared/administration/check/check.ts'
import type { CheckFinding } from '#shared/administration/check/finding.ts'
import { newId } from '#shared/mailbox/new-folder.ts'
import { restoredItem } from '#shared/mailbox/restored.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { STORE_FILE } from '#shared/storage/embedded/environment.ts'
import type { EmbeddedStore } from '#shared/storage/embedded/open.ts'
import { type RestoredBackup, restoreBackup } from '#shared/storage/embedded/restore.ts'
import { ConditionFailed, type Store } from '#shared/storage/ports.ts'

export { compactStore } from '#shared/storage/embedded/compact.ts'
export { verifyBackup } from '#shared/storage/embedded/restore.ts'
export { lockAlone } from '#shared/storage/embedded/serving-lock.ts'
export { STORE_FILE }

/** Clients have seen what came after the backup, unless nothing did: then they need not read their folders again. */
export async function restoreFolder(request: {
  readonly from: string
  readonly directory: string
  readonly force: boolean
  readonly keepUidValidity: boolean
  readonly progress: (done: { readonly files: number }) => void
  readonly clock: Clock
}): Promise<RestoredBackup> {
  const nowMs = request.clock.now()
  return await restoreBackup({
    ...request,
    change: request.keepUidValidity
      ? (item) => item
      : (item) => restoredItem(item, { nowMs, newId }),
  })
}

/** On one state of it, while others work. */
export async function* checkFolder(store: Store, nowMs: number): AsyncGenerator<CheckFinding> {
  if (!isEmbedded(store)) throw new Error('no store of a data folder')
  yield* store.faults()
  await using reading = store.view()
  yield* checkStore({ reading, tables: store.tables, nowMs })
}

const isEmbedded = (store: Store): store is EmbeddedStore => 'faults' in store

/** False where somebody changed it meanwhile, who has the better word. */
export async function mended(mend: () => Promise<unknown>): Promise<boolean> {
  try {
    await mend()
    return true
  } catch (error) {
    if (error instanceof ConditionFailed) return false
    throw error
  }
}
