// Access tables on nothing but what a test gives them, and what they were asked.

import { type AccessTables, createAccessTables } from '#shared/directory/access-tables.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'

export type FakeTables = { readonly [table: string]: { readonly [key: string]: string } }

export function fakeAccessTables(
  given: FakeTables = {},
): AccessTables & { readonly asked: readonly string[] } {
  const asked: string[] = []
  const never = () => Promise.reject(new Error('nothing is stored'))
  const tables = createAccessTables({
    table: { get: never, batchGet: never, query: never },
    clock: { now: () => 0 },
  })
  const inline = new Map(
    Object.entries(given).map(([name, entries]): [string, TableRef] => [
      name,
      {
        kind: 'inline',
        entries: Object.entries(entries).map(([key, result]) => ({ key, result })),
      },
    ]),
  )
  const none: TableRef = { kind: 'inline', entries: [] }
  const within = (ref: TableRef) => (ref.kind === 'table' ? (inline.get(ref.name) ?? none) : ref)
  return {
    asked,
    lookup(ref, keys) {
      asked.push(...keys)
      return tables.lookup(within(ref), keys)
    },
    lookupAddress(ref, address) {
      asked.push(`address ${address}`)
      return tables.lookupAddress(within(ref), address)
    },
    hasTexts: (ref) => tables.hasTexts(within(ref)),
  }
}
