// RENAME and DELETE of folders. A rename writes the folder, its guards and the counts of children; what is below comes along,
// because it is named by its parent's id. A removal hides the folder in one transaction; its messages go afterwards, and
// whatever a crash leaves of them is found again by `finishRemovals`.

import type { AccountId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Signals, Table, Write } from '#shared/storage/ports.ts'
import { removalOfRights } from './access.ts'
import { removeAnnotations } from './annotations.ts'
import { changeItem } from './change-log.ts'
import { unchanged } from './folder-edit.ts'
import {
  DELIMITER,
  FOLDER_DEPTH_MAX,
  FOLDER_PATH_BYTES_MAX,
  type FolderTree,
  namesOf,
} from './folder-path.ts'
import { readFolder } from './folder-reading.ts'
import { loadSnapshot } from './folder-snapshot.ts'
import { countChild, type FoldersStored, isInbox } from './folders.ts'
import { accountTopic, folderKey, folderTopic, nameKey } from './keys.ts'
import type { Annotations, CreateFolder, Mailbox, RemoveFolder, RenameFolder } from './port.ts'
import type { FolderRecord } from './records.ts'
import { retrying } from './retry.ts'
import { giveUpUses, hasUses } from './special-use.ts'
import { countedAsRead, type Growth, noGrowth, usageWrites } from './usage.ts'
import { countFolders, readCompleteUsage } from './usage-counting.ts'

export function createFolderMoving(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
  readonly folders: FoldersStored
  readonly annotations: Annotations
  readonly expunge: Mailbox['expunge']
  readonly move: Mailbox['move']
}) {
  const { table, clock, signals, folders } = deps

  /** Like `folders.createPath`, which cannot remove what is left of a removed folder of that name. */
  async function create(
    accountId: AccountId,
    path: string,
    uses: readonly string[] = [],
  ): Promise<CreateFolder> {
    const created = await folders.createPath(accountId, path, uses)
    if (created.kind !== 'not-yet-empty') return created
    await finishRemovals(accountId)
    return folders.createPath(accountId, path, uses)
  }

  /** Folders above the new path are made where they are missing. INBOX stays and hands over its messages. */
  async function rename(name: FolderRef, path: string): Promise<RenameFolder> {
    const names = namesOf(path)
    if (names === undefined) return { kind: 'bad-name' }
    return retrying(clock, async () => {
      const known = await folders.tree(name.accountId)
      const folder = known.folders.find(({ id }) => id === name.id)
      if (folder === undefined) return { kind: 'no-such-folder' }
      if (known.find(path) !== undefined) return { kind: 'exists' }
      if (isInbox(folder)) return renameInbox(folder, path)
      const line = known.along(names)
      if (line.some(({ id }) => id === folder.id)) return { kind: 'inside-itself' }
      if (!fits(known, folder, names)) return { kind: 'too-deep' }
      if (line.length === names.length - 1) return place(known, folder, line, names.at(-1) ?? '')
      const above = await folders.createPath(name.accountId, names.slice(0, -1).join(DELIMITER))
      if (above.kind === 'too-many') return above
      return rename(name, path)
    })
  }

  /** Puts the folder below the last of `line` (at the top when it is empty). */
  async function place(
    known: FolderTree,
    folder: FolderRecord,
    line: readonly FolderRecord[],
    newName: string,
  ): Promise<RenameFolder> {
    const { accountId, id } = folder
    const parent = line.at(-1)
    const parentId = parent?.id ?? null
    const oldParent = known.folders.find((found) => found.id === folder.parentId)
    const counts: Write[] = []
    if (oldParent?.id !== parent?.id) {
      if (oldParent !== undefined) counts.push(countChild(oldParent, -1))
      if (parent !== undefined) counts.push(countChild(parent, 1))
    }
    await table.transact([
      leaveName(folder),
      { put: { ...nameKey(accountId, parentId, newName), folderId: id }, if: { absent: 'pk' } },
      {
        update: folderKey(accountId, id),
        changes: { set: { parentId, name: newName } },
        if: { all: [{ exists: 'pk' }, { absent: 'removed' }] },
      },
      ...counts,
      // All that is above stays where it is: two renames at the same time cannot make a circle.
      ...line.map((above) => ({ check: nameKeyOf(above), if: isNameOf(above) })),
    ])
    signals.publish(accountTopic(accountId), 'folders')
    if (oldParent?.selectable === false) await tidy(() => removeEmptyName(oldParent))
    return { kind: 'renamed' }
  }

  /** RFC 9051 §6.3.6: the messages move into a new folder; INBOX stays, and so does what is below it. */
  async function renameInbox(inbox: FolderRecord, path: string): Promise<RenameFolder> {
    const created = await folders.createPath(inbox.accountId, path)
    if (created.kind === 'too-many') return created
    if (created.kind !== 'created') return { kind: 'exists' }
    await copyAnnotations(inbox, created.folder)
    const snapshot = await loadSnapshot(deps, inbox)
    const uids = snapshot === undefined ? [] : [...snapshot.messages.uids()]
    const moved = await deps.move(inbox, uids as Uid[], created.folder)
    if (moved.kind === 'interrupted') throw moved.cause
    return { kind: 'renamed' }
  }

  /** RFC 5464 §4.1: INBOX keeps them. Where they are too many for the account the new folder has none. */
  async function copyAnnotations(from: FolderRef, to: FolderRef): Promise<void> {
    const annotations = await deps.annotations.get(from)
    if (annotations.length > 0) await deps.annotations.set(to, annotations)
  }

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
            unchanged(folder),
            rights.asRead,
            hasUses(folder),
            stays
              ? { attribute: 'children', is: '>', value: 0 }
              : { not: { attribute: 'children', is: '>', value: 0 } },
          ],
        },
      },
      { put: changeItem(id, modSeq, 'expunge', [], clock.now()) },
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
    for (;;) {
      const snapshot = await loadSnapshot(deps, name)
      if (snapshot === undefined || snapshot.folder.selectable) return
      await deps.expunge(name, [...snapshot.messages.uids()] as Uid[])
      if (snapshot.messages.length === 0) break
    }
    await removeAnnotations(deps, name)
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
          if: { all: [{ exists: 'pk' }, unchanged(folder), ...countedAsRead(folder)] },
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

  return { create, rename, remove, finishRemovals }
}

const parentOf = ({ accountId, parentId }: FolderRecord): FolderRef | undefined =>
  parentId === null ? undefined : { accountId, id: parentId }

const nameKeyOf = ({ accountId, parentId, name }: FolderRecord) =>
  nameKey(accountId, parentId, name)

/** The guard of a name belongs to the folder: so the folder is where it was read to be. */
const isNameOf = ({ id }: FolderRecord) => ({ attribute: 'folderId', is: '=', value: id }) as const

const leaveName = (folder: FolderRecord): Write => ({
  delete: nameKeyOf(folder),
  if: isNameOf(folder),
})

/** Whether everything below the folder stays within the limits at its new path. */
function fits(known: FolderTree, folder: FolderRecord, names: readonly string[]): boolean {
  const depth = names.length - known.line(folder).length
  const bytes = Buffer.byteLength(names.join(DELIMITER)) - Buffer.byteLength(known.pathOf(folder))
  return known.subtree(folder).every((below) => {
    const path = known.pathOf(below)
    return (
      known.line(below).length + depth <= FOLDER_DEPTH_MAX &&
      Buffer.byteLength(path) + bytes <= FOLDER_PATH_BYTES_MAX
    )
  })
}
