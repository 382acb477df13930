// A folder as it begins, its names and its UIDVALIDITY; and those that every account begins with.

import { randomBytes } from 'node:crypto'
import type { AccountId, FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Table, type Write } from '#shared/storage/ports.ts'
import { INBOX, normalName } from './folder-path.ts'
import { nameKey, stateKey, subscriptionKey } from './keys.ts'
import { type FolderRecord, folderItem, number } from './records.ts'
import { claimUses } from './special-use.ts'
import { firstUsage } from './usage-counting.ts'

/** Folders every account begins with, and their RFC 6154 special use. All of them are subscribed. */
export const defaultFolders = [
  { name: INBOX, specialUses: [] },
  { name: 'Drafts', specialUses: ['\\Drafts'] },
  { name: 'Sent', specialUses: ['\\Sent'] },
  { name: 'Junk', specialUses: ['\\Junk'] },
  { name: 'Trash', specialUses: ['\\Trash'] },
  { name: 'Archive', specialUses: ['\\Archive'] },
] as const

/** Makes them, unless somebody else does. */
export async function createDefaults(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  accountId: AccountId,
): Promise<void> {
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

const folderIdBytes = 9
export const newId = () => randomBytes(folderIdBytes).toString('base64url')

export function newFolder(given: {
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
    uidGap: 0,
    broughtIn: false,
  }
}

/** All there is of it, on condition that its name is free. */
export const creation = (folder: FolderRecord): Write[] => [
  { put: folderItem(folder), if: { absent: 'pk' } },
  {
    put: { ...nameKey(folder.accountId, folder.parentId, folder.name), folderId: folder.id },
    if: { absent: 'pk' },
  },
  ...claimUses(folder.accountId, folder.specialUses, folder.id),
]

/** Seconds since 1970 unless more folders were made than seconds passed: never goes back (RFC 9051 §2.3.1.1). */
export function nextUidValidity(state: Item | undefined, nowMs: number): number {
  return Math.max(state ? number(state, 'nextUidValidity') : 1, Math.floor(nowMs / 1000))
}

export function advanceUidValidity(
  accountId: AccountId,
  state: Item | undefined,
  next: number,
): Write {
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
