// Access tables as administrators change them. A table is there while it has entries. Every change of entries and of what the table's
// own item says of them is one transaction, so that whoever remembers a table (access-tables.ts) sees by its version that it changed.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Page, Table, Write } from '#shared/storage/ports.ts'
import { type AccessKey, networkSize } from './access-key.ts'
import {
  type AccessEntry,
  type AccessTableRecord,
  accessEntriesPk,
  accessEntryBytes,
  accessEntryItem,
  accessEntryKey,
  accessSortKey,
  accessTableKey,
  accessTablesPk,
  readAccessEntry,
  readAccessTable,
} from './access-records.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'

export interface AccessEntries {
  /** All tables, by name. */
  list(): AsyncIterable<AccessTableRecord>
  table(name: string): Promise<AccessTableRecord | undefined>
  get(table: string, key: AccessKey): Promise<AccessEntry | undefined>
  /** Of one table, in no order that means anything. `after`: `next` of the page before. */
  page(table: string, options: { readonly after?: string | undefined }): Promise<Page<AccessEntry>>
  /** Results in their order; of a key that comes twice the last counts. Some hundred at a time are done together, and stay done. */
  set(table: string, entries: readonly AccessEntry[]): Promise<readonly AccessEntrySet[]>
  /** What was there; undefined: nothing. */
  remove(table: string, keys: readonly AccessKey[]): Promise<readonly (AccessEntry | undefined)[]>
}

export type AccessEntrySet =
  | { readonly kind: 'added' | 'unchanged' }
  | { readonly kind: 'changed'; readonly before: string }

/** Of the writes of a transaction one is the table's own. */
const ENTRIES_AT_ONCE = 99
/** Of the 4 MB of a transaction. */
const BYTES_AT_ONCE = 1_000_000
const PAGE_ENTRIES = 500

/** What a change adds to the table's item. */
type Delta = { readonly [attribute: string]: number }

export function createAccessEntries(deps: {
  readonly table: Table
  readonly clock: Clock
}): AccessEntries {
  const { table: store, clock } = deps

  async function stored(table: string, keys: readonly AccessKey[]) {
    const [own, ...items] = await store.batchGet(
      [accessTableKey(table), ...keys.map((key) => accessEntryKey(table, key))],
      { consistent: true },
    )
    return {
      own: own && readAccessTable(own),
      entries: items.map((item) => item && readAccessEntry(item)),
    }
  }

  function tableWrite(own: AccessTableRecord | undefined, table: string, delta: Delta): Write {
    const key = accessTableKey(table)
    if (own === undefined) {
      return { put: { ...key, version: clock.now(), ...delta }, if: { absent: 'pk' } }
    }
    // What a transaction decided on is what the table was at this version.
    const unchanged = { attribute: 'version', is: '=', value: own.version } as const
    if (own.entries + (delta.entries ?? 0) === 0) return { delete: key, if: unchanged }
    return { update: key, changes: { add: { version: 1, ...delta } }, if: unchanged }
  }

  const setSome = (table: string, wanted: readonly AccessEntry[]) =>
    optimistic(async () => {
      const keys = wanted.map(({ key }) => key)
      const { own, entries: before } = await stored(table, keys)
      const writes: Write[] = []
      const deltas: Delta[] = []
      const results = wanted.map((entry, i): AccessEntrySet => {
        const was = before[i]
        if (was?.result === entry.result) return { kind: 'unchanged' }
        writes.push({ put: accessEntryItem(table, entry) })
        if (was !== undefined) deltas.push(deltaOf(was, -1))
        deltas.push(deltaOf(entry, 1))
        return was === undefined ? { kind: 'added' } : { kind: 'changed', before: was.result }
      })
      if (writes.length > 0) {
        await store.transact([tableWrite(own, table, sum(deltas)), ...writes])
      }
      return results
    })

  const removeSome = (table: string, keys: readonly AccessKey[]) =>
    optimistic(async () => {
      const { own, entries } = await stored(table, keys)
      const there = entries.filter((entry) => entry !== undefined)
      if (there.length > 0) {
        const deletes = there.map(({ key }) => ({ delete: accessEntryKey(table, key) }))
        const delta = sum(there.map((entry) => deltaOf(entry, -1)))
        await store.transact([tableWrite(own, table, delta), ...deletes])
      }
      return entries
    })

  return {
    async *list() {
      for await (const item of allItems(store, { pk: accessTablesPk })) yield readAccessTable(item)
    },

    async table(name) {
      const item = await store.get(accessTableKey(name), { consistent: true })
      return item && readAccessTable(item)
    },

    async get(table, key) {
      const item = await store.get(accessEntryKey(table, key), { consistent: true })
      return item && readAccessEntry(item)
    },

    async page(table, { after }) {
      const page = await store.query({
        pk: accessEntriesPk(table),
        limit: PAGE_ENTRIES,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      return { ...page, items: page.items.map(readAccessEntry) }
    },

    async set(table, entries) {
      const results = new Map<AccessEntry, AccessEntrySet>()
      const last = new Map(entries.map((entry) => [accessSortKey(entry.key), entry]))
      for (const some of inBatches([...last.values()])) {
        for (const [i, result] of (await setSome(table, some)).entries()) {
          const entry = some[i]
          if (entry !== undefined) results.set(entry, result)
        }
      }
      return entries.map((entry) => results.get(entry) ?? { kind: 'unchanged' })
    },

    async remove(table, keys) {
      const removed = new Map<string, AccessEntry>()
      const distinct = [...new Map(keys.map((key) => [accessSortKey(key), key])).values()]
      for (let at = 0; at < distinct.length; at += ENTRIES_AT_ONCE) {
        for (const entry of await removeSome(table, distinct.slice(at, at + ENTRIES_AT_ONCE))) {
          if (entry !== undefined) removed.set(accessSortKey(entry.key), entry)
        }
      }
      return keys.map((key) => removed.get(accessSortKey(key)))
    },
  }
}

function deltaOf(entry: AccessEntry, sign: 1 | -1): Delta {
  const { key } = entry
  return {
    entries: sign,
    bytes: sign * accessEntryBytes(entry),
    ...(key.kind === 'network' && { [networkSize(key.network)]: sign }),
  }
}

function sum(deltas: readonly Delta[]): Delta {
  const total: { [attribute: string]: number } = { entries: 0, bytes: 0 }
  for (const delta of deltas) {
    for (const [name, value] of Object.entries(delta)) total[name] = (total[name] ?? 0) + value
  }
  return total
}

/** What one transaction writes. */
function* inBatches(entries: readonly AccessEntry[]): Generator<readonly AccessEntry[]> {
  let batch: AccessEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const more = accessEntryBytes(entry)
    if (batch.length === ENTRIES_AT_ONCE || (batch.length > 0 && bytes + more > BYTES_AT_ONCE)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += more
  }
  if (batch.length > 0) yield batch
}
