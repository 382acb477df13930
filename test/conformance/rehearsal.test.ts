// What a rehearsal reads and writes keeps the promises of a table, but for its index.

import { afterAll, beforeAll, describe } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createRehearsalStore } from '#shared/storage/rehearsal-store.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { conditionCases } from './table-conditions.ts'
import { itemCases } from './table-items.ts'
import { queryCases } from './table-queries.ts'
import { transactionCases } from './table-transactions.ts'
import { updateCases } from './table-updates.ts'

describe('a rehearsal: Table', () => {
  let store: Store
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openEmbedded()
    store = createRehearsalStore(opened.store, systemClock)
    close = opened.close
  })
  afterAll(() => close())
  const tables = () => store.tables
  describe('one item', () => itemCases(tables, {}))
  describe('conditions', () => conditionCases(tables, {}))
  describe('updates', () => updateCases(tables, {}))
  describe('transactions', () => transactionCases(tables, {}))
  describe('queries', () => queryCases(tables, {}))
})
