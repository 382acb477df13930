// Access rights to folders (RFC 4314), as stored. One item beside the folder holds all of its entries, so that what an account may
// do is one read however many there are; an index in the partition of each account that is named tells which folders of others to
// look at. Folder, entries and index are one transaction, and the owner's own sessions read none of it: an owner has all rights.

import type { AccountId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import {
  type Condition,
  type Item,
  type Key,
  type Signals,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { readFolder } from './folder-reading.ts'
import {
  accessKey,
  accountPk,
  accountTopic,
  everyonePk,
  folderKey,
  folderTopic,
  grantedFolder,
  grantKey,
  grantsPrefix,
} from './keys.ts'
import type { Access, SetRights } from './port.ts'
import { type FolderRecord, number } from './records.ts'
import { retrying } from './retry.ts'
import {
  type AccessList,
  accountOf,
  allRights,
  effectiveRights,
  type Grantee,
  granteeOf,
  type Identifier,
  noRights,
  type Rights,
  userGrantee,
} from './rights.ts'
import { specialUses } from './special-use.ts'

/** A removal writes the folder, the one above, its log, its name and the item of its entries, and one for each use and each entry. */
const REMOVAL_WRITES = 5
/** Entries of one folder: a removal is one transaction. */
export const ENTRIES_PER_FOLDER_MAX = TRANSACT_ITEMS_MAX - REMOVAL_WRITES - specialUses.length
/** Folders that one account opens to one other, or to everyone: so many of its names it can put into the other's list. */
export const FOLDERS_PER_GRANTEE_MAX = 1_000
/** Folders of others that are looked at for one account; of more it sees these. */
export const GRANTS_READ_MAX = 5_000
/** Items of one read. */
const PAGE_ITEMS_MAX = 500

type Deps = { readonly table: Table; readonly clock: Clock; readonly signals: Signals }

/** With what else the mailbox asks and does. */
export interface AccessIndex extends Access {
  /** Folders of others that name the account or everyone. Whether it may do anything there, their entries say. */
  namedIn(accountId: AccountId): Promise<readonly FolderRef[]>
  /** Whether any folder of the owner names the account or everyone. */
  isNamedBy(owner: AccountId, accountId: AccountId): Promise<boolean>
  /** Takes all rights back that others gave an account, which is gone. */
  forget(accountId: AccountId): Promise<void>
  /** Takes back all rights in a folder that stays. */
  clear(folder: FolderRef): Promise<void>
}

export function createAccess(deps: Deps): AccessIndex {
  const { table, clock } = deps

  /** Those of the owner are not among them. */
  async function list(folder: FolderRef): Promise<AccessList> {
    return entriesOf(await table.get(accessKey(folder), { consistent: true }))
  }

  async function rights(folder: FolderRecord, accountId: AccountId): Promise<Rights> {
    if (folder.accountId === accountId) return allRights
    return folder.shared ? effectiveRights(await list(folder), accountId) : noRights
  }

  /** Of folders of others, in their order. */
  async function rightsIn(
    folders: readonly FolderRef[],
    accountId: AccountId,
  ): Promise<readonly Rights[]> {
    const items = await readInPieces(table, folders.map(accessKey))
    return items.map((item) => effectiveRights(entriesOf(item), accountId))
  }

  /** Gives an identifier other rights; with none its entry goes. */
  async function change(
    folder: FolderRef,
    identifier: Identifier,
    next: (before: Rights) => Rights,
  ): Promise<SetRights> {
    const grantee = granteeOf(identifier)
    if (grantee === userGrantee(folder.accountId)) return { kind: 'is-owner' }
    const set = await retrying(clock, async (): Promise<SetRights> => {
      const record = await readFolder(table, folder)
      if (record === undefined || record.removed) return { kind: 'no-such-folder' }
      const item = await table.get(accessKey(folder), { consistent: true })
      const before = entriesOf(item)
      const rights = next(before.get(identifier) ?? noRights)
      const after = new Map(before)
      if (rights === noRights) after.delete(identifier)
      else after.set(identifier, rights)
      if (after.size > before.size) {
        if (after.size > ENTRIES_PER_FOLDER_MAX) return { kind: 'too-many' }
        if ((await roomFor(table, grantee, folder)) === 0) return { kind: 'too-many' }
      }
      await table.transact([
        putEntries(folder, after, item),
        markShared(folder),
        ...indexWrites(folder, before, after),
      ])
      return { kind: 'set', rights }
    })
    if (set.kind === 'set') tellChange(deps.signals, folder, [grantee])
    return set
  }

  async function namedIn(accountId: AccountId): Promise<readonly FolderRef[]> {
    const found = new Map<string, FolderRef>()
    for (const pk of [accountPk(accountId), everyonePk]) {
      for await (const item of grantsIn(table, pk, grantsPrefix())) {
        if (found.size === GRANTS_READ_MAX) return [...found.values()]
        const folder = grantedFolder(item)
        if (folder.accountId !== accountId) found.set(item.sk, folder)
      }
    }
    return [...found.values()]
  }

  async function isNamedBy(owner: AccountId, accountId: AccountId): Promise<boolean> {
    const pages = await Promise.all(
      [accountPk(accountId), everyonePk].map((pk) =>
        table.query({ pk, sk: { prefix: grantsPrefix(owner) }, limit: 1, consistent: true }),
      ),
    )
    return pages.some(({ items }) => items.length > 0)
  }

  async function forget(accountId: AccountId): Promise<void> {
    const grantee = userGrantee(accountId)
    for await (const item of grantsIn(table, accountPk(accountId), grantsPrefix())) {
      const folder = grantedFolder(item)
      for (const identifier of [grantee, `-${grantee}`] as const) {
        await change(folder, identifier, () => noRights)
      }
      await table.batchWrite([{ delete: { pk: item.pk, sk: item.sk } }])
    }
  }

  async function clear(folder: FolderRef): Promise<void> {
    let grantees: readonly Grantee[] = []
    await retrying(clock, async () => {
      const item = await table.get(accessKey(folder), { consistent: true })
      const before = entriesOf(item)
      grantees = [...before.keys()].map(granteeOf)
      if (before.size === 0) return
      await table.transact([
        putEntries(folder, new Map(), item),
        ...indexWrites(folder, before, new Map()),
      ])
    })
    if (grantees.length > 0) tellChange(deps.signals, folder, grantees)
  }

  return { list, rights, rightsIn, change, namedIn, isNamedBy, forget, clear }
}

/**
 * A new folder has the entries of the one above it (RFC 4314 §4). It is there already: until now, and where this fails, it is its
 * owner's alone.
 */
export async function inheritRights(
  { table, clock, signals }: Deps,
  above: FolderRecord,
  made: readonly FolderRef[],
): Promise<void> {
  if (!above.shared) return
  const given = entriesOf(await table.get(accessKey(above), { consistent: true }))
  if (given.size === 0) return
  const room = new Map<Identifier, number>()
  for (const identifier of given.keys()) {
    room.set(identifier, await roomFor(table, granteeOf(identifier), above))
  }
  for (const [i, folder] of made.entries()) {
    const list = new Map([...given].filter(([identifier]) => (room.get(identifier) ?? 0) > i))
    await retrying(clock, async () => {
      if ((await readFolder(table, folder))?.removed !== false) return
      await table.transact([
        putEntries(folder, list, undefined),
        markShared(folder),
        ...indexWrites(folder, new Map(), list),
      ])
    })
    tellChange(signals, folder, [...list.keys()].map(granteeOf))
  }
}

/**
 * What takes the rights in a folder away in the transaction that removes it (RFC 4314 §4, DELETE), and the condition on the folder
 * under which it is all of them.
 */
export async function removalOfRights(
  table: Table,
  folder: FolderRecord,
): Promise<{ readonly writes: readonly Write[]; readonly asRead: Condition }> {
  if (!folder.shared) return { writes: [], asRead: { absent: 'shared' } }
  const item = await table.get(accessKey(folder), { consistent: true })
  const asRead = { exists: 'shared' }
  if (item === undefined) return { writes: [], asRead }
  const index = indexWrites(folder, entriesOf(item), new Map())
  return { writes: [{ delete: accessKey(folder), if: entriesAsRead(item) }, ...index], asRead }
}

function entriesOf(item: Item | undefined): AccessList {
  const entries = item?.entries
  if (typeof entries !== 'object' || entries === null) return new Map()
  return new Map(Object.entries(entries) as [Identifier, Rights][])
}

const entriesAsRead = (item: Item | undefined): Condition =>
  item === undefined
    ? { absent: 'pk' }
    : { attribute: 'changes', is: '=', value: number(item, 'changes') }

/** An empty list stays, so that the number of its changes does. */
const putEntries = (folder: FolderRef, list: AccessList, before: Item | undefined): Write => ({
  put: {
    ...accessKey(folder),
    entries: Object.fromEntries(list),
    changes: before === undefined ? 1 : number(before, 'changes') + 1,
  },
  if: entriesAsRead(before),
})

const markShared = ({ accountId, id }: FolderRef): Write => ({
  update: folderKey(accountId, id),
  changes: { set: { shared: true } },
  if: { all: [{ exists: 'pk' }, { absent: 'removed' }] },
})

function indexWrites(folder: FolderRef, before: AccessList, after: AccessList): Write[] {
  const old = partitionsOf(before)
  const now = partitionsOf(after)
  return [
    ...[...now.difference(old)].map((pk) => ({ put: grantKey(pk, folder) })),
    ...[...old.difference(now)].map((pk) => ({ delete: grantKey(pk, folder) })),
  ]
}

/** Where the index names the folder: also for who only has rights taken away, so that nothing is left of an account that goes. */
const partitionsOf = (list: AccessList): Set<string> =>
  new Set([...list.keys()].map((identifier) => partitionOf(granteeOf(identifier))))

function partitionOf(grantee: Grantee): string {
  const accountId = accountOf(grantee)
  return accountId === null ? everyonePk : accountPk(accountId)
}

/** How many more folders the owner of this one may open to the grantee. */
async function roomFor(
  table: Table,
  grantee: Grantee,
  { accountId: owner }: FolderRef,
): Promise<number> {
  let room = FOLDERS_PER_GRANTEE_MAX
  for await (const _ of grantsIn(table, partitionOf(grantee), grantsPrefix(owner))) {
    if (--room <= 0) return 0
  }
  return room
}

/** Others have their turn between the pieces. */
export async function readInPieces(
  table: Table,
  keys: readonly Key[],
): Promise<readonly (Item | undefined)[]> {
  const items: (Item | undefined)[] = []
  for (let i = 0; i < keys.length; i += PAGE_ITEMS_MAX) {
    items.push(...(await table.batchGet(keys.slice(i, i + PAGE_ITEMS_MAX), { consistent: true })))
    const wait = turns.step()
    if (wait) await wait
  }
  return items
}

async function* grantsIn(table: Table, pk: string, prefix: string): AsyncGenerator<Item> {
  let after: string | undefined
  do {
    const page = await table.query({
      pk,
      sk: { prefix },
      consistent: true,
      limit: PAGE_ITEMS_MAX,
      ...(after === undefined ? {} : { after }),
    })
    yield* page.items
    const wait = turns.step()
    if (wait) await wait
    after = page.next
  } while (after !== undefined)
}

/**
 * Sessions that have the folder selected look again at once, and those that are told which folders there are: of a single account all,
 * of everyone those that know others of this owner.
 */
function tellChange(signals: Signals, folder: FolderRef, grantees: readonly Grantee[]): void {
  signals.publish(folderTopic(folder.id), 'access')
  for (const accountId of new Set(grantees.map((who) => accountOf(who) ?? folder.accountId))) {
    signals.publish(accountTopic(accountId), 'folders')
  }
}
