// DELETE of folders (RFC 9051 §6.3.5). A removal hides the folder in one transaction; its messages go afterwards, and whatever a crash
// leaves of them is found again by `finishRemovals`.

import type { AccountId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import { removalOfRights } from './access.ts'
import { removeAnnotations } from './annotations.ts'
import { forgetOrigins } from './bring-in.ts'
import { logItem } from './change-log.ts'
import { isUnchanged } from './folder-edit.ts'
import { FOLDER_DEPTH_MAX } from './folder-path.ts'
import { readFolder } from './folder-reading.ts'
import { loadSnapshot } from './folder-snapshot.ts'
import { countChild, type FoldersRead, isInbox, leaveName } from './folders.ts'
import { accountTopic, folderKey, folderTopic } from './keys.ts'
import type { Folders, Mailbox, RemoveFolder } from './port.ts'
import type { FolderRecord } from './records.ts'
import { retrying } from './retry.ts'
import { giveUpUses, hasUses } from './special-use.ts'
import { countedAsRead, type Growth, noGrowth, usageWrites } from './usage.ts'
import { countFolders, readCompleteUsage } from './usage-counting.ts'

export interface FolderRemoval extends Pick<Folders, 'remove' | 'finishRemovals'> {
  /** Removes a name that stayed only for what was below it, where nothing is there any more. */
  removeEmptyName(name: FolderRef): Promise<void>
}

export function createFolderRemoval(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
  readonly folders: FoldersRead
  readonly expunge: Mailbox['expunge']
}): FolderRemoval {
  const { table, clock, signals, folders } = deps

  /** Hides the folder at once, then removes its messages. */
  async function remove(name: FolderRef): Promise<RemoveFolder> {
    const folder = await folders.get(name.accountId, name.id)
    const removed = await retrying(clock, () => hide(name))
    if (removed.kind === 'removed' || removed.kind === 'name-stays') {
      await tidy(async () => {
        await purge(name)
        if (folder !== undefined) await removeEmptyName(parentOf(folder))
      })
    }
    return removed
  }

  /** A name that stayed only for what was below it goes with the last of that, and so does the one above it. */
  async function removeEmptyName(name: FolderRef | undefined): Promise<void> {
    const folder = name && (await folders.get(name.accountId, name.id))
    if (folder === undefined || folder.selectable || folder.children > 0) return
    const { kind } = await retrying(clock, () => hide(folder))
    if (kind !== 'removed') return
    await purge(folder)
    await removeEmptyName(parentOf(folder))
  }

  /** What cannot be finished now is nobody's business any more, and finished by the collector. */
  async function tidy(finish: () => Promise<void>): Promise<void> {
    try {
      await finish()
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
    }
  }

  async function hide(name: FolderRef): Promise<RemoveFolder> {
    const folder = await folders.get(name.accountId, name.id)
    if (folder === undefined) return { kind: 'no-such-folder' }
    if (isInbox(folder)) return { kind: 'is-inbox' }
    const { accountId, id } = folder
    const stays = folder.children > 0
    if (stays && !folder.selectable) return { kind: 'has-children' }
    const modSeq = (folder.modSeq + 1) as ModSeq
    const parent =
      folder.parentId === null
        ? undefined
        : await readFolder(table, { accountId, id: folder.parentId })
    const rights = await removalOfRights(table, folder)
    await table.transact([
      {
        update: folderKey(accountId, id),
        changes: {
          set: { modSeq, specialUse: null, [stays ? 'noselect' : 'removed']: true },
          remove: ['shared'],
        },
        if: {
          all: [
            isUnchanged(folder),
            rights.asRead,
            hasUses(folder),
            stays
              ? { attribute: 'children', is: '>', value: 0 }
              : { not: { attribute: 'children', is: '>', value: 0 } },
          ],
        },
      },
      { put: logItem(id, modSeq, 'expunge', [], clock.now()) },
      ...giveUpUses(folder),
      ...rights.writes,
      ...(stays ? [] : [leaveName(folder)]),
      ...(stays || parent === undefined ? [] : [countChild(parent, -1)]),
    ])
    signals.publish(folderTopic(id), String(modSeq))
    signals.publish(accountTopic(accountId), 'folders')
    return { kind: stays ? 'name-stays' : 'removed' }
  }

  /** Removes what a removed folder still holds, and then the folder itself. */
  async function purge(name: FolderRef): Promise<void> {
    let from: FolderRecord
    for (;;) {
      const snapshot = await loadSnapshot(deps, name)
      if (snapshot === undefined || snapshot.folder.selectable) return
      from = snapshot.folder
      await deps.expunge(name, [...snapshot.messages.uids()] as Uid[])
      if (snapshot.messages.length === 0) break
    }
    await removeAnnotations(deps, name)
    if (from.broughtIn) await forgetOrigins(deps, name.id)
    await retrying(clock, async () => {
      const folder = await readFolder(table, name)
      // A name that stays, or somebody else was faster.
      if (!folder?.removed || folder.exists > 0) return
      const { counted } = folder
      const gone: Growth = counted
        ? { bytes: -counted.bytes, messages: -counted.messages, folders: -1 }
        : noGrowth
      await table.transact([
        {
          delete: folderKey(name.accountId, name.id),
          if: { all: [{ exists: 'pk' }, isUnchanged(folder), ...countedAsRead(folder)] },
        },
        ...usageWrites(name.accountId, gone),
      ])
    })
  }

  /**
   * Finishes removals that a crash cut short; returns how many there were. What an older version left uncounted is counted on
   * the way.
   */
  async function finishRemovals(accountId: AccountId): Promise<number> {
    let finished = 0
    await readCompleteUsage(deps, accountId)
    // Each round may leave the name above without anything below it.
    for (let round = 0; round <= FOLDER_DEPTH_MAX; round++) {
      const all = await folders.all(accountId)
      if (round === 0) await countFolders(deps, accountId, all)
      const left = all.filter(
        ({ selectable, removed, exists, children }) =>
          removed || (!selectable && (exists > 0 || children === 0)),
      )
      if (left.length === 0) break
      for (const folder of left) {
        if (!folder.removed && folder.children === 0) await retrying(clock, () => hide(folder))
        await purge(folder)
      }
      finished += left.length
    }
    return finished
  }

  return {
    remove,
    finishRemovals,
    removeEmptyName: (name) => tidy(() => removeEmptyName(name)),
  }
}

const parentOf = ({ accountId, parentId }: FolderRecord): FolderRef | undefined =>
  parentId === null ? undefined : { accountId, id: parentId }
