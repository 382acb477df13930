// Accounts that an older version made: their folders and annotations are counted once, by whoever needs to know first. What others
// change meanwhile they count themselves, and conditions keep everything from being counted twice.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import {
  type Condition,
  ConditionFailed,
  type Item,
  type Table,
  type Value,
  type Write,
} from '#shared/storage/ports.ts'
import {
  accountPk,
  annotationsPrefix,
  folderKey,
  foldersPrefix,
  subscriptionsPrefix,
  usageKey,
} from './keys.ts'
import { type FolderRecord, folderRecord } from './records.ts'
import { retrying } from './retry.ts'
import {
  countAsItIs,
  growthTogether,
  isCounted,
  noGrowth,
  readUsage,
  type Usage,
  usageWrites,
} from './usage.ts'

type Deps = { readonly table: Table; readonly clock: Clock }

/** Items counted in one transaction: few enough to be tried again when one of them changes. */
const COUNTED_TOGETHER_MAX = 40
/** Items of one page, read in one piece of work. */
const PAGE_ITEMS_MAX = 500

/** With everything counted. */
export async function readCompleteUsage(deps: Deps, accountId: AccountId): Promise<Usage> {
  const usage = await readUsage(deps.table, accountId)
  if (usage.complete) return usage
  for await (const page of itemsOf(deps.table, accountPk(accountId), foldersPrefix)) {
    await countFolders(deps, accountId, page.map(folderRecord))
  }
  await countAnnotations(deps, accountId)
  await countSubscriptions(deps, accountId)
  await deps.table.write({
    update: usageKey(accountId),
    // Limits are conditions, which no missing attribute meets.
    changes: { set: { complete: true }, add: zeros },
  })
  return readUsage(deps.table, accountId)
}

const zeros = {
  bytes: 0,
  messages: 0,
  folders: 0,
  annotations: 0,
  subscriptions: 0,
  annotationBytes: 0,
  annotationChanges: 0,
} as const

/** USAGE of an account that is just being made, with so many folders, all of them subscribed. */
export const firstUsage = (accountId: AccountId, folders: number): Write => ({
  update: usageKey(accountId),
  changes: { set: { complete: true }, add: { ...zeros, folders, subscriptions: folders } },
})

/** Those that are not counted yet, or that an older version has changed since. */
export async function countFolders(
  deps: Deps,
  accountId: AccountId,
  folders: readonly FolderRecord[],
): Promise<void> {
  const uncounted = folders.filter((folder) => !isCounted(folder))
  for (const some of chunks(uncounted, COUNTED_TOGETHER_MAX)) {
    await countTogether(deps, accountId, some)
  }
}

function countTogether(
  { table, clock }: Deps,
  accountId: AccountId,
  folders: readonly FolderRecord[],
): Promise<void> {
  const keys = folders.map(({ id }) => folderKey(accountId, id))
  return retrying(clock, async () => {
    const items = await table.batchGet(keys, { consistent: true })
    const now = items.filter((item) => item !== undefined).map(folderRecord)
    const counted = now.filter((folder) => !isCounted(folder)).map(countAsItIs)
    if (counted.length === 0) return
    await table.transact([
      ...counted.map(({ write }) => write),
      ...usageWrites(accountId, growthTogether(counted.map(({ growth }) => growth))),
    ])
  })
}

async function countAnnotations({ table, clock }: Deps, accountId: AccountId): Promise<void> {
  for await (const page of itemsOf(table, accountPk(accountId), annotationsPrefix)) {
    for (const item of page.filter(({ bytes }) => bytes === undefined)) {
      const bytes = annotationSize(item)
      const add = { annotations: 1, annotationBytes: bytes, annotationChanges: 1 }
      const counted: Write = {
        update: { pk: item.pk, sk: item.sk },
        changes: { set: { bytes } },
        if: { all: [{ exists: 'pk' }, { absent: 'bytes' }] },
      }
      await retrying(clock, async () => {
        try {
          await table.transact([counted, ...usageWrites(accountId, noGrowth, { add })])
        } catch (error) {
          // Somebody set or removed it at this moment, and has counted it.
          if (!(error instanceof ConditionFailed)) throw error
        }
      })
    }
  }
}

/** There, and of an older version. */
export const notCounted: Condition = { all: [{ exists: 'pk' }, { absent: 'counted' }] }

async function countSubscriptions({ table, clock }: Deps, accountId: AccountId): Promise<void> {
  for await (const page of itemsOf(table, accountPk(accountId), subscriptionsPrefix)) {
    const keys = page
      .filter(({ counted }) => counted === undefined)
      .map(({ pk, sk }) => ({ pk, sk }))
    for (const some of chunks(keys, COUNTED_TOGETHER_MAX)) {
      await retrying(clock, async () => {
        const items = await table.batchGet(some, { consistent: true })
        const left = some.filter((_, n) => {
          const item = items[n]
          return item !== undefined && item.counted === undefined
        })
        if (left.length === 0) return
        await table.transact([
          ...left.map((key) => ({
            update: key,
            changes: { set: { counted: true } },
            if: notCounted,
          })),
          ...usageWrites(accountId, noGrowth, { add: { subscriptions: left.length } }),
        ])
      })
    }
  }
}

/** What an annotation counts for: its name and its value. */
export function annotationSize({
  sk,
  value,
}: {
  readonly sk: string
  readonly value?: Value
}): number {
  return Buffer.byteLength(sk) + (value instanceof Uint8Array ? value.length : 0)
}

/** Page by page, with a turn for others between them. */
export async function* itemsOf(
  table: Table,
  pk: string,
  prefix: string,
): AsyncGenerator<readonly Item[]> {
  let after: string | undefined
  do {
    const page = await table.query({
      pk,
      sk: { prefix },
      consistent: true,
      limit: PAGE_ITEMS_MAX,
      ...(after === undefined ? {} : { after }),
    })
    yield page.items
    const wait = turns.step()
    if (wait) await wait
    after = page.next
  } while (after !== undefined)
}
