// A table for whoever rehearses: it reads what is stored, and what it writes stands in its own memory only.

import { applyChanges } from './changes.ts'
import { holds } from './condition.ts'
import {
  ConditionFailed,
  type Item,
  type Key,
  StorageMisuse,
  type Table,
  type Write,
} from './ports.ts'

export type RehearsalTable = Pick<Table, 'get' | 'batchGet' | 'query' | 'write' | 'batchWrite'>

export function createRehearsalTable(stored: RehearsalTable): RehearsalTable {
  const written = new Map<string, Item | undefined>()
  const nameOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk])

  async function get(key: Key, options?: { readonly consistent?: boolean }) {
    const name = nameOf(key)
    return written.has(name) ? written.get(name) : stored.get(key, options)
  }

  /** As it will be. */
  function after(write: Exclude<Write, { readonly check: Key }>, item: Item | undefined) {
    if ('put' in write) return write.put
    return 'update' in write ? applyChanges(item, write.update, write.changes) : undefined
  }

  return {
    get,
    batchGet: (keys, options) => Promise.all(keys.map((key) => get(key, options))),
    // What was written is not found by it: nobody who rehearses looks for his own writes so.
    query: (query) => stored.query(query),
    async write(write) {
      const key = 'put' in write ? write.put : 'update' in write ? write.update : write.delete
      const item = await get(key, { consistent: true })
      if (write.if !== undefined && !holds(write.if, item)) {
        throw new ConditionFailed([{ position: 0, item }])
      }
      const changed = after(write, item)
      written.set(nameOf(key), changed)
      return changed
    },
    async batchWrite(writes) {
      for (const write of writes) {
        if ('put' in write) written.set(nameOf(write.put), write.put)
        else written.set(nameOf(write.delete), undefined)
      }
    },
  }
}

/** Whatever else a table can do is not rehearsed. */
export function asTable(rehearsed: RehearsalTable): Table {
  const refuse = () => Promise.reject(new StorageMisuse('transactions are not rehearsed'))
  return { ...rehearsed, queryIndex: refuse, transact: refuse, transactGet: refuse }
}
