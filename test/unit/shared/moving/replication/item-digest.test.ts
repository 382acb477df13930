import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itemDigest } from '#shared/moving/replication/item-digest.ts'
import type { Value } from '#shared/storage/ports.ts'

const digest = (attributes: { readonly [name: string]: Value }) =>
  Buffer.from(itemDigest({ pk: 'a', sk: 'b', ...attributes })).toString('hex')

describe('itemDigest', () => {
  it('is the same in whatever order attributes, members and sets come', () => {
    expect(digest({ a: 1, b: { c: 'x', d: new Set(['p', 'q']) } })).toBe(
      digest({ b: { d: new Set(['q', 'p']), c: 'x' }, a: 1 }),
    )
    expect(digest({ a: Buffer.from('x') })).toBe(digest({ a: Uint8Array.of(120) }))
  })

  it.each<readonly [Value, Value]>([
    ['1', 1],
    [null, ''],
    [true, 'true'],
    [false, null],
    [
      ['a', 'b'],
      ['ab', ''],
    ],
    [['a'], new Set(['a'])],
    [{ 0: 'a' }, ['a']],
    [Buffer.from('a'), 'a'],
    [Uint8Array.of(255), Uint8Array.of(195, 191)],
    [{ a: 's1:b' }, { as: '1:b' }],
  ])('tells %j from %j', (one, other) => {
    expect(digest({ a: one })).not.toBe(digest({ a: other }))
  })

  it('does not depend on the key, and does on the names of attributes', () => {
    expect(itemDigest({ pk: 'x', sk: 'y', a: 1 })).toEqual(itemDigest({ pk: 'a', sk: 'b', a: 1 }))
    expect(digest({ a: 1 })).not.toBe(digest({ b: 1 }))
  })

  it('has one value for one item only, whatever strings there are', () => {
    const values = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 })
    fc.assert(
      fc.property(values, values, (one, other) => {
        const [a, b] = [Object.fromEntries(one), Object.fromEntries(other)]
        const sorted = (map: object) => JSON.stringify(Object.entries(map).sort())
        return (digest(a) === digest(b)) === (sorted(a) === sorted(b))
      }),
    )
  })
})
