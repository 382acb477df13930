// RENAME of folders (RFC 9051 §6.3.6): writes the folder, its guards and the counts of children; what is below comes along, because
// it is named by its parent's id.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table, Write } from '#shared/storage/ports.ts'
import type { MakePath } from './create-folder.ts'
import {
  DELIMITER,
  FOLDER_DEPTH_MAX,
  FOLDER_PATH_BYTES_MAX,
  type FolderTree,
  namesOf,
} from './folder-path.ts'
import { loadSnapshot } from './folder-snapshot.ts'
import { countChild, type FoldersRead, isInbox, isNameOf, leaveName, nameKeyOf } from './folders.ts'
import { accountTopic, folderKey, nameKey } from './keys.ts'
import type { Annotations, Folders, Mailbox, RenameFolder } from './port.ts'
import type { FolderRecord } from './records.ts'
import { retrying } from './retry.ts'

export function createFolderRename(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
  readonly folders: FoldersRead
  readonly makePath: MakePath
  /** Removes a name that stayed only for what was below it. */
  readonly removeEmptyName: (name: FolderRef) => Promise<void>
  readonly annotations: Annotations
  readonly move: Mailbox['move']
}): Folders['rename'] {
  const { table, clock, signals, folders } = deps

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
      const above = await deps.makePath(name.accountId, names.slice(0, -1).join(DELIMITER))
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
    if (oldParent?.selectable === false) await deps.removeEmptyName(oldParent)
    return { kind: 'renamed' }
  }

  /** RFC 9051 §6.3.6: the messages move into a new folder; INBOX stays, and so does what is below it. */
  async function renameInbox(inbox: FolderRecord, path: string): Promise<RenameFolder> {
    const created = await deps.makePath(inbox.accountId, path)
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
  async function copyAnnotations(from: FolderRecord, to: FolderRef): Promise<void> {
    const annotations = await deps.annotations.get(from)
    const { eventScript } = from
    if (annotations.length > 0 || eventScript !== null) {
      await deps.annotations.set(to, annotations, undefined, eventScript)
    }
  }

  return rename
}

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
