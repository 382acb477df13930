// Table with faults: failing calls, conflicts and torn reads.

import { keyOfWrite } from '#shared/storage/limits.ts'
import type { Item, Key, Page, Query, Table, Write } from '#shared/storage/ports.ts'
import type { FaultGate } from './gate.ts'
import type { Fault } from './plan.ts'
import { TornReads } from './torn-reads.ts'

type Consistency = { readonly consistent?: boolean }

export class FaultyTable implements Table {
  readonly #table: Table
  readonly #gate: FaultGate
  readonly #name: string
  readonly #torn: TornReads

  constructor(
    table: Table,
    gate: FaultGate,
    parts: { readonly name: string; readonly random: () => number },
  ) {
    this.#table = table
    this.#gate = gate
    this.#name = parts.name
    this.#torn = new TornReads(table, parts.random)
  }

  get(key: Key, options?: Consistency): Promise<Item | undefined> {
    return this.#run('get', async () => {
      const item = await this.#table.get(key, options)
      this.#torn.seen([key], [item])
      return item
    })
  }

  batchGet(keys: readonly Key[], options?: Consistency): Promise<readonly (Item | undefined)[]> {
    return this.#run('batchGet', async (fault) => {
      const items = await this.#table.batchGet(keys, options)
      return fault === 'torn'
        ? this.#torn.tearBatch(keys, items, options?.consistent ?? false)
        : items
    })
  }

  query(query: Query): Promise<Page<Item>> {
    return this.#run('query', async (fault) => {
      const page = await this.#table.query(query)
      return fault === 'torn' ? this.#torn.tearPage(query, page) : page
    })
  }

  queryIndex(index: string, query: Omit<Query, 'consistent'>) {
    return this.#run('queryIndex', () => this.#table.queryIndex(index, query))
  }

  write(write: Exclude<Write, { readonly check: Key }>): Promise<Item | undefined> {
    return this.#run('write', () => this.#written([keyOfWrite(write)], this.#table.write(write)))
  }

  transact(writes: readonly Write[]): Promise<void> {
    return this.#run('transact', () => this.#torn.transact(writes))
  }

  transactGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    return this.#run('transactGet', async () => {
      const items = await this.#table.transactGet(keys)
      this.#torn.seen(keys, items)
      return items
    })
  }

  batchWrite(writes: readonly ({ readonly put: Item } | { readonly delete: Key })[]) {
    const keys = writes.map(keyOfWrite)
    return this.#run('batchWrite', () => this.#written(keys, this.#table.batchWrite(writes)))
  }

  async #written<T>(keys: readonly Key[], writing: Promise<T>): Promise<T> {
    this.#torn.written(keys)
    const answer = await writing
    this.#torn.written(keys)
    return answer
  }

  #run<T>(operation: string, effect: (fault: Fault | undefined) => Promise<T>): Promise<T> {
    return this.#gate.run({ port: 'table', name: this.#name, operation }, effect)
  }
}
