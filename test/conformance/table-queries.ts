// Queries: order, ranges, paging and consistency within one partition.

import { beforeAll, describe, expect, it } from 'vitest'
import { type Query, type SortRange, StorageMisuse } from '#shared/storage/ports.ts'
import { allPages, sortedByUtf8, unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

/** Sort keys whose UTF-16 order differs from their UTF-8 order, prefixes of each other, control characters. */
const sortKeys = sortedByUtf8([
  'a',
  'a\u0001',
  'a ',
  'a/1',
  'a/10',
  'a/2',
  'ab',
  'b',
  'A',
  '~',
  'ä',
  'é',
  '\u07FF',
  '\u0800',
  '\uFFFD',
  '\uFFFDx',
  '\u{10000}',
  '\u{1F600}',
  '\u{10FFFF}',
])

const ranges: readonly (readonly [string, SortRange])[] = [
  ['all', {}],
  ['from', { from: 'b' }],
  ['from a missing key', { from: 'aa' }],
  ['to', { to: 'ab' }],
  ['to a missing key', { to: 'a/3' }],
  ['from and to', { from: 'a ', to: 'b' }],
  ['one key', { from: 'a/1', to: 'a/1' }],
  ['nothing between', { from: 'c', to: 'd' }],
  ['from above to', { from: 'b', to: 'a' }],
  ['to a key with longer neighbours', { to: 'a' }],
  ['from above U+FFFF', { from: '\u{10000}' }],
  ['to U+FFFD', { from: 'é', to: '\uFFFD' }],
  ['prefix', { prefix: 'a/' }],
  ['prefix of itself', { prefix: 'a' }],
  ['prefix without keys', { prefix: 'zz' }],
  ['prefix beyond ASCII', { prefix: '\uFFFD' }],
  ['last prefix', { prefix: '\u{10FFFF}' }],
  ['empty prefix', { prefix: '' }],
]

function within(range: SortRange): (sk: string) => boolean {
  if ('prefix' in range) return (sk) => sk.startsWith(range.prefix)
  const bytes = (text: string) => Buffer.from(text)
  return (sk) =>
    (range.from === undefined || Buffer.compare(bytes(sk), bytes(range.from)) >= 0) &&
    (range.to === undefined || Buffer.compare(bytes(sk), bytes(range.to)) <= 0)
}

export const queryCases: TableCases = (tables) => {
  const pk = unique()
  const read = (query: Omit<Query, 'pk'>) => tables().mail.query({ pk, consistent: true, ...query })

  beforeAll(async () => {
    const shuffled = [...sortKeys].reverse()
    await tables().mail.batchWrite(shuffled.map((sk) => ({ put: { pk, sk, of: sk } })))
    // Neighbours that no query may reach.
    await tables().mail.batchWrite([
      { put: { pk: `${pk}-`, sk: 'a' } },
      { put: { pk: pk.slice(0, -1), sk: 'z' } },
      { put: { pk: `${pk}\u0001`, sk: '\u0001' } },
    ])
  })

  describe.each(ranges)('range: %s', (_, range) => {
    const expected = sortKeys.filter(within(range))
    it.each([undefined, 1, 2, 3, 100])('forwards, limit %s', async (limit) => {
      const items = await allPages((after) => read(queryOf({ sk: range, limit, after })))
      expect(items.map((item) => item.sk)).toEqual(expected)
      expect(items.every((item) => item.of === item.sk)).toBe(true)
    })
    it.each([undefined, 1, 2, 3, 100])('backwards, limit %s', async (limit) => {
      const items = await allPages((after) =>
        read(queryOf({ sk: range, limit, after, reverse: true })),
      )
      expect(items.map((item) => item.sk)).toEqual([...expected].reverse())
    })
  })

  it('puts at most `limit` items on a page and no token on the last one', async () => {
    const first = await read({ limit: 4 })
    expect(first.items).toHaveLength(4)
    expect(first.next).toEqual(expect.any(String))
    const rest = await allPages((after) => read(queryOf({ after: after ?? first.next })))
    expect(rest).toHaveLength(sortKeys.length - 4)
  })

  it('answers an empty page for a partition that does not exist', async () => {
    expect(await tables().mail.query({ pk: unique(), consistent: true })).toEqual({ items: [] })
  })

  it('sees every acknowledged write when consistent', async () => {
    const partition = unique()
    for (let n = 0; n < 20; n += 1) {
      await tables().mail.write({ put: { pk: partition, sk: `k${String(n).padStart(2, '0')}`, n } })
      const { items } = await tables().mail.query({ pk: partition, consistent: true })
      expect(items.map((item) => item.n)).toEqual(Array.from({ length: n + 1 }, (_, i) => i))
    }
  })

  it('goes on behind an item that was deleted between two pages', async () => {
    const partition = unique()
    const keys = ['a', 'b', 'c', 'd'].map((sk) => ({ pk: partition, sk }))
    await tables().mail.batchWrite(keys.map((put) => ({ put })))
    const query = { pk: partition, limit: 2, consistent: true }
    const first = await tables().mail.query(query)
    await tables().mail.write({ delete: { pk: partition, sk: 'b' } })
    const rest = await allPages((after) =>
      tables().mail.query({ ...query, ...queryOf({ after: after ?? first.next }) }),
    )
    expect(rest.map((item) => item.sk)).toEqual(['c', 'd'])
  })

  it('pages through more than a megabyte', async () => {
    const partition = unique()
    const items = Array.from({ length: 12 }, (_, n) => ({
      pk: partition,
      sk: `k${String(n).padStart(2, '0')}`,
      a: String(n).repeat(150_000),
    }))
    await tables().mail.batchWrite(items.map((put) => ({ put })))
    const found = await allPages((after) =>
      tables().mail.query({ pk: partition, consistent: true, ...queryOf({ after }) }),
    )
    expect(found.map((item) => item.sk)).toEqual(items.map((item) => item.sk))
  })

  it('counts no expired item but reaches those behind it', async () => {
    const partition = unique()
    const now = Math.floor(Date.now() / 1000)
    const items = Array.from({ length: 10 }, (_, n) => ({
      pk: partition,
      sk: `k${n}`,
      ttl: n % 3 === 0 ? now + 3600 : now - 3600,
    }))
    await tables().counters.batchWrite(items.map((put) => ({ put })))
    const found = await allPages((after) =>
      tables().counters.query({ pk: partition, limit: 2, consistent: true, ...queryOf({ after }) }),
    )
    expect(found.map((item) => item.sk)).toEqual(['k0', 'k3', 'k6', 'k9'])
  })

  it.each([0, -1, 1.5])('refuses a limit of %s', async (limit) => {
    await expect(read({ limit })).rejects.toThrow(StorageMisuse)
  })

  it('refuses an empty partition key and a token that is none', async () => {
    await expect(tables().mail.query({ pk: '' })).rejects.toThrow(StorageMisuse)
    await expect(read({ after: 'no token' })).rejects.toThrow(StorageMisuse)
  })
}

/** Leaves out what is undefined. */
function queryOf(query: {
  readonly sk?: SortRange
  readonly limit?: number | undefined
  readonly after?: string | undefined
  readonly reverse?: boolean
}): Partial<Query> {
  const { limit, after, ...rest } = query
  return {
    ...rest,
    ...(limit === undefined ? {} : { limit }),
    ...(after === undefined ? {} : { after }),
  }
}
