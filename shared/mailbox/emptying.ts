// Emptying an account before it is removed.

import type { AccountId, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import type { createAccess } from './access.ts'
import { removeAnnotations } from './annotations.ts'
import type { createChange } from './change.ts'
import type { createFolderMoving } from './folder-moving.ts'
import { FolderTree } from './folder-path.ts'
import { loadSnapshot } from './folder-snapshot.ts'
import { type Folders, isInbox } from './folders.ts'
import { createSubscriptions } from './subscriptions.ts'

export function createEmptying(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly folders: Folders
  readonly expunge: ReturnType<typeof createChange>['expunge']
  readonly access: ReturnType<typeof createAccess>
  readonly moving: ReturnType<typeof createFolderMoving>
}) {
  const { folders, moving } = deps
  const subscriptions = createSubscriptions(deps)

  /** Removes all mail and all folders of an account; returns how many messages went. Safe to repeat after a crash. */
  async function empty(accountId: AccountId): Promise<number> {
    let removed = 0
    const all = await folders.all(accountId)
    for (const folder of all) {
      const snapshot = await loadSnapshot(deps, folder)
      const uids = snapshot === undefined ? [] : ([...snapshot.messages.uids()] as Uid[])
      removed += (await deps.expunge(folder, uids)).length
    }
    // From below, so that no name has to stay.
    const tree = new FolderTree(all)
    const roots = tree.children(null)
    for (const folder of roots.flatMap((root) => tree.subtree(root)).reverse()) {
      if (isInbox(folder)) {
        await removeAnnotations(deps, folder)
        await deps.access.clear(folder)
      } else await moving.remove(folder)
    }
    await moving.finishRemovals(accountId)
    await removeAnnotations(deps, { accountId, id: null })
    await subscriptions.removeAll(accountId)
    return removed
  }

  return { empty }
}
