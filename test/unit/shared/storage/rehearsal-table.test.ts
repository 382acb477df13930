import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Table, tableLayouts } from '#shared/storage/ports.ts'
import { createRehearsalTable, RehearsalTooLarge } from '#shared/storage/rehearsal-table.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const key = { pk: 'p', sk: 's' }
let opened: OpenedEmbedded
let stored: Table
let table: Table

beforeEach(async () => {
  opened = await openEmbedded()
  stored = opened.store.tables.counters
  await stored.write({ put: { ...key, n: 1 } })
  table = createRehearsalTable(stored, tableLayouts.counters, { clock: systemClock })
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

it('shows what was written among what is stored, page by page, in either direction', async () => {
  for (const sk of ['b', 'd', 'f', 'h']) await stored.write({ put: { pk: 'q', sk } })
  for (const sk of ['a', 'c', 'd', 'i', 'j']) await table.write({ put: { pk: 'q', sk, n: 1 } })
  await table.write({ delete: { pk: 'q', sk: 'f' } })
  for (const [reverse, wanted] of [
    [false, 'abcdhij'],
    [true, 'jihdcba'],
  ] as const) {
    for (const limit of [1, 2, 3, 100]) {
      let found = ''
      let after: string | undefined
      do {
        const page = await table.query({ pk: 'q', reverse, limit, ...(after && { after }) })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        found += page.items.map(({ sk }) => sk).join('')
        after = page.next
      } while (after !== undefined)
      expect(found).toBe(wanted)
    }
  }
  const some = await table.query({ pk: 'q', sk: { from: 'c', to: 'h' } })
  expect(some.items.map(({ sk }) => sk).join('')).toBe('cdh')
})

it('writes no more than it may', async () => {
  const small = createRehearsalTable(stored, tableLayouts.counters, {
    clock: systemClock,
    itemsMax: 1,
  })
  await small.write({ put: key })
  await small.write({ update: key, changes: { add: { n: 1 } } })
  await expect(small.write({ put: { ...key, sk: 't' } })).rejects.toThrow(RehearsalTooLarge)
})
