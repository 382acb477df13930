import { describe, expect, it } from 'vitest'
import { corpus } from '#test/support/corpus.ts'

describe('corpus', () => {
  const messages = [...corpus()].map(({ name, bytes, ...marks }) => ({
    name,
    size: bytes.length,
    marks,
  }))
  const named = (name: string) => messages.find((message) => message.name === name)

  it('has distinct names', () => {
    expect(new Set(messages.map(({ name }) => name)).size).toBe(messages.length)
  })
  it('has nothing above 10,000,000 bytes and several of that size', () => {
    expect(Math.max(...messages.map(({ size }) => size))).toBe(10_000_000)
    expect(messages.filter(({ size }) => size === 10_000_000).length).toBeGreaterThan(3)
  })
  it('has messages without any byte', () => {
    expect(named('0 bytes')).toMatchObject({ size: 0 })
  })
  const rows: readonly [string, object][] = [
    ['0 bytes', { bareLineEnds: false, unended: false, sevenBit: true }],
    ['plain', { bareLineEnds: false, unended: false, sevenBit: true }],
    ['bare-lf', { bareLineEnds: true, unended: true, sevenBit: true }],
    ['lone CR at the end', { bareLineEnds: true, unended: true, sevenBit: true }],
    ['CR CR LF', { bareLineEnds: true, unended: false, sevenBit: true }],
    ['all byte values', { bareLineEnds: true, unended: false, sevenBit: false }],
    ['all bytes but CR and LF', { bareLineEnds: false, unended: false, sevenBit: false }],
    ['not-ended', { bareLineEnds: false, unended: true, sevenBit: true }],
  ]
  for (const [name, marks] of rows) {
    it(`marks ${name}`, () => {
      expect(named(name)?.marks).toEqual(marks)
    })
  }
})
