// Emptying an account, before it is removed or because an administrator asked for it.

import type { AccountId, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { AccessIndex } from './access.ts'
import { removeAnnotations } from './annotations.ts'
import { forgetOrigins } from './bring-in.ts'
import { FolderTree } from './folder-path.ts'
import { loadSnapshot } from './folder-snapshot.ts'
import { isInbox } from './folders.ts'
import type { Folders, Mailbox } from './port.ts'
import type { KeptSubscriptions } from './subscriptions.ts'

export function createEmptying(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly folders: Pick<Folders, 'all'>
  readonly expunge: Mailbox['expunge']
  readonly remove: Folders['remove']
  readonly finishRemovals: Folders['finishRemovals']
  readonly access: Pick<AccessIndex, 'clear'>
  readonly subscriptions: Pick<KeptSubscriptions, 'removeAll'>
}): Pick<Mailbox, 'empty'> {
  /** Safe to repeat after a crash. */
  async function empty(accountId: AccountId): Promise<number> {
    let removed = 0
    const all = await deps.folders.all(accountId)
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
        if (folder.broughtIn) await forgetOrigins(deps, folder.id)
        await deps.access.clear(folder)
      } else await deps.remove(folder)
    }
    await deps.finishRemovals(accountId)
    await removeAnnotations(deps, { accountId, id: null })
    await deps.subscriptions.removeAll(accountId)
    return removed
  }

  return { empty }
}
