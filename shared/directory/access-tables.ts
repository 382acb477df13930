// What access tables say, for those who ask with every client, sender and recipient. A table that changes, in whatever process, is seen
// within two seconds: its version is read at most once a second, and while it is the same nothing else is. A small table is then held
// whole; of a large one the keys that are asked for are read. One that is not there, or has no entries, costs that one read.

import type { Clock } from '#shared/runtime/clock.ts'
import { firstBits, parseIpAddress } from '#shared/settings/networks.ts'
import type { InlineEntry, TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { Table } from '#shared/storage/ports.ts'
import {
  type AccessKey,
  accessKeyOf,
  canBeSet,
  formatAccessKey,
  type NetworkSize,
  networkSize,
  parseAccessKey,
  parseNetworkSize,
} from './access-key.ts'
import {
  type AccessEntry,
  type AccessTableRecord,
  accessEntriesPk,
  accessEntryKey,
  accessSortKey,
  accessTableKey,
  readAccessEntry,
  readAccessTable,
} from './access-records.ts'
import { allItems } from './pages.ts'

export interface AccessTables {
  /** The first of these keys that the table has. */
  lookup(table: TableRef, keys: readonly string[]): Promise<AccessHit | undefined>
  /** The address itself, or the smallest network around it. */
  lookupAddress(table: TableRef, address: string): Promise<AccessHit | undefined>
  /** Whether anything may be found by a text, so that nobody need find out a client's name for a table of networks. */
  hasTexts(table: TableRef): Promise<boolean>
}

/** `key`: as the table has it. */
export type AccessHit = { readonly key: string; readonly result: string }

/** Held whole up to these limits, in every process that asks. */
export const HELD_ENTRIES_MAX = 10_000
export const HELD_BYTES_MAX = 1_000_000

/** The version that was found is believed for so long. */
export const VERSION_MS = 1_000

export function createAccessTables(deps: {
  readonly table: Pick<Table, 'get' | 'batchGet' | 'query'>
  readonly clock: Pick<Clock, 'now'>
  readonly heldEntriesMax?: number
}): AccessTables {
  const { table: store, clock, heldEntriesMax = HELD_ENTRIES_MAX } = deps
  // As many as the configuration names.
  const watched = new Map<string, Watched>()
  const written = new WeakMap<TableRef, Content>()

  async function read(name: string, before: Read | undefined): Promise<Read> {
    const item = await store.get(accessTableKey(name), { consistent: true })
    const record = item && readAccessTable(item)
    if (record === undefined) return { version: undefined, content: empty }
    if (record.version === before?.version) return before
    const isSmall = record.entries <= heldEntriesMax && record.bytes <= HELD_BYTES_MAX
    const content = isSmall ? await held(name) : byKey(store, record)
    // The entries may be newer than the version; then it is found to have changed, and they are read again.
    return { version: record.version, content }
  }

  async function held(name: string): Promise<Content> {
    const entries: AccessEntry[] = []
    for await (const item of allItems(store, { pk: accessEntriesPk(name) })) {
      entries.push(readAccessEntry(item))
    }
    return holding(entries)
  }

  function contentOf(ref: TableRef): Content | Promise<Content> {
    if (ref.kind === 'static') return always(ref.result)
    if (ref.kind === 'table') {
      let found = watched.get(ref.name)
      if (found === undefined) {
        found = new Watched((before) => read(ref.name, before), clock)
        watched.set(ref.name, found)
      }
      return found.content()
    }
    const known = written.get(ref) ?? holding(ref.entries.map(inlineEntry))
    written.set(ref, known)
    return known
  }

  return {
    async lookup(ref, keys) {
      const content = await contentOf(ref)
      return content.lookup(keys.map(accessKeyOf).filter(canBeSet))
    },
    async lookupAddress(ref, address) {
      const content = await contentOf(ref)
      return content.lookup(await content.networksAround(address))
    },
    async hasTexts(ref) {
      return (await contentOf(ref)).hasTexts
    },
  }
}

type Content = {
  readonly hasTexts: boolean
  readonly lookup: (keys: readonly AccessKey[]) => Promise<AccessHit | undefined>
  /** Of the sizes that the table has, smallest first. */
  readonly networksAround: (address: string) => readonly AccessKey[]
}

type Read = { readonly version: number | undefined; readonly content: Content }

/** A table of the directory, read again when its version is too old to be believed. */
class Watched {
  readonly #read: (before: Read | undefined) => Promise<Read>
  readonly #clock: Pick<Clock, 'now'>
  #known: { readonly read: Read; readonly atMs: number } | undefined
  #reading: Promise<Content> | undefined

  constructor(read: (before: Read | undefined) => Promise<Read>, clock: Pick<Clock, 'now'>) {
    this.#read = read
    this.#clock = clock
  }

  /** Whoever comes while it is read waits for that. Nothing is remembered of a failure: an old answer could be a wrong yes. */
  content(): Content | Promise<Content> {
    const known = this.#known
    const atMs = this.#clock.now()
    if (known !== undefined && atMs - known.atMs < VERSION_MS && atMs >= known.atMs) {
      return known.read.content
    }
    this.#reading ??= this.#read(known?.read)
      .then((read) => {
        this.#known = { read, atMs }
        return read.content
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }
}

const empty: Content = {
  hasTexts: false,
  lookup: async () => undefined,
  networksAround: () => [],
}

/** As Postfix's static tables: whatever is asked for is there. */
function always(result: string): Content {
  return {
    // The address gets it as well as a name.
    hasTexts: false,
    async lookup([key]) {
      return key && { key: formatAccessKey(key), result }
    },
    networksAround: (address) => [accessKeyOf(address)],
  }
}

function inlineEntry({ key, result }: InlineEntry): AccessEntry {
  const parsed = parseAccessKey(key)
  return { key: 'fault' in parsed ? accessKeyOf(key) : parsed, result }
}

function holding(entries: readonly AccessEntry[]): Content {
  const results = new Map(entries.map(({ key, result }) => [accessSortKey(key), result]))
  const sizes = entries.flatMap(({ key }) =>
    key.kind === 'network' ? networkSize(key.network) : [],
  )
  return {
    hasTexts: sizes.length < entries.length,
    networksAround: around(sizes),
    async lookup(keys) {
      for (const key of keys) {
        const result = results.get(accessSortKey(key))
        if (result !== undefined) return { key: formatAccessKey(key), result }
      }
      return undefined
    },
  }
}

function byKey(store: Pick<Table, 'batchGet'>, record: AccessTableRecord): Content {
  let networks = 0
  for (const count of record.networks.values()) networks += count
  return {
    hasTexts: networks < record.entries,
    networksAround: around([...record.networks.keys()]),
    async lookup(keys) {
      if (keys.length === 0) return undefined
      const items = await store.batchGet(
        keys.map((key) => accessEntryKey(record.name, key)),
        { consistent: true },
      )
      const found = items.find((item) => item !== undefined)
      if (found === undefined) return undefined
      const { key, result } = readAccessEntry(found)
      return { key: formatAccessKey(key), result }
    },
  }
}

function around(sizes: readonly NetworkSize[]): Content['networksAround'] {
  const parsed = [...new Set(sizes)].flatMap((size) => parseNetworkSize(size) ?? [])
  const smallestFirst = parsed.toSorted((a, b) => b.prefixBits - a.prefixBits)
  return (text) => {
    const address = parseIpAddress(text)
    if (address === undefined) return []
    return smallestFirst
      .filter(({ family }) => family === address.family)
      .map(({ prefixBits }) => {
        const network = { address: firstBits(address, prefixBits), prefixBits }
        return { kind: 'network', network }
      })
  }
}
