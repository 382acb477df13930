// The folder tree of an account: one item per folder, named by its parent's id so that renaming a subtree touches one
// folder, one guard item per (parent, name) so that two folders of a name cannot come to be, and one per special use.

import { randomBytes } from 'node:crypto'
import type { AccountId, FolderId, FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  ConditionFailed,
  type Item,
  type Signals,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { changeItem } from './change-log.ts'
import { unchanged } from './folder-edit.ts'
import { FolderTree, INBOX, isFolderName, namesOf, normalName } from './folder-path.ts'
import {
  accountPk,
  accountTopic,
  folderKey,
  nameKey,
  stateKey,
  subscriptionKey,
  useKey,
} from './keys.ts'
import { type FolderRecord, folderItem, folderRecord, number } from './records.ts'
import { retrying } from './retry.ts'

/** Folders every account begins with, and their RFC 6154 special use. All of them are subscribed. */
export const defaultFolders = [
  { name: INBOX, specialUse: null },
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Junk', specialUse: '\\Junk' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Archive', specialUse: '\\Archive' },
] as const

/** Special uses that a folder can be given (RFC 6154 §2; \All and \Flagged are views that we do not have). */
export const specialUses = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'] as const

export const FOLDERS_PER_ACCOUNT_MAX = 5_000

export type CreateFolder =
  | { readonly kind: 'created'; readonly folder: FolderRecord }
  | { readonly kind: 'exists' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'no-such-parent' }
  /** Another folder has this special use. */
  | { readonly kind: 'use-taken' }
  /** The name was removed a moment ago and is not yet empty: `finishRemovals` first. */
  | { readonly kind: 'not-yet-empty' }

export type SetSpecialUse =
  | { readonly kind: 'set' }
  | { readonly kind: 'no-such-folder' }
  | { readonly kind: 'use-taken' }

export type Folders = ReturnType<typeof createFolders>

export function createFolders({
  table,
  clock,
  signals,
}: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
}) {
  /** Every folder of the account in one read; the default folders are made when it has none. */
  async function list(accountId: AccountId): Promise<readonly FolderRecord[]> {
    return (await all(accountId)).filter((folder) => !folder.removed)
  }

  async function tree(accountId: AccountId): Promise<FolderTree> {
    return new FolderTree(await list(accountId))
  }

  /** Those that were removed and still hold messages too: they count for the quota. */
  async function all(accountId: AccountId): Promise<readonly FolderRecord[]> {
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
    const folder = item && folderRecord(item)
    return folder?.removed ? undefined : folder
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
        ...folders.map(({ name }) => ({ put: subscriptionKey(accountId, name) })),
      ])
    } catch (error) {
      // Somebody else made them a moment earlier.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  /** Makes one folder under a parent (null: at the top). */
  async function create(
    accountId: AccountId,
    parentId: FolderId | null,
    name: string,
    specialUse: string | null = null,
  ): Promise<CreateFolder> {
    if (!isFolderName(name)) return { kind: 'bad-name' }
    if (parentId === null) return createPath(accountId, name, specialUse)
    const known = await tree(accountId)
    const parent = known.folders.find(({ id }) => id === parentId)
    if (parent === undefined) return { kind: 'no-such-parent' }
    return createPath(accountId, `${known.pathOf(parent)}/${name}`, specialUse)
  }

  /**
   * Makes the folder of this path and every folder above it that is missing; a name that is there without being selectable
   * becomes selectable again. UIDVALIDITY is above that of any folder the account ever had.
   */
  function createPath(
    accountId: AccountId,
    path: string,
    specialUse: string | null = null,
  ): Promise<CreateFolder> {
    const names = namesOf(path)
    if (names === undefined) return Promise.resolve({ kind: 'bad-name' })
    return retrying(clock, async (): Promise<CreateFolder> => {
      const state = await table.get(stateKey(accountId), { consistent: true })
      const known = await tree(accountId)
      if (isTaken(known, specialUse)) return { kind: 'use-taken' }
      const line = known.along(names)
      const uidValidity = nextUidValidity(state, clock.now())
      const nearest = line.at(-1)
      if (line.length === names.length && nearest !== undefined) {
        if (nearest.selectable) return { kind: 'exists' }
        return revive(state, nearest, uidValidity, specialUse)
      }
      const missing = names.slice(line.length)
      if (known.folders.length + missing.length > FOLDERS_PER_ACCOUNT_MAX) {
        return { kind: 'too-many' }
      }
      const made: FolderRecord[] = []
      for (const [i, name] of missing.entries()) {
        const last = i === missing.length - 1
        made.push({
          ...newFolder({
            accountId,
            parentId: made.at(-1)?.id ?? nearest?.id ?? null,
            name,
            specialUse: last ? specialUse : null,
            uidValidity: uidValidity + i,
          }),
          children: last ? 0 : 1,
        })
      }
      await table.transact([
        advanceUidValidity(accountId, state, uidValidity + made.length),
        ...made.flatMap((folder) => creation(folder)),
        ...(nearest === undefined ? [] : [countChild(nearest, 1)]),
      ])
      signals.publish(accountTopic(accountId), 'folders')
      const folder = made.at(-1)
      return folder === undefined ? { kind: 'exists' } : { kind: 'created', folder }
    })
  }

  /** A deleted name with folders below it becomes a folder again: another one, so UIDVALIDITY and MAILBOXID are new. */
  async function revive(
    state: Item | undefined,
    old: FolderRecord,
    uidValidity: number,
    specialUse: string | null,
  ): Promise<CreateFolder> {
    const { accountId, id } = old
    if (old.exists > 0) return { kind: 'not-yet-empty' }
    const modSeq = (old.modSeq + 1) as ModSeq
    const mailboxId = newId()
    await table.transact([
      advanceUidValidity(accountId, state, uidValidity + 1),
      {
        update: folderKey(accountId, id),
        changes: {
          set: { uidValidity, mailboxId, modSeq, specialUse },
          remove: ['noselect', 'keywords'],
        },
        if: { all: [unchanged(old), { attribute: 'noselect', is: '=', value: true }] },
      },
      { put: changeItem(id, modSeq, 'expunge', [], clock.now()) },
      ...claimUse(accountId, specialUse, id),
    ])
    signals.publish(accountTopic(accountId), 'folders')
    const folder = { ...old, uidValidity, mailboxId, modSeq, specialUse }
    return { kind: 'created', folder: { ...folder, selectable: true, keywords: [] } }
  }

  /** Null takes the special use away. A use belongs to one folder at most. */
  function setSpecialUse(name: FolderRef, specialUse: string | null): Promise<SetSpecialUse> {
    const { accountId, id } = name
    return retrying(clock, async (): Promise<SetSpecialUse> => {
      const known = await tree(accountId)
      const folder = known.folders.find((found) => found.id === id)
      if (!folder?.selectable) return { kind: 'no-such-folder' }
      if (folder.specialUse === specialUse) return { kind: 'set' }
      if (isTaken(known, specialUse)) return { kind: 'use-taken' }
      await table.transact([
        {
          update: folderKey(accountId, id),
          changes: { set: { specialUse } },
          if: { all: [{ exists: 'pk' }, { absent: 'removed' }, hasUse(folder.specialUse)] },
        },
        ...giveUpUse(folder),
        ...claimUse(accountId, specialUse, id),
      ])
      signals.publish(accountTopic(accountId), 'folders')
      return { kind: 'set' }
    })
  }

  return { list, tree, all, get, inbox, create, createPath, setSpecialUse }
}

export const isInbox = (folder: FolderRecord) => folder.parentId === null && folder.name === INBOX

function isTaken({ folders }: FolderTree, use: string | null): boolean {
  return use !== null && folders.some((folder) => folder.specialUse === use)
}

/** Condition values cannot be null: a missing use is the one that is none of the others. */
export function hasUse(use: string | null) {
  if (use !== null) return { attribute: 'specialUse', is: '=', value: use } as const
  return { not: { attribute: 'specialUse', is: '>', value: '' } } as const
}

const claimUse = (accountId: AccountId, use: string | null, folderId: FolderId): Write[] =>
  use === null ? [] : [{ put: { ...useKey(accountId, use), folderId }, if: { absent: 'pk' } }]

/** To be written where the folder's use is a condition. */
export const giveUpUse = ({ accountId, specialUse }: FolderRecord): Write[] =>
  specialUse === null ? [] : [{ delete: useKey(accountId, specialUse) }]

/** A folder comes below this one or leaves it. */
export function countChild({ accountId, id }: FolderRecord, change: 1 | -1): Write {
  return {
    update: folderKey(accountId, id),
    changes: { add: { children: change } },
    if: { all: [{ exists: 'pk' }, { absent: 'removed' }] },
  }
}

const folderIdBytes = 9
export const newId = () => randomBytes(folderIdBytes).toString('base64url')

function newFolder(given: {
  readonly accountId: AccountId
  readonly parentId: FolderId | null
  readonly name: string
  readonly specialUse: string | null
  readonly uidValidity: number
}): FolderRecord {
  const id = newId() as FolderId
  return {
    ...given,
    name: normalName(given.parentId, given.name),
    id,
    mailboxId: id,
    selectable: true,
    removed: false,
    uidNext: 1 as Uid,
    modSeq: 1 as ModSeq,
    exists: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    digest: 0,
    children: 0,
    keywords: [],
  }
}

const creation = (folder: FolderRecord): Write[] => [
  { put: folderItem(folder), if: { absent: 'pk' } },
  {
    put: { ...nameKey(folder.accountId, folder.parentId, folder.name), folderId: folder.id },
    if: { absent: 'pk' },
  },
  ...claimUse(folder.accountId, folder.specialUse, folder.id),
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
