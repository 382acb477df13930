// The second half of a point-in-time recovery of a deployment: a restored table takes the place of the one in use.

import { newId } from '#shared/mailbox/new-folder.ts'
import { restoredItem } from '#shared/mailbox/restored.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Item, type TableName, tableLayouts } from '#shared/storage/ports.ts'
import { type BadValue, badValue, type SameTable, type StillRunning } from './refusals.ts'

/** The tables of a deployment, whole. */
export interface TableReplacement {
  /** Name of the table at the database. */
  nameOf(table: TableName): string
  /** Whether containers are running on it. */
  isInUse(nowMs: number): Promise<boolean>
  /** Removes everything in the table, then copies what `change` makes of the items of the other. */
  replace(options: {
    readonly table: TableName
    readonly from: string
    readonly change: (item: Item) => Item | undefined
    readonly progress: (done: RestoreProgress) => void
  }): Promise<void>
}

export type RestoreProgress = { readonly removed: number; readonly copied: number }

export type Restored = {
  readonly kind: 'restored'
  readonly table: TableName
  readonly copied: number
}

const tableNames = Object.keys(tableLayouts)
const isTableName = (text: string): text is TableName => Object.hasOwn(tableLayouts, text)

export function parseTableName(
  text: string,
): { readonly kind: 'ok'; readonly value: TableName } | BadValue {
  return isTableName(text)
    ? { kind: 'ok', value: text }
    : badValue('table', text, { name: 'one-of', allowed: tableNames })
}

/** May be run again after it was interrupted. */
export async function restoreTable(
  { tables, clock }: { readonly tables: TableReplacement; readonly clock: Clock },
  request: {
    readonly table: TableName
    /** Name of the restored table at the database. */
    readonly from: string
    readonly progress: (done: RestoreProgress) => void
  },
): Promise<Restored | SameTable | StillRunning> {
  const { table, from } = request
  const nowMs = clock.now()
  if (tables.nameOf(table) === from) return { kind: 'same-table', field: 'from', value: from }
  if (await tables.isInUse(nowMs)) return { kind: 'still-running', field: 'table', value: table }
  let copied = 0
  await tables.replace({
    table,
    from,
    change: (item) => (table === 'mail' ? restoredItem(item, { nowMs, newId }) : item),
    progress(done) {
      copied = done.copied
      request.progress(done)
    },
  })
  return { kind: 'restored', table, copied }
}
