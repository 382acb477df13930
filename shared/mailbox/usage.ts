// What an account stores, summed up in one item that every transaction keeps which changes a folder's counters, makes or removes a
// folder or writes annotations: so that a limit is a condition of the transaction itself, and reading it costs one item however many
// folders there are.
//
// What USAGE holds of a folder stands in the folder too (`counted`). A transaction adds the difference between what the folder will be
// and what is counted of it, so that folders of an older version are counted when they first change, and those that an older version
// changed meanwhile become right again.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Changes, Condition, Item, Table, Write } from '#shared/storage/ports.ts'
import { folderKey, usageKey } from './keys.ts'
import type { Used } from './quota.ts'
import type { FolderRecord } from './records.ts'

/** Writes of a transaction for USAGE. */
export const USAGE_WRITES = 1

export type Usage = Used & {
  /** Those that were removed and still hold messages too. */
  readonly folders: number
  readonly annotations: number
  readonly subscriptions: number
  /** Names and values. */
  readonly annotationBytes: number
  /** One more with every change of annotations. */
  readonly annotationChanges: number
  /** Appended by clients on the day, days since 1970 (UTC). */
  readonly appended: { readonly day: number; readonly bytes: number }
  /** False: an older version made the account, and not everything is counted yet. */
  readonly complete: boolean
}

export async function readUsage(table: Table, accountId: AccountId): Promise<Usage> {
  return usageRecord(await table.get(usageKey(accountId), { consistent: true }))
}

function usageRecord(item: Item | undefined): Usage {
  const count = (name: string) => {
    const value = item?.[name]
    return typeof value === 'number' ? value : 0
  }
  return {
    bytes: count('bytes'),
    messages: count('messages'),
    folders: count('folders'),
    annotations: count('annotations'),
    subscriptions: count('subscriptions'),
    annotationBytes: count('annotationBytes'),
    annotationChanges: count('annotationChanges'),
    appended: { day: count('appendedDay'), bytes: count('appendedBytes') },
    complete: item?.complete === true,
  }
}

/** What a transaction adds to USAGE; negative where it takes away. */
export type Growth = Used & { readonly folders: number }

export const noGrowth: Growth = { bytes: 0, messages: 0, folders: 0 }

export function growthTogether(all: readonly Growth[]): Growth {
  return all.reduce(
    (sum, { bytes, messages, folders }) => ({
      bytes: sum.bytes + bytes,
      messages: sum.messages + messages,
      folders: sum.folders + folders,
    }),
    noGrowth,
  )
}

/**
 * A folder in USAGE: what is to be set in it and asked of it in the transaction that writes it anyway, and what that adds. Nothing
 * where its counters stay as they are.
 */
export function countFolder(
  before: FolderRecord,
  after: { readonly bytes: number; readonly exists: number },
): {
  readonly growth: Growth
  readonly set: Changes['set']
  readonly asRead: readonly Condition[]
} {
  if (after.bytes === before.bytes && after.exists === before.exists) {
    return { growth: noGrowth, set: {}, asRead: [] }
  }
  return count(before, after)
}

function count(
  before: FolderRecord,
  { bytes, exists }: { readonly bytes: number; readonly exists: number },
) {
  const { counted } = before
  return {
    growth: {
      bytes: bytes - (counted?.bytes ?? 0),
      messages: exists - (counted?.messages ?? 0),
      folders: counted === null ? 1 : 0,
    },
    set: { countedBytes: bytes, countedMessages: exists },
    asRead: countedAsRead(before),
  }
}

export const isCounted = ({ counted, bytes, exists }: FolderRecord) =>
  counted?.bytes === bytes && counted.messages === exists

/** Counting does not raise the folder's modseq: so where it may happen, what is counted is a condition of its own. */
export function countedAsRead(folder: FolderRecord): readonly Condition[] {
  const { counted } = folder
  if (isCounted(folder)) return []
  if (counted === null) return [{ absent: 'countedBytes' }]
  return [
    { attribute: 'countedBytes', is: '=', value: counted.bytes },
    { attribute: 'countedMessages', is: '=', value: counted.messages },
  ]
}

/** Counts a folder as it is. */
export function countAsItIs(folder: FolderRecord): {
  readonly growth: Growth
  readonly write: Write
} {
  const { growth, set, asRead } = count(folder, folder)
  const { accountId, id, modSeq } = folder
  const at: Condition = { attribute: 'modSeq', is: '=', value: modSeq }
  return {
    growth,
    write: {
      update: folderKey(accountId, id),
      changes: { ...(set === undefined ? {} : { set }) },
      if: { all: [at, ...asRead] },
    },
  }
}

export type UsageChange = {
  readonly set?: NonNullable<Changes['set']>
  readonly add?: NonNullable<Changes['add']>
  readonly if?: readonly Condition[]
}

/** The write for USAGE; none where nothing changes. */
export function usageWrites(
  accountId: AccountId,
  growth: Growth,
  { set = {}, add = {}, if: conditions = [] }: UsageChange = {},
): Write[] {
  const grown = Object.entries({ ...growth, ...add }).filter(([, value]) => value !== 0)
  if (grown.length === 0 && Object.keys(set).length === 0) return []
  return [
    {
      update: usageKey(accountId),
      changes: {
        ...(grown.length > 0 && { add: Object.fromEntries(grown) }),
        ...(Object.keys(set).length > 0 && { set }),
      },
      ...(conditions.length > 0 && { if: { all: conditions } }),
    },
  ]
}

/** `attribute + grows <= limit`, as a condition: those compare with values only. */
export function staysWithin(attribute: keyof Usage, limit: number, grows: number): Condition {
  return { attribute, is: '<=', value: limit - grows }
}
