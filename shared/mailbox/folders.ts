// The folder tree of an account: one item per folder, named by its parent's id so that renaming a subtree touches one
// folder, and one guard item per (parent, name) so that two folders of a name cannot come to be.

import { randomBytes } from 'node:crypto'
import type { AccountId, FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Table, type Write } from '#shared/storage/ports.ts'
import { accountPk, folderKey, nameKey, stateKey } from './keys.ts'
import { type FolderRecord, folderItem, folderRecord, number } from './records.ts'
import { retrying } from './retry.ts'

export const INBOX = 'INBOX'

/** Folders every account begins with, and their RFC 6154 special use. */
export const defaultFolders = [
  { name: INBOX, specialUse: null },
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Junk', specialUse: '\\Junk' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Archive', specialUse: '\\Archive' },
] as const

/** UTF-8 bytes of one folder name, its parents not counted. */
export const FOLDER_NAME_BYTES_MAX = 255
export const FOLDERS_PER_ACCOUNT_MAX = 5_000

export type CreateFolder =
  | { readonly kind: 'created'; readonly folder: FolderRecord }
  | { readonly kind: 'exists' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }

export type Folders = ReturnType<typeof createFolders>

export function createFolders({ table, clock }: { readonly table: Table; readonly clock: Clock }) {
  /** Every folder of the account in one read; the default folders are made when it has none. */
  async function list(accountId: AccountId): Promise<readonly FolderRecord[]> {
    const found = await read(accountId)
    if (found.some((folder) => isInbox(folder))) return found
    await createDefaults(accountId)
    return read(accountId)
  }

  async function read(accountId: AccountId): Promise<FolderRecord[]> {
    const folders: FolderRecord[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: accountPk(accountId),
        sk: { prefix: 'F#' },
        consistent: true,
        ...(after === undefined ? {} : { after }),
      })
      for (const item of page.items) folders.push(folderRecord(item))
      after = page.next
    } while (after !== undefined)
    return folders
  }

  async function get(accountId: AccountId, folderId: FolderId): Promise<FolderRecord | undefined> {
    const item = await table.get(folderKey(accountId, folderId), { consistent: true })
    return item && folderRecord(item)
  }

  async function inbox(accountId: AccountId): Promise<FolderRecord> {
    const found = (await list(accountId)).find(isInbox)
    // Cannot happen: list() makes it, and nothing removes an INBOX without its account.
    if (found === undefined) throw new Error(`account ${accountId} has no INBOX`)
    return found
  }

  async function createDefaults(accountId: AccountId): Promise<void> {
    const state = await table.get(stateKey(accountId), { consistent: true })
    const first = nextUidValidity(state, clock.now())
    const folders = defaultFolders.map((folder, i) =>
      newFolder({ accountId, parentId: null, ...folder, uidValidity: first + i }),
    )
    try {
      await table.transact([
        advanceUidValidity(accountId, state, first + folders.length),
        ...folders.flatMap((folder) => creation(folder)),
      ])
    } catch (error) {
      // Somebody else made them a moment earlier.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  /** Makes one folder under a parent (null: at the top). UIDVALIDITY is above that of any folder the account ever had. */
  function create(
    accountId: AccountId,
    parentId: FolderId | null,
    name: string,
    specialUse: string | null = null,
  ): Promise<CreateFolder> {
    if (!isFolderRef(name)) return Promise.resolve({ kind: 'bad-name' })
    return retrying(clock, async () => {
      const folders = await list(accountId)
      if (folders.length >= FOLDERS_PER_ACCOUNT_MAX) return { kind: 'too-many' }
      if (folders.some((folder) => folder.parentId === parentId && sameName(folder, name)))
        return { kind: 'exists' }
      const state = await table.get(stateKey(accountId), { consistent: true })
      const uidValidity = nextUidValidity(state, clock.now())
      const folder = newFolder({ accountId, parentId, name, specialUse, uidValidity })
      const parent: Write[] =
        parentId === null ? [] : [{ check: folderKey(accountId, parentId), if: { exists: 'pk' } }]
      await table.transact([
        advanceUidValidity(accountId, state, uidValidity + 1),
        ...creation(folder),
        ...parent,
      ])
      return { kind: 'created', folder }
    })
  }

  /** Removes the items of an emptied folder; false when it holds messages again or is gone. */
  async function removeEmpty(folder: FolderRecord): Promise<boolean> {
    try {
      await table.transact([
        {
          delete: folderKey(folder.accountId, folder.id),
          if: { attribute: 'exists', is: '=', value: 0 },
        },
        { delete: nameKey(folder.accountId, folder.parentId, guardName(folder.name)) },
      ])
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return { list, get, inbox, create, removeEmpty }
}

export const isInbox = (folder: FolderRecord) => folder.parentId === null && folder.name === INBOX

/** INBOX is spelled in any case (RFC 9051 §5.1); other names are told apart by case. */
function sameName(folder: FolderRecord, name: string): boolean {
  return guardName(folder.name) === guardName(name)
}

const guardName = (name: string) => (name.toUpperCase() === INBOX ? INBOX : name.normalize('NFC'))

function isFolderRef(name: string): boolean {
  return (
    name !== '' && Buffer.byteLength(name) <= FOLDER_NAME_BYTES_MAX && !/[\0-\x1f\x7f/]/.test(name)
  )
}

const folderIdBytes = 9

function newFolder(given: {
  readonly accountId: AccountId
  readonly parentId: FolderId | null
  readonly name: string
  readonly specialUse: string | null
  readonly uidValidity: number
}): FolderRecord {
  return {
    ...given,
    name: guardName(given.name),
    id: randomBytes(folderIdBytes).toString('base64url') as FolderId,
    uidNext: 1 as Uid,
    modSeq: 1 as ModSeq,
    exists: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    digest: 0,
    subscribed: true,
  }
}

const creation = (folder: FolderRecord): Write[] => [
  { put: folderItem(folder), if: { absent: 'pk' } },
  {
    put: { ...nameKey(folder.accountId, folder.parentId, folder.name), folderId: folder.id },
    if: { absent: 'pk' },
  },
]

/** Seconds since 1970 unless more folders were made than seconds passed: never goes back (RFC 9051 §2.3.1.1). */
function nextUidValidity(state: Item | undefined, nowMs: number): number {
  return Math.max(state ? number(state, 'nextUidValidity') : 1, Math.floor(nowMs / 1000))
}

function advanceUidValidity(accountId: AccountId, state: Item | undefined, next: number): Write {
  return {
    update: stateKey(accountId),
    changes: { set: { nextUidValidity: next } },
    if: state
      ? {
          attribute: 'nextUidValidity',
          is: '=',
          value: number(state, 'nextUidValidity'),
        }
      : { absent: 'pk' },
  }
}
