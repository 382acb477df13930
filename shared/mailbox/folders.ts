// The folder tree of an account: one item per folder, named by its parent's id so that renaming a subtree touches one
// folder, one guard item per (parent, name) so that two folders of a name cannot come to be, and one per special use.

import { randomBytes } from 'node:crypto'
import type { AccountId, FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  ConditionFailed,
  Conflict,
  type Item,
  type Signals,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { inheritRights } from './access.ts'
import { changeItem } from './change-log.ts'
import { unchanged } from './folder-edit.ts'
import { FolderTree, INBOX, isFolderName, namesOf, normalName } from './folder-path.ts'
import { readFolder } from './folder-reading.ts'
import {
  accountTopic,
  folderKey,
  foldersPrefix,
  nameKey,
  stateKey,
  subscriptionKey,
} from './keys.ts'
import type { CreateFolder } from './port.ts'
import { type FolderRecord, folderItem, folderRecord, number, text, usesText } from './records.ts'
import { retrying } from './retry.ts'
import { claimUses, isAnyTaken } from './special-use.ts'
import { noGrowth, staysWithin, usageWrites } from './usage.ts'
import { firstUsage, itemsOf, readCompleteUsage } from './usage-counting.ts'

/** Folders every account begins with, and their RFC 6154 special use. All of them are subscribed. */
export const defaultFolders = [
  { name: INBOX, specialUses: [] },
  { name: 'Drafts', specialUses: ['\\Drafts'] },
  { name: 'Sent', specialUses: ['\\Sent'] },
  { name: 'Junk', specialUses: ['\\Junk'] },
  { name: 'Trash', specialUses: ['\\Trash'] },
  { name: 'Archive', specialUses: ['\\Archive'] },
] as const

/** Removed ones count until they are empty. */
export const FOLDERS_PER_ACCOUNT_MAX = 5_000

export function createFolders({
  table,
  clock,
  signals,
}: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
}) {
  /** Every folder of the account, page by page; the default folders are made when it has none. Who names one folder takes `find`. */
  async function list(accountId: AccountId): Promise<readonly FolderRecord[]> {
    return (await all(accountId)).filter((folder) => !folder.removed)
  }

  async function tree(accountId: AccountId): Promise<FolderTree> {
    return new FolderTree(await list(accountId))
  }

  async function all(accountId: AccountId): Promise<readonly FolderRecord[]> {
    const found = await read(accountId)
    if (found.some((folder) => isInbox(folder))) return found
    await createDefaults(accountId)
    return read(accountId)
  }

  async function read(accountId: AccountId): Promise<FolderRecord[]> {
    const folders: FolderRecord[] = []
    for await (const page of itemsOf(table, accountId, foldersPrefix)) {
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
    if ((await along(accountId, [INBOX])).length === 0) await createDefaults(accountId)
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

  /** The folders along these names as far as they exist. */
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

  async function inbox(accountId: AccountId): Promise<FolderRecord> {
    const found = await find(accountId, INBOX)
    // Cannot happen: find() makes it, and nothing removes an INBOX without its account.
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
        ...folders.map(({ name }) => ({
          put: { ...subscriptionKey(accountId, name), counted: true },
        })),
        firstUsage(accountId, folders.length),
      ])
    } catch (error) {
      // Somebody else made them a moment earlier.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  /**
   * Makes the folder of this path and every folder above it that is missing; a name that is there without being selectable
   * becomes selectable again. UIDVALIDITY is above that of any folder the account ever had.
   */
  function createPath(
    accountId: AccountId,
    path: string,
    uses: readonly string[] = [],
  ): Promise<CreateFolder> {
    const names = namesOf(path)
    if (names === undefined) return Promise.resolve({ kind: 'bad-name' })
    return retrying(clock, async (): Promise<CreateFolder> => {
      await makeDefaults(accountId)
      const state = await table.get(stateKey(accountId), { consistent: true })
      if (await isAnyTaken(table, accountId, uses)) return { kind: 'use-taken' }
      const line = await along(accountId, names)
      const nearestId = line.at(-1)
      const nearest = nearestId && (await get(accountId, nearestId))
      // Removed since its guard was read.
      if (nearestId !== undefined && nearest === undefined) throw new Conflict('a folder has gone')
      const uidValidity = nextUidValidity(state, clock.now())
      if (line.length === names.length && nearest !== undefined) {
        if (nearest.selectable) return { kind: 'exists' }
        const revived = await revive(state, nearest, uidValidity, uses)
        const above = nearest.parentId && (await get(accountId, nearest.parentId))
        if (above) await inheritRights({ table, clock, signals }, above, [nearest])
        return revived
      }
      const missing = names.slice(line.length)
      const usage = await readCompleteUsage({ table, clock }, accountId)
      if (usage.folders + missing.length > FOLDERS_PER_ACCOUNT_MAX) return { kind: 'too-many' }
      const made: FolderRecord[] = []
      for (const [i, name] of missing.entries()) {
        const last = i === missing.length - 1
        made.push({
          ...newFolder({
            accountId,
            parentId: made.at(-1)?.id ?? nearest?.id ?? null,
            name,
            specialUses: last ? uses : [],
            uidValidity: uidValidity + i,
          }),
          children: last ? 0 : 1,
        })
      }
      await table.transact([
        advanceUidValidity(accountId, state, uidValidity + made.length),
        ...made.flatMap((folder) => creation(folder)),
        ...(nearest === undefined ? [] : [countChild(nearest, 1)]),
        ...usageWrites(
          accountId,
          { ...noGrowth, folders: made.length },
          { if: [staysWithin('folders', FOLDERS_PER_ACCOUNT_MAX, made.length)] },
        ),
      ])
      signals.publish(accountTopic(accountId), 'folders')
      if (nearest !== undefined) await inheritRights({ table, clock, signals }, nearest, made)
      const folder = made.at(-1)
      return folder === undefined ? { kind: 'exists' } : { kind: 'created', folder }
    })
  }

  /** A deleted name with folders below it becomes a folder again: another one, so UIDVALIDITY and MAILBOXID are new. */
  async function revive(
    state: Item | undefined,
    old: FolderRecord,
    uidValidity: number,
    uses: readonly string[],
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
          set: { uidValidity, mailboxId, modSeq, specialUse: usesText(uses) },
          remove: ['noselect', 'keywords'],
        },
        if: { all: [unchanged(old), { attribute: 'noselect', is: '=', value: true }] },
      },
      { put: changeItem(id, modSeq, 'expunge', [], clock.now()) },
      ...claimUses(accountId, uses, id),
    ])
    signals.publish(accountTopic(accountId), 'folders')
    const folder = { ...old, uidValidity, mailboxId, modSeq, specialUses: uses }
    return { kind: 'created', folder: { ...folder, selectable: true, keywords: [] } }
  }

  return { list, tree, all, get, find, nearest, findSpelled, inbox, createPath }
}

export type FoldersStored = ReturnType<typeof createFolders>

export const isInbox = (folder: FolderRecord) => folder.parentId === null && folder.name === INBOX

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
  readonly specialUses: readonly string[]
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
    shared: false,
    uidNext: 1 as Uid,
    modSeq: 1 as ModSeq,
    exists: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    digest: 0,
    children: 0,
    keywords: [],
    counted: { bytes: 0, messages: 0 },
    recentFrom: 1,
  }
}

const creation = (folder: FolderRecord): Write[] => [
  { put: folderItem(folder), if: { absent: 'pk' } },
  {
    put: { ...nameKey(folder.accountId, folder.parentId, folder.name), folderId: folder.id },
    if: { absent: 'pk' },
  },
  ...claimUses(folder.accountId, folder.specialUses, folder.id),
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
