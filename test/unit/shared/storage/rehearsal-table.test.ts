import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConditionFailed, StorageMisuse, type Table } from '#shared/storage/ports.ts'
import { asTable, createRehearsalTable } from '#shared/storage/rehearsal-table.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const key = { pk: 'p', sk: 's' }
let opened: OpenedEmbedded
let stored: Table
let table: Table

beforeEach(async () => {
  opened = await openEmbedded()
  stored = opened.store.tables.counters
  await stored.write({ put: { ...key, n: 1 } })
  table = asTable(createRehearsalTable(stored))
})
afterEach(() => opened.close())

it('reads what is stored, and what it was told itself', async () => {
  expect(await table.get(key)).toEqual({ ...key, n: 1 })
  const changed = await table.write({ update: key, changes: { add: { n: 2 } } })
  expect(changed).toEqual({ ...key, n: 3 })
  await table.batchWrite([{ put: { ...key, sk: 't' } }])
  expect(await table.batchGet([key, { ...key, sk: 't' }, { ...key, sk: 'u' }])).toEqual([
    { ...key, n: 3 },
    { ...key, sk: 't' },
    undefined,
  ])
  await table.write({ delete: key })
  expect(await table.get(key)).toBeUndefined()
})

it('leaves what is stored as it is', async () => {
  await table.write({ update: key, changes: { add: { n: 2 } } })
  await table.write({ put: { ...key, sk: 't' } })
  await table.batchWrite([{ delete: key }])
  expect((await stored.query({ pk: 'p' })).items).toEqual([{ ...key, n: 1 }])
})

it('keeps conditions, on what was written here too', async () => {
  const once = { put: { ...key, sk: 't' }, if: { absent: 'pk' } } as const
  await table.write(once)
  await expect(table.write(once)).rejects.toThrow(ConditionFailed)
  const wrong = {
    update: key,
    changes: { add: { n: 1 } },
    if: { attribute: 'n', is: '>', value: 1 },
  } as const
  await expect(table.write(wrong)).rejects.toMatchObject({ failed: [{ item: { n: 1 } }] })
})

it('refuses what it cannot rehearse', async () => {
  await expect(table.transact([{ put: key }])).rejects.toThrow(StorageMisuse)
})
