// Maps that are written on the spot: the real ones, without a directory. Whoever asks for a table of it has made a mistake.

import { createAccessTables } from '#shared/directory/access-tables.ts'
import type { Maps } from '#shared/directory/maps.ts'
import { parseTableRef, type TableRef } from '#shared/settings/restrictions/table-ref.ts'

const noDirectory = () => Promise.reject(new Error('there is no directory'))

export const inlineMaps: Maps = createAccessTables({
  table: { get: noDirectory, batchGet: noDirectory, query: noDirectory },
  clock: { now: () => 0 },
})

export function tableRef(text: string): TableRef {
  const ref = parseTableRef(text)
  if (typeof ref === 'string') throw new Error(`${text}: ${ref}`)
  return ref
}
