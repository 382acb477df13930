// The promises of the Table port (shared/storage/ports.ts), for any driver. Split by promise: reading and writing one item,
// conditions, changes, transactions, queries, indexes.

import { afterAll, beforeAll, describe } from 'vitest'
import type { Store } from '#shared/storage/ports.ts'
import type { Open, SuiteOptions } from '#test/support/storage.ts'
import { conditionCases } from './table-conditions.ts'
import { indexCases } from './table-indexes.ts'
import { itemCases } from './table-items.ts'
import { queryCases } from './table-queries.ts'
import { transactionCases } from './table-transactions.ts'
import { updateCases } from './table-updates.ts'

/** One store for all cases: each uses keys of its own. */
export type TableCases = (tables: () => Store['tables'], options: SuiteOptions) => void

export function describeTable(name: string, open: Open, options: SuiteOptions = {}): void {
  describe(`${name}: Table`, () => {
    let store: Store
    let close: () => Promise<void>
    beforeAll(async () => {
      ;({ store, close } = await open())
    })
    afterAll(async () => await close())
    const tables = () => store.tables
    describe('one item', () => itemCases(tables, options))
    describe('conditions', () => conditionCases(tables, options))
    describe('updates', () => updateCases(tables, options))
    describe('transactions', () => transactionCases(tables, options))
    describe('queries', () => queryCases(tables, options))
    describe('indexes', () => indexCases(tables, options))
  })
}
