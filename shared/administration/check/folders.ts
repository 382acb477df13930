// Folders against their messages, their names and their change log, and accounts against what USAGE says they store.

import { addDigest, messageDigest } from '#shared/mailbox/digest.ts'
import { DELETED, SEEN } from '#shared/mailbox/flags.ts'
import {
  annotationsPrefix,
  folderKey,
  foldersPrefix,
  nameKey,
  subscriptionsPrefix,
} from '#shared/mailbox/keys.ts'
import { type FolderRecord, folderRecord, messageRecord } from '#shared/mailbox/records.ts'
import type { Item } from '#shared/storage/ports.ts'
import type { CheckFinding } from './finding.ts'
import { type CheckDeps, itemsOf, nameOf } from './reading.ts'

const ACCOUNTS = 'A#'
const FOLDERS = 'F#'

/** By id. */
export type KnownFolders = ReadonlyMap<string, FolderRecord>

/** Accounts one after the other; what is learnt of their folders goes into `folders`. */
export async function* checkAccounts(
  deps: CheckDeps,
  folders: Map<string, FolderRecord>,
): AsyncGenerator<CheckFinding> {
  let items: Item[] = []
  for await (const item of itemsOf(deps, 'mail', ACCOUNTS)) {
    if (items[0] !== undefined && items[0].pk !== item.pk) {
      yield* checkAccount(deps, items, folders)
      items = []
    }
    items.push(item)
  }
  if (items.length > 0) yield* checkAccount(deps, items, folders)
}

async function* checkAccount(
  deps: CheckDeps,
  items: readonly Item[],
  known: Map<string, FolderRecord>,
): AsyncGenerator<CheckFinding> {
  const pk = items[0]?.pk ?? ''
  const folders = items.filter(({ sk }) => sk.startsWith(foldersPrefix)).map(folderRecord)
  const byId = new Map(folders.map((folder) => [folder.id as string, folder]))
  for (const [id, folder] of byId) known.set(id, folder)
  const account = await deps.reading.get('directory', { pk: `ACC#${pk.slice(2)}`, sk: 'PROFILE' })
  if (account === undefined && folders.some(({ exists }) => exists > 0)) {
    yield { kind: 'mail-without-account', of: pk, found: `mail in ${folders.length} folders` }
  }
  yield* checkNames(deps, items, byId)
  yield* checkTree(deps, byId)
  const usage = items.find(({ sk }) => sk === 'USAGE')
  if (usage?.complete === true) yield* checkUsage(deps, items, folders, usage)
}

async function* checkNames(
  { tables }: CheckDeps,
  items: readonly Item[],
  folders: ReadonlyMap<string, FolderRecord>,
): AsyncGenerator<CheckFinding> {
  const guards = new Map(items.filter(({ sk }) => sk.startsWith('N#')).map((one) => [one.sk, one]))
  for (const folder of folders.values()) {
    if (folder.removed) continue
    const key = nameKey(folder.accountId, folder.parentId, folder.name)
    const guard = guards.get(key.sk)
    guards.delete(key.sk)
    if (guard?.folderId === folder.id) continue
    const of = nameOf(folderKey(folder.accountId, folder.id))
    const name = JSON.stringify(folder.name)
    if (guard !== undefined) {
      yield { kind: 'folder-name', of, found: `its name ${name} belongs to ${guard.folderId}` }
      continue
    }
    const put = { ...key, folderId: folder.id }
    const mend = () => tables.mail.write({ put, if: { absent: 'pk' } })
    yield { kind: 'folder-name', of, found: `nothing keeps its name ${name}`, mend }
  }
  for (const guard of guards.values()) {
    const key = { pk: guard.pk, sk: guard.sk }
    const mend = () => tables.mail.write({ delete: key })
    yield { kind: 'folder-name', of: nameOf(guard), found: 'a name without its folder', mend }
  }
}

async function* checkTree(
  { tables }: CheckDeps,
  folders: ReadonlyMap<string, FolderRecord>,
): AsyncGenerator<CheckFinding> {
  const children = new Map<string, number>()
  for (const { removed, parentId, accountId, id } of folders.values()) {
    if (removed || parentId === null) continue
    children.set(parentId, (children.get(parentId) ?? 0) + 1)
    if (folders.has(parentId)) continue
    const of = nameOf(folderKey(accountId, id))
    yield { kind: 'folder-parent', of, found: `is below ${parentId}, which is not there` }
  }
  for (const { accountId, id, children: told, modSeq, removed } of folders.values()) {
    const counted = children.get(id) ?? 0
    if (told === counted || removed) continue
    const key = folderKey(accountId, id)
    const mend = () =>
      tables.mail.write({
        update: key,
        changes: { set: { children: counted } },
        if: { attribute: 'modSeq', is: '=', value: modSeq },
      })
    yield {
      kind: 'folder-children',
      of: nameOf(key),
      found: `says ${told} folders are below it, ${counted} are`,
      mend,
    }
  }
}

async function* checkUsage(
  { tables }: CheckDeps,
  items: readonly Item[],
  folders: readonly FolderRecord[],
  usage: Item,
): AsyncGenerator<CheckFinding> {
  const annotations = items.filter(
    ({ sk, bytes }) => sk.startsWith(annotationsPrefix) && bytes !== undefined,
  )
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
  const counted = {
    bytes: sum(folders.map((one) => one.counted?.bytes ?? 0)),
    messages: sum(folders.map((one) => one.counted?.messages ?? 0)),
    folders: folders.filter((one) => one.counted !== null).length,
    annotations: annotations.length,
    annotationBytes: sum(annotations.map(({ bytes }) => Number(bytes))),
    subscriptions: items.filter(
      (one) => one.sk.startsWith(subscriptionsPrefix) && one.counted !== undefined,
    ).length,
  }
  const wrong = Object.entries(counted).filter(([name, value]) => usage[name] !== value)
  if (wrong.length === 0) return
  const mend = () =>
    tables.mail.write({ update: { pk: usage.pk, sk: usage.sk }, changes: { set: counted } })
  const found = wrong.map(([name, value]) => `${name} ${String(usage[name])}, counted ${value}`)
  yield { kind: 'usage', of: nameOf(usage), found: `says ${found.join('; ')}`, mend }
}

/** What a folder has to say of itself, and the numbers that its next message and change have to be above. */
class FolderCount {
  exists = 0
  unseen = 0
  deleted = 0
  bytes = 0
  digest = 0
  uidMax = 0
  modSeqMax = 0
  entries = 0
  /** The last entry of the log, and when it ends. */
  logged = 0
  endsSecond = 0
  gap: string | undefined
}

/** Folders against what is filed under them. `tell` is told of every message. */
export async function* checkFolders(
  deps: CheckDeps,
  folders: KnownFolders,
  tell: (blobId: string, item: Item) => void,
): AsyncGenerator<CheckFinding> {
  const unseen = new Set(folders.keys())
  let pk: string | undefined
  let count = new FolderCount()
  for await (const item of itemsOf(deps, 'mail', FOLDERS)) {
    if (item.pk !== pk) {
      if (pk !== undefined) yield* judge(deps, folders.get(pk.slice(2)), pk, count)
      pk = item.pk
      count = new FolderCount()
      unseen.delete(pk.slice(2))
    }
    if (item.sk.startsWith('M#')) {
      const message = messageRecord(item)
      tell(message.blobId, item)
      addMessage(count, message)
    } else if (item.sk.startsWith('C#')) addEntry(count, item, deps.nowMs)
  }
  if (pk !== undefined) yield* judge(deps, folders.get(pk.slice(2)), pk, count)
  for (const id of unseen) yield* judge(deps, folders.get(id), `${FOLDERS}${id}`, new FolderCount())
}

function addMessage(count: FolderCount, message: ReturnType<typeof messageRecord>): void {
  count.exists++
  count.unseen += (message.flags.bits & SEEN) === 0 ? 1 : 0
  count.deleted += (message.flags.bits & DELETED) === 0 ? 0 : 1
  count.bytes += message.size
  count.digest = addDigest(count.digest, messageDigest(message.uid, message.modSeq))
  count.uidMax = Math.max(count.uidMax, message.uid)
  count.modSeqMax = Math.max(count.modSeqMax, message.modSeq)
}

/** Entries end with time, the oldest first. A gap behind one that has not ended is a change that no client hears of. */
function addEntry(count: FolderCount, { sk, ttl }: Item, nowMs: number): void {
  const modSeq = Number(sk.slice(2))
  const isGap = count.entries > 0 && modSeq !== count.logged + 1 && count.endsSecond * 1000 > nowMs
  if (isGap) count.gap ??= `no entry between ${count.logged} and ${modSeq}`
  count.entries++
  count.logged = modSeq
  count.endsSecond = typeof ttl === 'number' ? ttl : Number.POSITIVE_INFINITY
}

async function* judge(
  { tables, nowMs }: CheckDeps,
  folder: FolderRecord | undefined,
  pk: string,
  count: FolderCount,
): AsyncGenerator<CheckFinding> {
  if (folder === undefined) {
    // The log of a folder that is gone ends by itself.
    if (count.exists === 0) return
    yield { kind: 'folder-items-stray', of: pk, found: `${count.exists} messages of no folder` }
    return
  }
  const { accountId, id, modSeq } = folder
  const key = folderKey(accountId, id)
  const of = nameOf(key)
  const asRead = { attribute: 'modSeq', is: '=', value: modSeq } as const
  const names = ['exists', 'unseen', 'deleted', 'bytes', 'digest'] as const
  const wrong = names.filter((name) => folder[name] !== count[name])
  if (wrong.length > 0) {
    const set = Object.fromEntries(wrong.map((name) => [name, count[name]]))
    const found = wrong.map((name) => `${name} ${folder[name]}, counted ${count[name]}`).join('; ')
    const mend = () => tables.mail.write({ update: key, changes: { set }, if: asRead })
    yield { kind: 'folder-counters', of, found: `says ${found}`, mend }
  }
  const least = Math.max(count.modSeqMax, count.logged)
  if (folder.uidNext <= count.uidMax || modSeq < least) {
    const set = {
      uidNext: Math.max(folder.uidNext, count.uidMax + 1),
      modSeq: Math.max(modSeq, least),
    }
    const mend = () => tables.mail.write({ update: key, changes: { set }, if: asRead })
    yield {
      kind: 'folder-numbers',
      of,
      found: `says uidNext ${folder.uidNext}, modSeq ${modSeq}; there are ${count.uidMax} and ${least}`,
      mend,
    }
  }
  const isTailMissing =
    count.entries > 0 && count.logged < modSeq && count.endsSecond * 1000 > nowMs
  const gap =
    count.gap ?? (isTailMissing ? `no entry after ${count.logged}, at ${modSeq}` : undefined)
  if (gap === undefined) return
  // Whoever finds no entry compares all uids; with this one the log says nothing of before.
  const mend = () => forgetLog(tables.mail, pk, modSeq)
  yield { kind: 'change-log-gap', of: pk, found: gap, mend }
}

/** Removes all entries up to there, so that clients compare all that is there instead of missing what the gap had. */
async function forgetLog(
  table: CheckDeps['tables']['mail'],
  pk: string,
  upTo: number,
): Promise<void> {
  let after: string | undefined
  do {
    const page = await table.query({
      pk,
      sk: { prefix: 'C#' },
      consistent: true,
      ...(after && { after }),
    })
    const old = page.items.filter(({ sk }) => Number(sk.slice(2)) <= upTo)
    await table.batchWrite(old.map((item) => ({ delete: { pk: item.pk, sk: item.sk } })))
    after = page.next
  } while (after !== undefined)
}
