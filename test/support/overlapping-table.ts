// A table that cancels transactions that meet on an item, as DynamoDB does and the embedded driver and DynamoDB Local do not: of
// two that are under way at once and share an item the later one is cancelled, and so is a single write to an item of a transaction
// under way. Works on either driver. How long requests are under way is the test's business.

import { keyOfWrite } from '#shared/storage/limits.ts'
import {
  Conflict,
  type Item,
  type Key,
  type Query,
  type Store,
  type Table,
  type TableName,
  type Write,
} from '#shared/storage/ports.ts'

/** How often requests were made and cancelled. */
export type Overlaps = {
  transactions: number
  cancelledTransactions: number
  cancelledWrites: number
}

export class OverlappingTable implements Table {
  readonly counts: Overlaps = { transactions: 0, cancelledTransactions: 0, cancelledWrites: 0 }
  readonly #table: Table
  readonly #latency: () => Promise<void>
  readonly #underWay = new Set<string>()

  /** `latency`: the time that a write is under way. */
  constructor(table: Table, latency: () => Promise<void>) {
    this.#table = table
    this.#latency = latency
  }

  async transact(writes: readonly Write[]): Promise<void> {
    this.counts.transactions++
    await this.#holding(
      writes.map((write) => nameOf(keyOfWrite(write))),
      () => this.#table.transact(writes),
      () => this.counts.cancelledTransactions++,
    )
  }

  async transactGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    if (keys.some((key) => this.#underWay.has(nameOf(key)))) throw new Conflict('overlapping read')
    return this.#table.transactGet(keys)
  }

  /** Single writes queue up behind each other; only a transaction is in their way. */
  async write(write: Exclude<Write, { readonly check: Key }>): Promise<Item | undefined> {
    if (this.#underWay.has(nameOf(keyOfWrite(write)))) {
      this.counts.cancelledWrites++
      await this.#latency()
      throw new Conflict('overlapping write')
    }
    await this.#latency()
    return this.#table.write(write)
  }

  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined> {
    return this.#table.get(key, options)
  }

  batchGet(keys: readonly Key[], options?: { readonly consistent?: boolean }) {
    return this.#table.batchGet(keys, options)
  }

  query(query: Query) {
    return this.#table.query(query)
  }

  queryIndex(index: string, query: Omit<Query, 'consistent'>) {
    return this.#table.queryIndex(index, query)
  }

  batchWrite(writes: readonly ({ readonly put: Item } | { readonly delete: Key })[]) {
    return this.#table.batchWrite(writes)
  }

  async #holding(
    names: readonly string[],
    write: () => Promise<void>,
    cancelled: () => void,
  ): Promise<void> {
    if (names.some((name) => this.#underWay.has(name))) {
      cancelled()
      await this.#latency()
      throw new Conflict('overlapping transaction')
    }
    for (const name of names) this.#underWay.add(name)
    try {
      await this.#latency()
      await write()
    } finally {
      for (const name of names) this.#underWay.delete(name)
    }
  }
}

const nameOf = ({ pk, sk }: Key) => `${pk}\0${sk}`

/** The store with tables that cancel. Disposing it disposes the store. */
export function withOverlaps(
  store: Store,
  latency: () => Promise<void>,
): Store & { readonly overlaps: { readonly [name in TableName]: Overlaps } } {
  const table = (name: TableName) => new OverlappingTable(store.tables[name], latency)
  const tables = {
    directory: table('directory'),
    mail: table('mail'),
    queue: table('queue'),
    counters: table('counters'),
  }
  return {
    ...store,
    tables,
    overlaps: {
      directory: tables.directory.counts,
      mail: tables.mail.counts,
      queue: tables.queue.counts,
      counters: tables.counters.counts,
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
