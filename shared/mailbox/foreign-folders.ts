// Folders of other accounts as one account sees them: those in which it holds a right, and nothing else of their owners.

import type { AccountId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { Table } from '#shared/storage/ports.ts'
import { type AccessIndex, readInPieces } from './access.ts'
import { DELIMITER, FOLDER_DEPTH_MAX, FolderTree } from './folder-path.ts'
import { folderKey } from './keys.ts'
import type { Folders, ForeignFolder, ForeignFolders } from './port.ts'
import { type FolderRecord, folderRecord } from './records.ts'
import { noRights } from './rights.ts'

export function createForeignFolders({
  table,
  folders,
  access,
}: {
  readonly table: Table
  readonly folders: Pick<Folders, 'find' | 'nearest'>
  readonly access: AccessIndex
}): ForeignFolders {
  async function list(accountId: AccountId): Promise<readonly ForeignFolder[]> {
    const named = await access.namedIn(accountId)
    const rights = await access.rightsIn(named, accountId)
    const open = named
      .map((ref, i) => ({ ref, rights: rights[i] ?? noRights }))
      .filter((each) => each.rights !== noRights)
    const records = await withParents(open.map(({ ref }) => ref))
    const trees = new Map(
      [...Map.groupBy(records.values(), (record) => record.accountId)].map(
        ([owner, some]) => [owner, new FolderTree(some)] as const,
      ),
    )
    return open.flatMap(({ ref, rights }) => {
      const folder = records.get(ref.id)
      const line = folder && trees.get(ref.accountId)?.line(folder)
      // Removed, or moved while this was read.
      if (folder === undefined || line?.[0]?.parentId !== null) return []
      return [{ folder, rights, path: line.map(({ name }) => name).join(DELIMITER) }]
    })
  }

  /** These folders and all above them, by id. */
  async function withParents(
    refs: readonly FolderRef[],
  ): Promise<ReadonlyMap<string, FolderRecord>> {
    const found = new Map<string, FolderRecord>()
    let missing = new Map(refs.map((ref) => [ref.id, ref]))
    for (let level = 0; level <= FOLDER_DEPTH_MAX && missing.size > 0; level++) {
      const keys = [...missing.values()].map(({ accountId, id }) => folderKey(accountId, id))
      const above: typeof missing = new Map()
      for (const item of await readInPieces(table, keys)) {
        const record = item && folderRecord(item)
        if (record === undefined || record.removed) continue
        found.set(record.id, record)
        const { accountId, parentId } = record
        if (parentId !== null) above.set(parentId, { accountId, id: parentId })
      }
      missing = new Map([...above].filter(([id]) => !found.has(id)))
    }
    return found
  }

  async function find(
    accountId: AccountId,
    owner: AccountId,
    path: string,
  ): Promise<ForeignFolder | undefined> {
    // Before anything of the owner's is read: how long it takes tells nobody which folders there are.
    if (owner === accountId || !(await access.isNamedBy(owner, accountId))) return undefined
    const folder = await folders.find(owner, path)
    const rights = folder === undefined ? noRights : await access.rights(folder, accountId)
    return folder && rights !== noRights ? { folder, path, rights } : undefined
  }

  async function above(
    accountId: AccountId,
    owner: AccountId,
    path: string,
  ): Promise<ForeignFolder | undefined> {
    if (owner === accountId || !(await access.isNamedBy(owner, accountId))) return undefined
    const names = path.split(DELIMITER)
    const found = await folders.nearest(owner, names.slice(0, -1).join(DELIMITER))
    if (found === undefined) return undefined
    const rights = await access.rights(found.folder, accountId)
    if (rights === noRights) return undefined
    return { folder: found.folder, rights, path: names.slice(0, found.depth).join(DELIMITER) }
  }

  return { list, find, above }
}
