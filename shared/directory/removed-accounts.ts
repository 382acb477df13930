// Accounts that were removed, while something of them may be left: an account goes in one transaction and its mail afterwards, and what is on
// its way to it comes later still. Who removes one deletes its mail and its items in the directory at once; the collector looks again, and after a
// crash it is the only one who knows.
//
//   REMOVED / <id>   atMs; written in the transaction that removes the account, and gone when nothing of it is left

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Key, Table, Write } from '#shared/storage/ports.ts'
import { parseAccountId } from './account-id.ts'
import { allItems } from './pages.ts'
import { accountKey } from './records.ts'

export interface RemovedAccounts {
  /** Those that were removed before this time. */
  before(ms: number): AsyncIterable<AccountId>
  /** Deletes what is left of it in the directory: scripts, tokens. Tells how many items that were. */
  clear(id: AccountId): Promise<number>
  /** Nothing of it is left. */
  forget(id: AccountId): Promise<void>
}

const PK = 'REMOVED'
const removedKey = (id: AccountId): Key => ({ pk: PK, sk: id })

export const noteRemoved = (id: AccountId, atMs: number): Write => ({
  put: { ...removedKey(id), atMs },
})

export function createRemovedAccounts({
  table,
}: {
  readonly table: Pick<Table, 'query' | 'write'>
}): RemovedAccounts {
  return {
    async *before(ms) {
      for await (const { sk, atMs } of allItems(table, { pk: PK })) {
        const id = parseAccountId(sk)
        if (id !== undefined && Number(atMs) < ms) yield id
      }
    },
    async clear(id) {
      const { pk } = accountKey(id)
      let cleared = 0
      for await (const { sk } of allItems(table, { pk })) {
        await table.write({ delete: { pk, sk } })
        cleared++
      }
      return cleared
    },
    async forget(id) {
      await table.write({ delete: removedKey(id) })
    },
  }
}
