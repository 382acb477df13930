// All that is committed at one moment, read from its beginning to its end by whoever checks or rewrites a store. While it is open pages
// are not used again, so the file grows by what is written meanwhile.

import type { Transaction } from 'lmdb'
import { turns } from '#shared/runtime/turns.ts'
import type { Item, Key, TableName } from '../ports.ts'
import type { Environment } from './environment.ts'
import { keyBytes, keyOfBytes } from './keys.ts'
import type { ObjectRecord, ObjectRecords } from './object-records.ts'
import type { EmbeddedTable } from './table.ts'
import { decodeItem } from './values.ts'

export type RawEntry = { readonly key: Uint8Array; readonly value: Uint8Array }

export interface StoreView extends AsyncDisposable {
  /** In the order of their keys, expired ones too; of partitions that begin so. What cannot be read is told of by `faults.ts`. */
  items(table: TableName, prefix?: string): AsyncIterable<Item>
  /** The same, not decoded. */
  entries(table: TableName): AsyncIterable<RawEntry>
  get(table: TableName, key: Key): Item | undefined
  objects(): Iterable<{ readonly key: string } & ObjectRecord>
  objectBytes(key: string): number | undefined
}

export function openView(
  environment: Environment,
  tables: { readonly [name in TableName]: EmbeddedTable },
  records: ObjectRecords,
): StoreView {
  const transaction: Transaction = environment.snapshot()
  return {
    async *items(table, prefix = '') {
      const start = Buffer.from(prefix)
      for (const { key, value } of tables[table].files.items.getRange({ start, transaction })) {
        const wait = turns.step()
        if (wait) await wait
        const { pk, sk } = keyOfBytes(key)
        if (!pk.startsWith(prefix)) return
        const item = readable(pk, sk, value)
        if (item !== undefined) yield item
      }
    },
    async *entries(table) {
      for (const entry of tables[table].files.items.getRange({ transaction })) {
        const wait = turns.step()
        if (wait) await wait
        yield entry
      }
    },
    get(table, key) {
      const value = tables[table].files.items.get(keyBytes(key), { transaction })
      return value === undefined ? undefined : decodeItem(key.pk, key.sk, value)
    },
    objects: () => records.all(transaction),
    objectBytes: (key) => records.get(key, transaction)?.bytes,
    [Symbol.asyncDispose]: async () => transaction.done(),
  }
}

function readable(pk: string, sk: string, value: Uint8Array): Item | undefined {
  try {
    return decodeItem(pk, sk, value)
  } catch {
    return undefined
  }
}
