// A table with some calls of the test's own, and all others as they are.

import type { Table } from '#shared/storage/ports.ts'

export const tableLike = (table: Table, own: Partial<Table>): Table => ({
  get: (...given) => table.get(...given),
  batchGet: (...given) => table.batchGet(...given),
  query: (...given) => table.query(...given),
  queryIndex: (...given) => table.queryIndex(...given),
  write: (...given) => table.write(...given),
  transact: (...given) => table.transact(...given),
  transactGet: (...given) => table.transactGet(...given),
  batchWrite: (...given) => table.batchWrite(...given),
  ...own,
})
