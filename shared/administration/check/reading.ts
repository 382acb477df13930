// What a check reads: all items of a table, in any order of partitions but each partition in one piece and its items in their order.

import type { Item, Key, Table, TableName } from '#shared/storage/ports.ts'

export interface StoreReading {
  /** `prefix`: of partition keys; others may come too. */
  items(table: TableName, prefix: string): AsyncIterable<Item>
  get(table: TableName, key: Key): Promise<Item | undefined> | Item | undefined
  /** Bytes of an object. */
  objectBytes(key: string): Promise<number | undefined> | number | undefined
  objects(): AsyncIterable<StoredObject> | Iterable<StoredObject>
}

export type StoredObject = { readonly key: string; readonly bytes: number }

export type CheckDeps = {
  readonly reading: StoreReading
  readonly tables: { readonly [name in TableName]: Table }
  readonly nowMs: number
}

/** Those of them that begin so, with a turn for others now and then. */
export async function* itemsOf(
  { reading }: CheckDeps,
  table: TableName,
  prefix: string,
): AsyncGenerator<Item> {
  for await (const item of reading.items(table, prefix)) {
    if (item.pk.startsWith(prefix)) yield item
  }
}

export const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`
