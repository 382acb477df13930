// Table on lmdb. Reads are synchronous inside, from one snapshot; writes share group commits. Expired items are hidden from
// reads but stay visible to conditions until `purgeExpired` removes them.

import { setImmediate } from 'node:timers/promises'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import {
  checkKey,
  checkPartitionKey,
  checkRange,
  checkTransaction,
  checkTransactionKeys,
  checkWrite,
  pageLimit,
} from '../limits.ts'
import {
  ConditionFailed,
  type IndexEntry,
  type Item,
  type Key,
  type Page,
  type Query,
  StorageMisuse,
  type Table,
  type TableLayout,
  type Write,
} from '../ports.ts'
import type { Environment } from './environment.ts'
import { applyWrites, type Outcome, type Prepared, prepare } from './item-writes.ts'
import { boundsOf, keyBytes, keyOfBytes, keyOfToken, textAfter, tokenOf } from './keys.ts'
import { type Entry, scan } from './scan.ts'
import { TableFiles } from './table-files.ts'
import { decodeItem } from './values.ts'

/** Bytes of stored items on one page, about. */
const PAGE_BYTES_MAX = 1_000_000
/** Items read or written before other work of the process gets its turn. */
const BATCH_ITEMS_MAX = 100

export class EmbeddedTable implements Table {
  readonly #environment: Environment
  readonly #clock: Clock
  readonly files: TableFiles

  constructor(environment: Environment, layout: TableLayout, clock: Clock) {
    this.#environment = environment
    this.#clock = clock
    this.files = new TableFiles(environment, layout)
  }

  async get(key: Key, options: { readonly consistent?: boolean } = {}): Promise<Item | undefined> {
    this.#beginRead(options.consistent)
    checkKey(key)
    return this.#visible(this.files.read(key, keyBytes(key)))
  }

  async batchGet(
    keys: readonly Key[],
    options: { readonly consistent?: boolean } = {},
  ): Promise<readonly (Item | undefined)[]> {
    for (const key of keys) checkKey(key)
    const items: (Item | undefined)[] = []
    for (const [position, key] of keys.entries()) {
      if (position > 0 && position % BATCH_ITEMS_MAX === 0) await setImmediate()
      if (position % BATCH_ITEMS_MAX === 0) this.#beginRead(options.consistent)
      items.push(this.#visible(this.files.read(key, keyBytes(key))))
    }
    return items
  }

  async transactGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    checkTransactionKeys(keys)
    this.#beginRead(true)
    return keys.map((key) => this.#visible(this.files.read(key, keyBytes(key))))
  }

  async query(query: Query): Promise<Page<Item>> {
    // Between the pages of a long answer others have their turn.
    const wait = query.after === undefined ? undefined : turns.step()
    if (wait) await wait
    this.#beginRead(query.consistent)
    const pkBytes = checkQuery(query)
    const limit = pageLimit(query.limit)
    return page(this.files.items, query, limit, ({ key, value }) =>
      this.#visible(decodeItem(query.pk, textAfter(key, pkBytes), value)),
    )
  }

  async queryIndex(index: string, query: Omit<Query, 'consistent'>): Promise<Page<IndexEntry>> {
    this.#beginRead(false)
    const definition = this.files.indexes.get(index)
    if (definition === undefined) {
      throw new StorageMisuse(`table ${this.files.layout.name} has no index ${index}`)
    }
    const pkBytes = checkQuery(query)
    return page(definition.entries, query, pageLimit(query.limit), ({ key, value }) => ({
      ...keyOfBytes(value),
      indexPk: query.pk,
      indexSk: indexSkOf(key, pkBytes),
    }))
  }

  async write(write: Exclude<Write, { readonly check: Key }>): Promise<Item | undefined> {
    this.#environment.assertOpen()
    const [item] = await this.#commit([prepare(checkWrite(write, this.files.layout))])
    return item
  }

  async transact(writes: readonly Write[]): Promise<void> {
    this.#environment.assertOpen()
    const checked = checkTransaction(writes, this.files.layout)
    if (checked.length > 0) await this.#commit(checked.map(prepare))
  }

  async batchWrite(
    writes: readonly ({ readonly put: Item } | { readonly delete: Key })[],
  ): Promise<void> {
    this.#environment.assertOpen()
    // The last write of a key wins: writes of one transaction must be on distinct keys.
    const byKey = new Map<string, Prepared>()
    for (const write of writes) {
      const prepared = prepare(checkWrite(write, this.files.layout))
      byKey.set(`${prepared.key.pk}\0${prepared.key.sk}`, prepared)
    }
    const distinct = [...byKey.values()]
    const commits: Promise<unknown>[] = []
    for (let first = 0; first < distinct.length; first += BATCH_ITEMS_MAX) {
      commits.push(this.#commit(distinct.slice(first, first + BATCH_ITEMS_MAX)))
    }
    await Promise.all(commits)
  }

  async #commit(writes: readonly Prepared[]): Promise<readonly (Item | undefined)[]> {
    const outcome = await this.#environment.commit<Outcome>(() => applyWrites(this.files, writes))
    switch (outcome.kind) {
      case 'written':
        return outcome.items
      case 'failed':
        throw new ConditionFailed(outcome.failed)
      case 'misuse':
        throw outcome.error
    }
  }

  #beginRead(consistent: boolean | undefined): void {
    this.#environment.assertOpen()
    if (consistent === true) this.#environment.refresh()
  }

  #visible(item: Item | undefined): Item | undefined {
    const ttl = item?.ttl
    return typeof ttl === 'number' && ttl * 1000 < this.#clock.now() ? undefined : item
  }
}

/** Checks the query's keys and returns the size of its partition key. */
function checkQuery(query: Omit<Query, 'consistent'>): number {
  if (query.sk !== undefined) checkRange(query.sk)
  return checkPartitionKey(query.pk)
}

/** One page of a range; entries that decode to undefined (expired) count for its size but are not on it. */
function page<T>(
  database: TableFiles['items'],
  query: Omit<Query, 'consistent'>,
  limit: number,
  decode: (entry: Entry) => T | undefined,
): Page<T> {
  const bounds = boundsOf(query.pk, query.sk)
  const after = query.after === undefined ? undefined : keyOfToken(query.after, bounds)
  const items: T[] = []
  let bytes = 0
  let last: Uint8Array | undefined
  for (const entry of scan(database, { ...bounds, reverse: query.reverse ?? false, after })) {
    if (last !== undefined && (items.length >= limit || bytes >= PAGE_BYTES_MAX)) {
      return { items, next: tokenOf(last) }
    }
    const item = decode(entry)
    if (item !== undefined) items.push(item)
    bytes += entry.value.length
    last = entry.key
  }
  return { items }
}

function indexSkOf(key: Uint8Array, pkBytes: number): string {
  const buffer = asBuffer(key)
  return buffer.toString('utf8', pkBytes + 1, buffer.indexOf(0, pkBytes + 1))
}
