// What must be true of an account's items whatever happened before, computed anew from all of them. Reads the table directly
// and assumes that nothing is written meanwhile.

import { expect } from 'vitest'
import type { AccountId, BlobId, FolderId } from '#shared/contracts/mailbox.ts'
import { type LogEntry, logEntry } from '#shared/mailbox/change-log.ts'
import { addDigest, messageDigest } from '#shared/mailbox/digest.ts'
import { DELETED, SEEN } from '#shared/mailbox/flags.ts'
import { accountPk, blobKey, folderPk } from '#shared/mailbox/keys.ts'
import {
  type FolderRecord,
  folderRecord,
  type MessageRecord,
  messageRecord,
} from '#shared/mailbox/records.ts'
import { annotationSize } from '#shared/mailbox/usage-counting.ts'
import type { Item, Table } from '#shared/storage/ports.ts'

export type FolderTruth = {
  readonly folder: FolderRecord
  readonly messages: readonly MessageRecord[]
  readonly log: readonly LogEntry[]
}

/** Checks everything; returns the folders, hidden ones included. */
export async function checkAccount(
  table: Table,
  accountId: AccountId,
  known: { readonly folderIds: Iterable<FolderId>; readonly blobIds: Iterable<BlobId> },
): Promise<readonly FolderTruth[]> {
  const items = await allItems(table, accountPk(accountId))
  const folders = items.filter(({ sk }) => sk.startsWith('F#')).map(folderRecord)
  const truths: FolderTruth[] = []
  for (const folder of folders) truths.push(await checkFolder(table, folder))
  checkTree(items, folders)
  checkUsage(items, folders)
  const ids = new Set(folders.map(({ id }) => id))
  for (const id of known.folderIds) {
    if (!ids.has(id)) expect(await messagesOf(table, id)).toEqual([])
  }
  await checkReferences(table, truths, known.blobIds)
  return truths
}

async function checkFolder(table: Table, folder: FolderRecord): Promise<FolderTruth> {
  const messages = await messagesOf(table, folder.id)
  const log = (await allItems(table, folderPk(folder.id), 'C#')).map(logEntry)
  // One entry for each modseq, each uid new exactly once and in order.
  expect(log.map(({ modSeq }) => modSeq)).toEqual(
    Array.from({ length: folder.modSeq - 1 }, (_, i) => i + 2),
  )
  const came = log.flatMap(({ kind, uids }) => (kind === 'new' ? uids : []))
  expect(came).toEqual(Array.from({ length: folder.uidNext - 1 }, (_, i) => i + 1))
  expect(messages.map(({ uid }) => uid)).toEqual(uidsAt(log, folder.modSeq))
  for (const { uid, modSeq } of messages) {
    expect(modSeq).toBe(log.findLast(({ uids }) => uids.includes(uid))?.modSeq)
  }
  const { exists, unseen, deleted, bytes, digest } = folder
  expect({ exists, unseen, deleted, bytes, digest }).toEqual({
    exists: messages.length,
    unseen: messages.filter(({ flags }) => !(flags.bits & SEEN)).length,
    deleted: messages.filter(({ flags }) => flags.bits & DELETED).length,
    bytes: messages.reduce((sum, { size }) => sum + size, 0),
    digest: messages.reduce((sum, m) => addDigest(sum, messageDigest(m.uid, m.modSeq)), 0),
  })
  const keywords = new Set(messages.flatMap(({ flags }) => flags.keywords))
  expect(folder.keywords).toEqual(expect.arrayContaining([...keywords]))
  return { folder, messages, log }
}

/** The uids of a folder at a modseq, as its log tells them. */
export function uidsAt(log: readonly LogEntry[], modSeq: number): number[] {
  const uids = new Set<number>()
  for (const change of log) {
    if (change.modSeq > modSeq) break
    for (const uid of change.uids) {
      if (change.kind === 'new') uids.add(uid)
      else if (change.kind === 'expunge') uids.delete(uid)
    }
  }
  return [...uids].sort((a, b) => a - b)
}

/** What the account's USAGE holds is what its folders and annotations add up to. */
function checkUsage(items: readonly Item[], folders: readonly FolderRecord[]): void {
  for (const { counted, bytes, exists } of folders) {
    expect(counted).toEqual({ bytes, messages: exists })
  }
  const annotations = items.filter(({ sk }) => sk.startsWith('X#'))
  const usage = items.find(({ sk }) => sk === 'USAGE')
  if (usage === undefined) expect(folders).toEqual([])
  else {
    expect(usage).toMatchObject({
      complete: true,
      folders: folders.length,
      messages: folders.reduce((sum, { exists }) => sum + exists, 0),
      bytes: folders.reduce((sum, { bytes }) => sum + bytes, 0),
      subscriptions: items.filter(({ sk }) => sk.startsWith('S#')).length,
      annotations: annotations.length,
      annotationBytes: annotations.reduce((sum, item) => sum + annotationSize(item), 0),
    })
  }
}

function checkTree(items: readonly Item[], folders: readonly FolderRecord[]): void {
  const visible = folders.filter(({ removed }) => !removed)
  const guards = (prefix: string) =>
    items
      .filter(({ sk }) => sk.startsWith(prefix))
      .map(({ sk, folderId }) => `${sk} ${folderId}`)
      .sort()
  expect(guards('N#')).toEqual(
    visible.map(({ parentId, name, id }) => `N#${parentId ?? ''}#${name} ${id}`).sort(),
  )
  expect(guards('U#')).toEqual(
    visible.flatMap(({ specialUses, id }) => specialUses.map((use) => `U#${use} ${id}`)).sort(),
  )
  for (const folder of visible) {
    const children = visible.filter(({ parentId }) => parentId === folder.id)
    expect(folder.children).toBe(children.length)
    if (folder.parentId !== null) expect(visible.map(({ id }) => id)).toContain(folder.parentId)
  }
  const validities = folders.map(({ uidValidity }) => uidValidity)
  expect(new Set(validities).size).toBe(validities.length)
}

async function checkReferences(
  table: Table,
  truths: readonly FolderTruth[],
  blobIds: Iterable<BlobId>,
): Promise<void> {
  const refs = new Map<BlobId, number>()
  for (const { messages } of truths) {
    for (const { blobId } of messages) refs.set(blobId, (refs.get(blobId) ?? 0) + 1)
  }
  for (const id of new Set([...blobIds, ...refs.keys()])) {
    const item = await table.get(blobKey(id), { consistent: true })
    const wanted = refs.get(id) ?? 0
    // A blob that never got its first message has no item.
    if (item === undefined) expect({ id, wanted }).toEqual({ id, wanted: 0 })
    else {
      const dead = item.deadPk !== undefined
      expect({ id, refs: item.refs, dead }).toEqual({ id, refs: wanted, dead: wanted === 0 })
    }
  }
}

async function messagesOf(table: Table, folderId: FolderId): Promise<MessageRecord[]> {
  return (await allItems(table, folderPk(folderId), 'M#')).map(messageRecord)
}

async function allItems(table: Table, pk: string, prefix = ''): Promise<Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const page = await table.query({
      pk,
      ...(prefix === '' ? {} : { sk: { prefix } }),
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return items
}
