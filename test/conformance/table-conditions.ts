// Conditions: a table of what is true of one stored item, asked by writes of every kind.

import { beforeAll, describe, expect, it } from 'vitest'
import { type Condition, ConditionFailed, StorageMisuse } from '#shared/storage/ports.ts'
import { unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

const stored = {
  n: 10,
  text: 'm',
  yes: true,
  nothing: null,
  set: new Set(['a', 'b']),
  list: ['a'],
  map: { to: ['a', { n: 1 }], keep: true, none: null },
  empty: '',
}

const holding: readonly Condition[] = [
  { exists: 'pk' },
  { exists: 'n' },
  { exists: 'nothing' },
  { exists: 'empty' },
  { absent: 'missing' },
  { attribute: 'n', is: '=', value: 10 },
  { attribute: 'n', is: '<', value: 11 },
  { attribute: 'n', is: '<=', value: 10 },
  { attribute: 'n', is: '>', value: 9 },
  { attribute: 'n', is: '>=', value: 10 },
  { attribute: 'text', is: '=', value: 'm' },
  { attribute: 'text', is: '<', value: 'ma' },
  { attribute: 'text', is: '>', value: 'M' },
  { attribute: 'text', is: '<=', value: 'm' },
  { attribute: 'text', is: '>=', value: 'lz' },
  { attribute: 'yes', is: '=', value: true },
  { attribute: 'sk', is: '=', value: 's' },
  { attribute: 'nothing', is: '=', value: null },
  { attribute: 'list', is: '=', value: ['a'] },
  { attribute: 'map', is: '=', value: { none: null, keep: true, to: ['a', { n: 1 }] } },
  { attribute: 'set', contains: 'a' },
  { all: [{ exists: 'n' }, { absent: 'missing' }] },
  { all: [] },
  { any: [{ exists: 'missing' }, { exists: 'n' }] },
  { not: { exists: 'missing' } },
  { not: { attribute: 'missing', is: '=', value: 1 } },
  { all: [{ not: { exists: 'missing' } }] },
  { all: [{ any: [{ all: [{ exists: 'n' }, { absent: 'missing' }] }] }] },
  { not: { any: [{ exists: 'missing' }, { attribute: 'n', is: '<', value: 10 }] } },
  { any: [{ all: [{ exists: 'missing' }, { exists: 'n' }] }, { not: { absent: 'n' } }] },
]

const failing: readonly Condition[] = [
  { absent: 'pk' },
  { exists: 'missing' },
  { absent: 'nothing' },
  { attribute: 'n', is: '=', value: 11 },
  { attribute: 'n', is: '=', value: '10' },
  { attribute: 'n', is: '<', value: 10 },
  { attribute: 'n', is: '>', value: 10 },
  { attribute: 'n', is: '<', value: 'a' },
  { attribute: 'n', is: '>', value: 'a' },
  { attribute: 'text', is: '>', value: 'n' },
  { attribute: 'text', is: '<', value: 99 },
  { attribute: 'yes', is: '=', value: false },
  { attribute: 'missing', is: '=', value: 1 },
  { attribute: 'missing', is: '<', value: 1 },
  { attribute: 'missing', is: '>=', value: '' },
  { attribute: 'missing', is: '=', value: null },
  { attribute: 'list', is: '=', value: [] },
  { attribute: 'list', is: '=', value: ['a', 'b'] },
  { attribute: 'list', is: '=', value: 'a' },
  { attribute: 'set', is: '=', value: ['a', 'b'] },
  { attribute: 'map', is: '=', value: { to: ['a', { n: 1 }], keep: true } },
  { attribute: 'map', is: '=', value: { to: ['a', { n: 2 }], keep: true, none: null } },
  { attribute: 'set', contains: 'c' },
  { attribute: 'missing', contains: 'a' },
  { attribute: 'text', contains: 'm' },
  { attribute: 'list', contains: 'a' },
  { all: [{ exists: 'n' }, { exists: 'missing' }] },
  { any: [] },
  { any: [{ exists: 'missing' }, { absent: 'n' }] },
  { not: { exists: 'n' } },
]

export const conditionCases: TableCases = (tables) => {
  const item = { pk: unique(), sk: 's', ...stored }
  beforeAll(async () => {
    await tables().mail.write({ put: item })
  })

  it.each(holding.map((condition) => [JSON.stringify(condition), condition] as const))(
    'holds: %s',
    async (_, condition) => {
      await tables().mail.transact([{ check: item, if: condition }])
      await tables().mail.write({ put: item, if: condition })
    },
  )

  it.each(failing.map((condition) => [JSON.stringify(condition), condition] as const))(
    'does not hold: %s',
    async (_, condition) => {
      const changed = { ...item, n: 99 }
      await expect(tables().mail.write({ put: changed, if: condition })).rejects.toMatchObject({
        name: 'ConditionFailed',
        failed: [{ position: 0, item }],
      })
      await expect(tables().mail.transact([{ check: item, if: condition }])).rejects.toMatchObject({
        failed: [{ position: 0, item }],
      })
      expect(await tables().mail.get(item, { consistent: true })).toEqual(item)
    },
  )

  describe('of a missing item', () => {
    it('sees no attributes', async () => {
      const key = { pk: unique(), sk: 's' }
      await tables().mail.transact([
        { check: key, if: { absent: 'pk' } },
        { check: { pk: key.pk, sk: 't' }, if: { not: { exists: 'n' } } },
      ])
      await expect(tables().mail.write({ put: key, if: { exists: 'pk' } })).rejects.toMatchObject({
        failed: [{ position: 0, item: undefined }],
      })
      expect(await tables().mail.get(key, { consistent: true })).toBeUndefined()
    })
  })

  it('orders strings by their UTF-8 bytes', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, text: '\uFFFD' } })
    await tables().mail.write({
      put: { ...key, text: '\u{1F600}' },
      if: { attribute: 'text', is: '<', value: '\u{1F600}' },
    })
    await tables().mail.transact([
      { check: key, if: { attribute: 'text', is: '>', value: '\uFFFD' } },
    ])
  })

  it('guards deletes and updates too', async () => {
    const key = { pk: unique(), sk: 's' }
    const wrong = { attribute: 'n', is: '=', value: 2 } as const
    await tables().mail.write({ put: { ...key, n: 1 } })
    await expect(tables().mail.write({ delete: key, if: wrong })).rejects.toThrow(ConditionFailed)
    await expect(
      tables().mail.write({ update: key, changes: { add: { n: 5 } }, if: wrong }),
    ).rejects.toThrow(ConditionFailed)
    expect(await tables().mail.get(key, { consistent: true })).toEqual({ ...key, n: 1 })
    await tables().mail.write({ delete: key, if: { attribute: 'n', is: '=', value: 1 } })
    expect(await tables().mail.get(key, { consistent: true })).toBeUndefined()
  })

  it('sees an expired item that is still stored', async () => {
    const item = { pk: unique(), sk: 's', ttl: Math.floor(Date.now() / 1000) - 60, n: 1 }
    await tables().counters.write({ put: item })
    await expect(
      tables().counters.write({ put: item, if: { absent: 'pk' } }),
    ).rejects.toMatchObject({ failed: [{ position: 0, item }] })
  })

  it('refuses to order booleans, and to compare fractions, bytes and sets', async () => {
    for (const condition of [
      { attribute: 'yes', is: '<', value: true as never },
      { attribute: 'n', is: '=', value: 0.5 },
      { attribute: 'map', is: '=', value: { to: [new Uint8Array(1)] } },
      { attribute: 'set', is: '=', value: new Set(['a', 'b']) },
    ] as const) {
      await expect(tables().mail.write({ put: item, if: condition })).rejects.toThrow(StorageMisuse)
    }
  })
}
