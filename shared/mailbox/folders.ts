// The folder tree of an account: one item per folder, named by its parent's id so that renaming a subtree touches one
// folder, one guard item per (parent, name) so that two folders of a name cannot come to be, and one per special use.

import type { AccountId, FolderId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Table, Write } from '#shared/storage/ports.ts'
import { FolderTree, INBOX, isFolderName, namesOf, normalName } from './folder-path.ts'
import { readFolder } from './folder-reading.ts'
import { accountPk, folderKey, foldersPrefix, nameKey, useKey } from './keys.ts'
import { createDefaults } from './new-folder.ts'
import type { Folders } from './port.ts'
import { type FolderRecord, folderRecord, text } from './records.ts'
import { itemsOf } from './usage-counting.ts'

/** What the port's Folders reads, and how. */
export interface FoldersRead
  extends Pick<
    Folders,
    'all' | 'find' | 'findSpelled' | 'findUse' | 'get' | 'list' | 'nearest' | 'tree'
  > {
  inbox(accountId: AccountId): Promise<FolderRecord>
  /** As `all`, and nothing is made where there are none. */
  stored(accountId: AccountId): Promise<readonly FolderRecord[]>
  /** Unless the account has them. */
  makeDefaults(accountId: AccountId): Promise<void>
  /** The folders along these names as far as they exist. */
  along(accountId: AccountId, names: readonly string[]): Promise<FolderId[]>
}

export function createFolders(deps: { readonly table: Table; readonly clock: Clock }): FoldersRead {
  const { table } = deps

  /** Every folder of the account, page by page; the default folders are made when it has none. Who names one folder takes `find`. */
  async function list(accountId: AccountId): Promise<readonly FolderRecord[]> {
    return (await all(accountId)).filter((folder) => !folder.removed)
  }

  async function tree(accountId: AccountId): Promise<FolderTree> {
    return new FolderTree(await list(accountId))
  }

  async function all(accountId: AccountId): Promise<readonly FolderRecord[]> {
    const found = await stored(accountId)
    if (found.some((folder) => isInbox(folder))) return found
    await createDefaults(deps, accountId)
    return stored(accountId)
  }

  async function stored(accountId: AccountId): Promise<readonly FolderRecord[]> {
    const folders: FolderRecord[] = []
    for await (const page of itemsOf(table, accountPk(accountId), foldersPrefix)) {
      for (const item of page) folders.push(folderRecord(item))
    }
    return folders
  }

  async function get(accountId: AccountId, folderId: FolderId): Promise<FolderRecord | undefined> {
    const folder = await readFolder(table, { accountId, id: folderId })
    return folder?.removed ? undefined : folder
  }

  /**
   * The folder of a path, in any normal form and INBOX in any case, by the guards of its names: one read for each name and one for
   * the folder, however many folders there are. The default folders are made when the account has none.
   */
  async function find(accountId: AccountId, path: string): Promise<FolderRecord | undefined> {
    const names = namesOf(path)
    if (names === undefined) return undefined
    let line = await along(accountId, names)
    if (line.length === 0) {
      await makeDefaults(accountId)
      // Whoever made them: another may have done so since we looked.
      line = await along(accountId, names)
    }
    const id = line.at(-1)
    return line.length === names.length && id !== undefined ? get(accountId, id) : undefined
  }

  /** Unless the account has them. */
  async function makeDefaults(accountId: AccountId): Promise<void> {
    if ((await along(accountId, [INBOX])).length === 0) await createDefaults(deps, accountId)
  }

  async function nearest(
    accountId: AccountId,
    path: string,
  ): Promise<{ readonly folder: FolderRecord; readonly depth: number } | undefined> {
    const line = await along(accountId, namesOf(path) ?? [])
    const id = line.at(-1)
    const folder = id && (await get(accountId, id))
    return folder && { folder, depth: line.length }
  }

  async function along(accountId: AccountId, names: readonly string[]): Promise<FolderId[]> {
    const line: FolderId[] = []
    for (const name of names) {
      const parentId = line.at(-1) ?? null
      const key = nameKey(accountId, parentId, normalName(parentId, name))
      const guard = await table.get(key, { consistent: true })
      if (guard === undefined) break
      line.push(text(guard, 'folderId') as FolderId)
    }
    return line
  }

  /**
   * The folder of a path whose names may each be spelled in several ways; of those at one place the first that has a folder. A read
   * for each name, and one for the folder.
   */
  async function findSpelled(
    accountId: AccountId,
    path: string,
    spellings: (name: string) => readonly string[],
  ): Promise<FolderRecord | undefined> {
    let id: FolderId | null = null
    for (const name of namesOf(path) ?? []) {
      const known: string[] = [...new Set(spellings(name))].filter(isFolderName)
      const parentId = id
      const keys = known.map((one) => nameKey(accountId, parentId, normalName(parentId, one)))
      const guards: readonly (Item | undefined)[] = await table.batchGet(keys, { consistent: true })
      const guard = guards.find((found) => found !== undefined)
      if (guard === undefined) return undefined
      id = text(guard, 'folderId') as FolderId
    }
    return id === null ? undefined : get(accountId, id)
  }

  async function findUse(accountId: AccountId, use: string): Promise<FolderRecord | undefined> {
    let item = await table.get(useKey(accountId, use), { consistent: true })
    if (item === undefined) {
      await makeDefaults(accountId)
      item = await table.get(useKey(accountId, use), { consistent: true })
    }
    return item && get(accountId, text(item, 'folderId') as FolderId)
  }

  async function inbox(accountId: AccountId): Promise<FolderRecord> {
    const found = await find(accountId, INBOX)
    // Cannot happen: find() makes it, and nothing removes an INBOX without its account.
    if (found === undefined) throw new Error(`account ${accountId} has no INBOX`)
    return found
  }

  return {
    list,
    tree,
    all,
    stored,
    get,
    find,
    findUse,
    nearest,
    findSpelled,
    inbox,
    makeDefaults,
    along,
  }
}

/** The guard of its name. */
export const nameKeyOf = ({ accountId, parentId, name }: FolderRecord) =>
  nameKey(accountId, parentId, name)

/** The guard of a name belongs to the folder: so the folder is where it was read to be. */
export const isNameOf = ({ id }: FolderRecord) =>
  ({ attribute: 'folderId', is: '=', value: id }) as const

export const leaveName = (folder: FolderRecord): Write => ({
  delete: nameKeyOf(folder),
  if: isNameOf(folder),
})

export const isInbox = (folder: FolderRecord) => folder.parentId === null && folder.name === INBOX

/** A folder comes below this one or leaves it. */
export function countChild({ accountId, id }: FolderRecord, change: 1 | -1): Write {
  return {
    update: folderKey(accountId, id),
    changes: { add: { children: change } },
    if: { all: [{ exists: 'pk' }, { absent: 'removed' }] },
  }
}
