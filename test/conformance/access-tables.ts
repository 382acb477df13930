// What access tables promise, on any driver's Table.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AccessEntries, createAccessEntries } from '#shared/directory/access-entries.ts'
import { accessKeyOf, formatAccessKey } from '#shared/directory/access-key.ts'
import { type AccessTables, createAccessTables } from '#shared/directory/access-tables.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { Table } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import type { Open } from '#test/support/storage.ts'

const ref: TableRef = { kind: 'table', name: 't' }

export function describeAccessTables(driver: string, open: Open): void {
  describe(`${driver}: access tables`, () => {
    let table: Table
    let close: () => Promise<void>
    let clock: ManualClock
    let entries: AccessEntries

    beforeAll(async () => {
      const opened = await open()
      close = opened.close
      table = opened.store.tables.directory
    })
    afterAll(async () => await close())
    beforeEach(async () => {
      clock = new ManualClock(1_000_000)
      entries = createAccessEntries({ table, clock })
      for await (const { name } of entries.list()) {
        const { items } = await entries.page(name, {})
        await entries.remove(
          name,
          items.map(({ key }) => key),
        )
      }
    })

    const set = (given: { readonly [key: string]: string }) =>
      entries.set(
        't',
        Object.entries(given).map(([key, result]) => ({ key: accessKeyOf(key), result })),
      )
    const remove = (...keys: string[]) => entries.remove('t', keys.map(accessKeyOf))

    describe('changed', () => {
      it('count what is in them, and are gone with their last entry', async () => {
        expect(await set({ 'a.test': 'OK', '192.0.2.0/24': 'REJECT', '10.': 'REJECT' })).toEqual([
          { kind: 'added' },
          { kind: 'added' },
          { kind: 'added' },
        ])
        const first = await entries.table('t')
        expect(first).toMatchObject({ name: 't', entries: 3, bytes: 42 })
        expect(first?.networks).toEqual(
          new Map([
            ['v4/24', 1],
            ['v4/8', 1],
          ]),
        )
        expect(await set({ 'A.test': 'REJECT', '10.': 'REJECT', 'b.test': 'OK' })).toEqual([
          { kind: 'changed', before: 'OK' },
          { kind: 'unchanged' },
          { kind: 'added' },
        ])
        const second = await entries.table('t')
        expect(second).toMatchObject({ entries: 4, bytes: 54 })
        expect(second?.version).toBeGreaterThan(first?.version ?? 0)
        expect(await remove('10.0.0.0/8', 'nobody')).toMatchObject([
          { result: 'REJECT' },
          undefined,
        ])
        expect((await entries.table('t'))?.networks).toEqual(new Map([['v4/24', 1]]))
        await remove('a.test', 'b.test', '192.0.2')
        expect(await entries.table('t')).toBeUndefined()
        expect(await Array.fromAsync(entries.list())).toEqual([])
      })

      it('keep the same version where nothing changes', async () => {
        await set({ a: 'OK' })
        const before = await entries.table('t')
        await set({ a: 'OK' })
        await remove('b')
        expect(await entries.table('t')).toEqual(before)
      })

      it('take more entries than a transaction does, the last of equal keys', async () => {
        const many = Array.from({ length: 250 }, (_, i) => ({
          key: accessKeyOf(`k${i}.test`),
          result: 'OK',
        }))
        const twice = { key: accessKeyOf('k0.test'), result: 'REJECT' }
        expect(await entries.set('t', [...many, twice])).toHaveLength(251)
        expect(await entries.table('t')).toMatchObject({ entries: 250 })
        expect(await entries.get('t', twice.key)).toEqual(twice)
        await entries.remove(
          't',
          many.map(({ key }) => key),
        )
        expect(await entries.table('t')).toBeUndefined()
      })

      it('by many at once lose no entry and no count', async () => {
        await Promise.all(
          Array.from({ length: 6 }, (_, i) => set({ [`k${i}.test`]: 'OK', 'all.test': String(i) })),
        )
        expect(await entries.table('t')).toMatchObject({ entries: 7 })
        const { items } = await entries.page('t', {})
        expect(items.map(({ key }) => formatAccessKey(key)).sort()).toEqual([
          'all.test',
          ...Array.from({ length: 6 }, (_, i) => `k${i}.test`),
        ])
      })
    })

    // Held whole, and asked key by key.
    describe.each([
      ['small', undefined],
      ['large', 0],
    ])('%s ones asked', (_, heldEntriesMax) => {
      let counted: ReturnType<typeof countingTable>
      let tables: AccessTables

      beforeEach(() => {
        counted = countingTable(table)
        const limit = heldEntriesMax === undefined ? {} : { heldEntriesMax }
        tables = createAccessTables({ table: counted.table, clock, ...limit })
      })

      it('answer the first of the keys that they have', async () => {
        await set({ 'b.test': 'OK', 'c.test': 'REJECT', '192.0.2.1': 'DEFER' })
        expect(await tables.lookup(ref, ['a.test', 'C.test', 'b.test'])).toEqual({
          key: 'c.test',
          result: 'REJECT',
        })
        expect(await tables.lookup(ref, ['192.0.2.1'])).toMatchObject({ result: 'DEFER' })
        expect(await tables.lookup(ref, ['nobody'])).toBeUndefined()
        expect(await tables.lookup(ref, [])).toBeUndefined()
      })

      it('have nothing of what nobody can set', async () => {
        await set({ 'b.test': 'OK' })
        for (const text of ['', 'x'.repeat(2_000), 'İ'.repeat(400), 'a\0b', '\ud800']) {
          expect(await tables.lookup(ref, [text])).toBeUndefined()
          expect(await tables.lookup(ref, [text, 'b.test'])).toMatchObject({ result: 'OK' })
        }
      })

      it('answer the smallest network around an address', async () => {
        await set({
          '0.0.0.0/0': 'all',
          '192.0.2': 'net',
          '192.0.2.128/25': 'half',
          '192.0.2.130': 'one',
          '2001:db8::/32': 'six',
          '2001:db8:1::/48': 'six-one',
        })
        const found = async (address: string) => (await tables.lookupAddress(ref, address))?.result
        expect(await found('192.0.2.130')).toBe('one')
        expect(await found('192.0.2.131')).toBe('half')
        expect(await found('192.0.2.1')).toBe('net')
        expect(await found('198.51.100.1')).toBe('all')
        expect(await found('::ffff:192.0.2.130')).toBe('one')
        expect(await found('2001:db8:1::5')).toBe('six-one')
        expect(await found('2001:db8:2::5')).toBe('six')
        expect(await found('2001:db9::5')).toBeUndefined()
        expect(await found('no address')).toBeUndefined()
        expect(await tables.lookupAddress(ref, '192.0.2.131')).toEqual({
          key: '192.0.2.128/25',
          result: 'half',
        })
      })

      it('say whether there are texts in them', async () => {
        expect(await tables.hasTexts(ref)).toBe(false)
        await set({ '192.0.2.1': 'OK', '10': 'OK' })
        clock.advance(1_000)
        expect(await tables.hasTexts(ref)).toBe(false)
        await set({ 'a.test': 'OK' })
        clock.advance(1_000)
        expect(await tables.hasTexts(ref)).toBe(true)
      })

      it('are seen changed after a second, whoever changed them', async () => {
        const found = async () => (await tables.lookup(ref, ['a.test']))?.result
        expect(await found()).toBeUndefined()
        await set({ 'a.test': 'OK' })
        clock.advance(999)
        expect(await found()).toBeUndefined()
        clock.advance(1)
        expect(await found()).toBe('OK')
        await set({ 'a.test': 'REJECT' })
        clock.advance(1_000)
        expect(await found()).toBe('REJECT')
        await remove('a.test')
        clock.advance(1_000)
        expect(await found()).toBeUndefined()
        await set({ 'a.test': 'DEFER' })
        clock.advance(1_000)
        expect(await found()).toBe('DEFER')
      })

      it('that are not there cost one read a second', async () => {
        for (let i = 0; i < 10; i++) {
          await tables.lookup(ref, ['a.test'])
          await tables.lookupAddress(ref, '192.0.2.1')
        }
        expect(counted.take()).toEqual(['get'])
        clock.advance(1_000)
        await Promise.all([tables.lookup(ref, ['a.test']), tables.hasTexts(ref)])
        expect(counted.take()).toEqual(['get'])
      })
    })

    it('written into the configuration are asked the same way', async () => {
      const tables = createAccessTables({ table, clock })
      const inline: TableRef = {
        kind: 'inline',
        entries: [
          { key: '192.0.2', result: 'net' },
          { key: 'A.test', result: 'name' },
        ],
      }
      expect(await tables.lookupAddress(inline, '192.0.2.9')).toMatchObject({ result: 'net' })
      expect(await tables.lookup(inline, ['b.test', 'a.test'])).toMatchObject({ result: 'name' })
      const fixed: TableRef = { kind: 'static', result: 'OK' }
      expect(await tables.lookup(fixed, ['x', 'y'])).toEqual({ key: 'x', result: 'OK' })
      expect(await tables.lookupAddress(fixed, '192.0.2.9')).toMatchObject({ result: 'OK' })
    })
  })
}
