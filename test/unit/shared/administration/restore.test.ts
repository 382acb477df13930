import { describe, expect, it } from 'vitest'
import {
  parseTableName,
  type RestoreProgress,
  restoreTable,
  type TableReplacement,
} from '#shared/administration/restore.ts'
import type { Item, TableName } from '#shared/storage/ports.ts'

const nowMs = Date.UTC(2026, 10, 20)
const clock = { now: () => nowMs, sleep: async () => {} }

/** Tables whose restored state is these items. */
function fakeTables(restored: readonly Item[], { isInUse = false } = {}) {
  const replaced: { readonly table: TableName; readonly items: readonly Item[] }[] = []
  const tables: TableReplacement = {
    nameOf: (table) => `the-${table}`,
    isInUse: async (atMs) => isInUse && atMs === nowMs,
    async replace({ table, change, progress }) {
      const items = restored.flatMap((item) => change(item) ?? [])
      replaced.push({ table, items })
      progress({ removed: 3, copied: 0 })
      progress({ removed: 3, copied: items.length })
    },
  }
  return { tables, replaced }
}

const folder = { pk: 'A#x', sk: 'F#y', uidValidity: 7, mailboxId: 'old' }
const watch = { pk: 'W#x', sk: 'T#y' }

function restore(tables: TableReplacement, table: TableName, from = 'older') {
  const told: RestoreProgress[] = []
  const done = restoreTable(
    { tables, clock },
    { table, from, progress: (progress) => told.push(progress) },
  )
  return done.then((end) => ({ end, told }))
}

describe('restoring a table', () => {
  it('makes clients forget the folders they have seen, and tells how it gets on', async () => {
    const { tables, replaced } = fakeTables([folder, watch])
    const { end, told } = await restore(tables, 'mail')
    expect(end).toEqual({ kind: 'restored', table: 'mail', copied: 1 })
    expect(told).toEqual([
      { removed: 3, copied: 0 },
      { removed: 3, copied: 1 },
    ])
    const [item] = replaced[0]?.items ?? []
    expect(item).toMatchObject({ pk: 'A#x', uidValidity: nowMs / 1_000 })
    expect(item?.mailboxId).not.toBe('old')
  })

  it('leaves the items of other tables as they are', async () => {
    const { tables, replaced } = fakeTables([folder, watch])
    expect((await restore(tables, 'queue')).end).toMatchObject({ copied: 2 })
    expect(replaced).toEqual([{ table: 'queue', items: [folder, watch] }])
  })

  it('refuses the table itself, and one that containers run on', async () => {
    const { tables, replaced } = fakeTables([folder])
    expect((await restore(tables, 'mail', 'the-mail')).end).toEqual({
      kind: 'same-table',
      field: 'from',
      value: 'the-mail',
    })
    const used = fakeTables([folder], { isInUse: true })
    expect((await restore(used.tables, 'mail')).end).toEqual({
      kind: 'still-running',
      field: 'table',
      value: 'mail',
    })
    expect([...replaced, ...used.replaced]).toEqual([])
  })
})

it('a table is one of four', () => {
  expect(parseTableName('mail')).toEqual({ kind: 'ok', value: 'mail' })
  expect(parseTableName('toString')).toEqual({
    kind: 'bad-value',
    field: 'table',
    value: 'toString',
    rule: { name: 'one-of', allowed: ['directory', 'mail', 'queue', 'counters'] },
  })
})
