// What folders are for (RFC 6154): a folder has any number of special uses, and a use belongs to one folder of the account at most.
// The folder's item lists its uses, and an item for each use names its folder, so that two folders of a use cannot come to be.

import type { AccountId, FolderId, FolderRef } from '#shared/contracts/mailbox.ts'
import {
  type Changes,
  type Condition,
  Conflict,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { readFolder } from './folder-reading.ts'
import { folderKey, useKey } from './keys.ts'
import { type FolderRecord, text, usesText } from './records.ts'

/**
 * Uses that a folder can be given (RFC 6154 §2, RFC 8457 §3), in the order they are told. Deliberately: \All, \Flagged and
 * \Important are advice to clients as the others are, and nothing gathers messages of other folders there.
 */
export const specialUses = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Important',
  '\\Junk',
  '\\Sent',
  '\\Trash',
] as const

/** Writes of one change of uses: the folder, the item of each use, each folder that loses one. */
export const USE_WRITES_MAX = 1 + 2 * specialUses.length

/** The uses of these names, in any case; undefined when one of them is unknown or stands twice. */
export function usesNamed(names: readonly string[]): readonly string[] | undefined {
  const given = new Set(names.map((name) => name.toLowerCase()))
  const uses = specialUses.filter((use) => given.has(use.toLowerCase()))
  return uses.length === names.length ? uses : undefined
}

/** Condition values cannot be null: a missing use is the one that is none of the others. */
export function hasUses({ specialUses: uses }: FolderRecord): Condition {
  const value = usesText(uses)
  return value === null
    ? { not: { attribute: 'specialUse', is: '>', value: '' } }
    : { attribute: 'specialUse', is: '=', value }
}

export const claimUses = (
  accountId: AccountId,
  uses: readonly string[],
  folderId: FolderId,
): Write[] =>
  uses.map((use) => ({ put: { ...useKey(accountId, use), folderId }, if: { absent: 'pk' } }))

/** To be written where the folder's uses are a condition. */
export const giveUpUses = ({ accountId, specialUses: uses }: FolderRecord): Write[] =>
  uses.map((use) => ({ delete: useKey(accountId, use) }))

export async function isAnyTaken(
  table: Table,
  accountId: AccountId,
  uses: readonly string[],
): Promise<boolean> {
  if (uses.length === 0) return false
  const keys = uses.map((use) => useKey(accountId, use))
  const found = await table.batchGet(keys, { consistent: true })
  return found.some((item) => item !== undefined)
}

/**
 * What gives a folder these uses and no others; whichever folder has one of them loses it. Undefined when there is no such folder. To be
 * written together, and read again when a condition fails. `more` is written into the folder besides.
 */
export async function useWrites(
  table: Table,
  ref: FolderRef,
  uses: readonly string[],
  more: Changes = {},
): Promise<Write[] | undefined> {
  const { accountId, id } = ref
  const folder = await readFolder(table, ref)
  if (!folder?.selectable) return undefined
  const leaving = folder.specialUses.filter((use) => !uses.includes(use))
  const coming = uses.filter((use) => !folder.specialUses.includes(use))
  if (leaving.length + coming.length === 0) {
    return Object.keys(more).length === 0 ? [] : [newUses(folder, uses, more)]
  }
  const holders = await table.batchGet(
    coming.map((use) => useKey(accountId, use)),
    { consistent: true },
  )
  const writes: Write[] = [newUses(folder, uses, more)]
  for (const use of leaving) writes.push({ delete: useKey(accountId, use), if: belongsTo(id) })
  const lost = new Map<FolderId, string[]>()
  for (const [i, use] of coming.entries()) {
    const item = holders[i]
    const holder = item && (text(item, 'folderId') as FolderId)
    writes.push({
      put: { ...useKey(accountId, use), folderId: id },
      if: holder === undefined ? { absent: 'pk' } : belongsTo(holder),
    })
    if (holder !== undefined) lost.set(holder, [...(lost.get(holder) ?? []), use])
  }
  for (const [otherId, gone] of lost) {
    const other = await readFolder(table, { accountId, id: otherId })
    if (other === undefined) throw new Conflict('a folder has gone')
    const left = other.specialUses.filter((use) => !gone.includes(use))
    writes.push(newUses(other, left))
  }
  return writes
}

const belongsTo = (folderId: FolderId): Condition => ({
  attribute: 'folderId',
  is: '=',
  value: folderId,
})

const newUses = (folder: FolderRecord, uses: readonly string[], more: Changes = {}): Write => ({
  update: folderKey(folder.accountId, folder.id),
  changes: { ...more, set: { ...more.set, specialUse: usesText(uses) } },
  if: { all: [{ exists: 'pk' }, { absent: 'removed' }, { absent: 'noselect' }, hasUses(folder)] },
})
