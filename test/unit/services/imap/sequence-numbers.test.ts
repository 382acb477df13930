import { describe, expect, it } from 'vitest'
import { SequenceNumbers } from '#services/imap/sequence-numbers.ts'
import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { STAR } from '#shared/imap/sequence-set.ts'
import { uids } from '#test/support/mailbox.ts'

const list = (...numbers: number[]) => Uint32Array.from(numbers)
const set = (...ranges: (readonly [number, number])[]) =>
  ({ kind: 'set', ranges: ranges.map(([first, last]) => ({ first, last })) }) as const

describe('sequence numbers', () => {
  // Uids 10, 20, 30, 40 are messages 1 to 4.
  it.each([
    ['one', set([2, 2]), [20]],
    ['several, once each', set([3, 4], [4, 4], [1, 1]), [10, 30, 40]],
    ['the last', set([STAR, STAR]), [40]],
    ['from one on', set([3, STAR]), [30, 40]],
  ])('name %s', (_, ranges, wanted) => {
    expect(new SequenceNumbers(list(10, 20, 30, 40)).select(ranges, 'number')).toEqual(wanted)
  })

  it.each([
    ['those that are there', set([5, 25]), [10, 20]],
    ['none', set([11, 19]), []],
    ['the last, wherever the range begins', set([50, STAR]), [40]],
  ])('uids name %s', (_, ranges, wanted) => {
    expect(new SequenceNumbers(list(10, 20, 30, 40)).select(ranges, 'uid')).toEqual(wanted)
  })

  it('of an empty mailbox are an error, but for the last', () => {
    const empty = new SequenceNumbers(list())
    expect(() => empty.select(set([1, 1]), 'number')).toThrow('the mailbox is empty')
    expect(empty.select(set([STAR, STAR]), 'number')).toEqual([])
  })

  it('stay until expunges are told, across several states', () => {
    const numbers = new SequenceNumbers(list(1, 2, 3))
    numbers.saved = uids(1, 2, 3)
    numbers.advance(list(1, 3), uids(2), 7 as ModSeq)
    numbers.advance(list(3, 4), uids(1), 8 as ModSeq)
    expect([...numbers.uids]).toEqual([1, 2, 3, 4])
    expect(numbers.untold).toEqual([1, 2])
    expect(numbers.toldUpTo(9 as ModSeq)).toBe(7)
    numbers.tellExpunged(list(3, 4))
    expect([...numbers.uids]).toEqual([3, 4])
    expect(numbers.numberOf(4 as Uid)).toBe(2)
    expect(numbers.toldUpTo(9 as ModSeq)).toBe(9)
    expect(numbers.saved).toEqual([3])
  })
})
