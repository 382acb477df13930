// One item: values, reads, batches, expiry and the limits of keys and sizes.

import { expect, it } from 'vitest'
import { ITEM_BYTES_MAX, type Item, StorageMisuse } from '#shared/storage/ports.ts'
import { unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

const everyKind = {
  text: 'grüße 😀',
  emptyText: '',
  integer: 42,
  negative: -(2 ** 53) + 1,
  large: 2 ** 53 - 1,
  yes: true,
  no: false,
  nothing: null,
  bytes: new Uint8Array([0, 255, 128, 13, 10]),
  emptyBytes: new Uint8Array(0),
  set: new Set(['a', 'ü', '']),
  list: ['x', 1, null, [new Uint8Array([7])], new Set(['m'])],
  emptyList: [],
  map: { inner: { deep: [1, 2, 3] }, 'key with space': 'v', empty: {} },
}

export const itemCases: TableCases = (tables) => {
  it('keeps every kind of value through a consistent read', async () => {
    const item = { pk: unique(), sk: 's', ...everyKind }
    await tables().mail.write({ put: item })
    expect(await tables().mail.get(item, { consistent: true })).toEqual(item)
  })

  it('keeps every kind of value through an update', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ update: key, changes: { set: everyKind } })
    expect(await tables().mail.get(key, { consistent: true })).toEqual({ ...key, ...everyKind })
  })

  it('finds nothing under a key that was never written', async () => {
    expect(await tables().mail.get({ pk: unique(), sk: 's' })).toBeUndefined()
  })

  it('replaces the whole item on put', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, a: 1, b: 2 } })
    await tables().mail.write({ put: { ...key, b: 3 } })
    expect(await tables().mail.get(key, { consistent: true })).toEqual({ ...key, b: 3 })
  })

  it('resolves a put to the item and a delete to undefined', async () => {
    const item = { pk: unique(), sk: 's', a: 1 }
    expect(await tables().mail.write({ put: item })).toEqual(item)
    expect(await tables().mail.write({ delete: item })).toBeUndefined()
    expect(await tables().mail.get(item, { consistent: true })).toBeUndefined()
  })

  it('deletes what is not there without an error', async () => {
    expect(await tables().mail.write({ delete: { pk: unique(), sk: 's' } })).toBeUndefined()
  })

  it('treats an empty set as a missing attribute', async () => {
    const key = { pk: unique(), sk: 's' }
    expect(await tables().mail.write({ put: { ...key, a: 1, set: new Set<string>() } })).toEqual({
      ...key,
      a: 1,
    })
    expect(await tables().mail.get(key, { consistent: true })).toEqual({ ...key, a: 1 })
  })

  it('keeps tables apart', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.write({ put: { ...key, in: 'mail' } })
    expect(await tables().directory.get(key, { consistent: true })).toBeUndefined()
  })

  it('distinguishes keys whose concatenation is the same', async () => {
    const pk = unique()
    await tables().mail.write({ put: { pk, sk: 'ab', n: 1 } })
    await tables().mail.write({ put: { pk: `${pk}a`, sk: 'b', n: 2 } })
    expect((await tables().mail.get({ pk, sk: 'ab' }, { consistent: true }))?.n).toBe(1)
  })

  it('answers a batch in the order of its keys, undefined for missing items', async () => {
    const pk = unique()
    await tables().mail.batchWrite([{ put: { pk, sk: 'a', n: 1 } }, { put: { pk, sk: 'c', n: 3 } }])
    const keys = ['c', 'b', 'a', 'c'].map((sk) => ({ pk, sk }))
    const items = await tables().mail.batchGet(keys, { consistent: true })
    expect(items.map((item) => item?.n)).toEqual([3, undefined, 1, 3])
  })

  it('gets more than 100 items in one batch', async () => {
    const pk = unique()
    const items = Array.from({ length: 230 }, (_, n) => ({ pk, sk: `k${n}`, n }))
    await tables().mail.batchWrite(items.map((put) => ({ put })))
    expect(await tables().mail.batchGet(items, { consistent: true })).toEqual(items)
    expect(await tables().mail.batchGet([])).toEqual([])
  })

  it('writes more than 25 puts and deletes in one batch', async () => {
    const pk = unique()
    const before = Array.from({ length: 60 }, (_, n) => ({ pk, sk: `k${n}`, n }))
    await tables().mail.batchWrite(before.map((put) => ({ put })))
    await tables().mail.batchWrite([
      ...before.slice(0, 30).map((item) => ({ delete: { pk, sk: item.sk } })),
      ...before.slice(30).map((item) => ({ put: { ...item, n: item.n + 1000 } })),
    ])
    const after = await tables().mail.batchGet(before, { consistent: true })
    expect(after.slice(0, 30).every((item) => item === undefined)).toBe(true)
    expect(after.slice(30).map((item) => item?.n)).toEqual(
      before.slice(30).map((item) => item.n + 1000),
    )
    await tables().mail.batchWrite([])
  })

  it('hides an expired item from every read', async () => {
    const pk = unique()
    const ttl = Math.floor(Date.now() / 1000) - 60
    const expired: Item = { pk, sk: 'expired', ttl }
    const fresh: Item = { pk, sk: 'fresh', ttl: ttl + 3600 }
    await tables().counters.batchWrite([{ put: expired }, { put: fresh }])
    const counters = tables().counters
    expect(await counters.get(expired, { consistent: true })).toBeUndefined()
    expect(await counters.batchGet([expired, fresh], { consistent: true })).toEqual([
      undefined,
      fresh,
    ])
    expect(await counters.transactGet([expired, fresh])).toEqual([undefined, fresh])
    expect((await counters.query({ pk, consistent: true })).items).toEqual([fresh])
  })

  it('gives back an item whose ttl lies ahead', async () => {
    const item = { pk: unique(), sk: 's', ttl: Math.floor(Date.now() / 1000) + 3600 }
    await tables().counters.write({ put: item })
    expect(await tables().counters.get(item, { consistent: true })).toEqual(item)
  })

  const misuse: readonly (readonly [string, Item])[] = [
    ['an empty partition key', { pk: '', sk: 's' }],
    ['an empty sort key', { pk: 'p', sk: '' }],
    ['NUL in a key', { pk: 'p\0q', sk: 's' }],
    ['NUL in a sort key', { pk: 'p', sk: 's\0' }],
    ['a lone surrogate in a key', { pk: 'p', sk: 's\ud800' }],
    ['a key longer than 1,900 bytes', { pk: 'p'.repeat(1_000), sk: 's'.repeat(901) }],
    ['a sort key longer than 1,000 bytes', { pk: 'p', sk: 's'.repeat(1_001) }],
    ['a key too long in UTF-8 only', { pk: 'p', sk: 'ü'.repeat(501) }],
    ['an item above 400,000 bytes', { pk: 'p', sk: 's', a: 'x'.repeat(ITEM_BYTES_MAX) }],
    ['a fraction', { pk: 'p', sk: 's', a: 0.5 }],
    ['a number beyond 2^53', { pk: 'p', sk: 's', a: 2 ** 54 }],
    ['an empty set inside a list', { pk: 'p', sk: 's', a: [new Set<string>()] }],
    ['an empty index key', { pk: 'p', sk: 's', deadPk: '', deadSk: 'x' }],
    ['an index key that is no string', { pk: 'p', sk: 's', deadPk: 7, deadSk: 'x' }],
  ]
  it.each(misuse)('refuses %s', async (_, item) => {
    await expect(tables().mail.write({ put: item })).rejects.toThrow(StorageMisuse)
    await expect(tables().mail.batchWrite([{ put: item }])).rejects.toThrow(StorageMisuse)
    await expect(tables().mail.transact([{ put: item }])).rejects.toThrow(StorageMisuse)
  })

  it('accepts the longest keys and the largest items', async () => {
    const pk = unique().padEnd(900, 'p')
    const item = { pk, sk: 's'.repeat(1_000), a: 'x'.repeat(ITEM_BYTES_MAX - 2_000) }
    await tables().mail.write({ put: item })
    expect(await tables().mail.get(item, { consistent: true })).toEqual(item)
  })
}
