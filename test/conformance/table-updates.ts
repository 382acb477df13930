// Changes of one item and what an update resolves to.

import { describe, expect, it } from 'vitest'
import { type Changes, ITEM_BYTES_MAX, StorageMisuse } from '#shared/storage/ports.ts'
import { unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

export const updateCases: TableCases = (tables, { slow = false }) => {
  it('creates a missing item and resolves to it', async () => {
    const key = { pk: unique(), sk: 's' }
    const item = await tables().mail.write({
      update: key,
      changes: {
        set: { a: 'x' },
        setIfAbsent: { b: 1 },
        add: { n: 3 },
        insert: { members: new Set(['m']) },
        withdraw: { others: new Set(['o']) },
        remove: ['gone'],
      },
    })
    expect(item).toEqual({ ...key, a: 'x', b: 1, n: 3, members: new Set(['m']) })
    expect(await tables().mail.get(key, { consistent: true })).toEqual(item)
  })

  it('changes what is named and keeps the rest', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({
      put: { ...key, a: 'old', b: 1, n: 10, members: new Set(['m', 'n']), gone: true, kept: 'k' },
    })
    const item = await tables().mail.write({
      update: key,
      changes: {
        set: { a: 'new' },
        setIfAbsent: { b: 2, c: 3 },
        add: { n: -4 },
        insert: { members: new Set(['n', 'o']) },
        remove: ['gone', 'never'],
      },
    })
    expect(item).toEqual({
      ...key,
      a: 'new',
      b: 1,
      c: 3,
      n: 6,
      members: new Set(['m', 'n', 'o']),
      kept: 'k',
    })
  })

  it('makes a missing attribute of an emptied set', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, members: new Set(['a', 'b']), n: 1 } })
    const left = await tables().mail.write({
      update: key,
      changes: { withdraw: { members: new Set(['a', 'never']) } },
    })
    expect(left).toEqual({ ...key, members: new Set(['b']), n: 1 })
    const emptied = await tables().mail.write({
      update: key,
      changes: { withdraw: { members: new Set(['b']) } },
      if: { attribute: 'members', contains: 'b' },
    })
    expect(emptied).toEqual({ ...key, n: 1 })
    await tables().mail.transact([{ check: key, if: { absent: 'members' } }])
  })

  it('removes an attribute that is set to an empty set', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, members: new Set(['a']), n: 1 } })
    const item = await tables().mail.write({
      update: key,
      changes: { set: { members: new Set(), n: 2 }, insert: { others: new Set() } },
    })
    expect(item).toEqual({ ...key, n: 2 })
  })

  it('accepts an update without changes', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, n: 1 } })
    expect(await tables().mail.write({ update: key, changes: {} })).toEqual({ ...key, n: 1 })
  })

  it('loses no increment of concurrent writers', async () => {
    const key = { pk: unique(), sk: 's' }
    const writers = slow ? 10 : 100
    const increment = () => tables().mail.write({ update: key, changes: { add: { n: 1 } } })
    const seen = await Promise.all(Array.from({ length: writers }, increment))
    const numbers = seen.map((item) => Number(item?.n)).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: writers }, (_, n) => n + 1))
  })

  it('lets exactly one of concurrent conditional writers win each step', async () => {
    const key = { pk: unique(), sk: 's' }
    const writers = slow ? 5 : 20
    await tables().mail.write({ put: { ...key, version: 0 } })
    for (let version = 0; version < 5; version += 1) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: writers }, (_, writer) =>
          tables().mail.write({
            update: key,
            changes: { set: { version: version + 1, writer } },
            if: { attribute: 'version', is: '=', value: version },
          }),
        ),
      )
      const winners = outcomes.flatMap((outcome, writer) =>
        outcome.status === 'fulfilled' ? [writer] : [],
      )
      expect(winners).toHaveLength(1)
      expect(await tables().mail.get(key, { consistent: true })).toEqual({
        ...key,
        version: version + 1,
        writer: winners[0],
      })
    }
  })

  describe('misuse', () => {
    const cases: readonly (readonly [string, Changes])[] = [
      ['a change of the key', { set: { sk: 'other' } }],
      ['an attribute changed twice', { set: { a: 1 }, add: { a: 1 } }],
      ['an attribute set and removed', { set: { a: 1 }, remove: ['a'] }],
      ['an empty index key', { set: { deadPk: '' } }],
      ['a fraction', { add: { a: 0.25 } }],
    ]
    it.each(cases)('refuses %s', async (_, changes) => {
      const update = { pk: unique(), sk: 's' }
      await expect(tables().mail.write({ update, changes })).rejects.toThrow(StorageMisuse)
      await expect(tables().mail.transact([{ update, changes }])).rejects.toThrow(StorageMisuse)
      expect(await tables().mail.get(update, { consistent: true })).toBeUndefined()
    })

    it('refuses to add to text and to insert into a number', async () => {
      const item = { pk: unique(), sk: 's', text: 'x', n: 1 }
      await tables().mail.write({ put: item })
      for (const changes of [{ add: { text: 1 } }, { insert: { n: new Set(['a']) } }]) {
        await expect(tables().mail.write({ update: item, changes })).rejects.toThrow(StorageMisuse)
      }
      expect(await tables().mail.get(item, { consistent: true })).toEqual(item)
    })

    // DynamoDB, which alone knows the size after an update, draws the line at 400 KiB.
    it('refuses an update that makes the item too large', async () => {
      const item = { pk: unique(), sk: 's', a: 'x'.repeat(ITEM_BYTES_MAX - 2_000) }
      await tables().mail.write({ put: item })
      await expect(
        tables().mail.write({ update: item, changes: { set: { b: 'y'.repeat(20_000) } } }),
      ).rejects.toThrow(StorageMisuse)
      expect(await tables().mail.get(item, { consistent: true })).toEqual(item)
    })
  })
}
