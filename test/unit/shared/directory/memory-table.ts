import { applyChanges } from '#shared/storage/changes.ts'
import { compareUtf8, holds } from '#shared/storage/condition.ts'
import { keyOfWrite } from '#shared/storage/limits.ts'
import {
  ConditionFailed,
  type Item,
  type Key,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'

/** The least of a Table that the directory needs, with pages of two items. */
export function memoryTable(): Table {
  const items = new Map<string, Item>()
  const name = (key: Key) => `${key.pk}\0${key.sk}`
  const apply = (writes: readonly Write[]) => {
    const failed = writes.flatMap((write, position) => {
      const item = items.get(name(keyOfWrite(write)))
      return write.if === undefined || holds(write.if, item) ? [] : [{ position, item }]
    })
    if (failed.length > 0) throw new ConditionFailed(failed)
    for (const write of writes) {
      const at = name(keyOfWrite(write))
      if ('put' in write) items.set(at, write.put)
      if ('delete' in write) items.delete(at)
      if ('update' in write) items.set(at, applyChanges(items.get(at), write.update, write.changes))
    }
  }
  return {
    get: async (key) => items.get(name(key)),
    batchGet: async (keys) => keys.map((key) => items.get(name(key))),
    async query({ pk, after = '' }) {
      const found = [...items.values()]
        .filter((item) => item.pk === pk && compareUtf8(item.sk, after) > 0)
        .sort((a, b) => compareUtf8(a.sk, b.sk))
      const page = found.slice(0, 2)
      const last = page.at(-1)
      return found.length > 2 && last ? { items: page, next: last.sk } : { items: page }
    },
    async write(write) {
      apply([write])
      return items.get(name(keyOfWrite(write)))
    },
    transact: async (writes) => apply(writes),
    queryIndex: () => Promise.reject(new Error('not here')),
    transactGet: () => Promise.reject(new Error('not here')),
    batchWrite: () => Promise.reject(new Error('not here')),
  }
}
