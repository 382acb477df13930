import { describe, expect, it } from 'vitest'
import { feedback, transportLimits } from '#shared/settings/delivery-kinds.ts'

describe('feedback', () => {
  it.each([
    ['1', { base: 1, per: 'one' }],
    ['0', { base: 0, per: 'one' }],
    ['0.25', { base: 0.25, per: 'one' }],
    ['1/5', { base: 0.2, per: 'one' }],
    ['2 / 3', { base: 2 / 3, per: 'one' }],
    ['1/concurrency', { base: 1, per: 'concurrency' }],
    ['0.5 / sqrt_concurrency', { base: 0.5, per: 'sqrt_concurrency' }],
  ] as const)('reads %s', (text, value) => {
    expect(feedback.parse(text)).toEqual(value)
    expect(feedback.parse(feedback.format(value))).toEqual(value)
  })

  it.each([
    '',
    '2',
    '-1',
    '1/0',
    '3/2',
    '1/',
    'concurrency',
    '1/5/concurrency',
    '1e-3',
    '0.0000001',
  ])('refuses %j', (text) => {
    expect(feedback.parse(text)).toBeUndefined()
  })

  it('writes a part of one as a fraction', () => {
    expect(feedback.format({ base: 0.2, per: 'one' })).toBe('1/5')
  })
})

describe('transport limits', () => {
  const text =
    'ses concurrency=14, [relay.test]:587 concurrency=2 rateDelay=1s, lmtp initial=1 processes=7'

  it('are read and written', () => {
    const value = [
      { of: 'ses', concurrency: 14 },
      { of: '[relay.test]:587', concurrency: 2, rateDelayMs: 1_000 },
      { of: 'lmtp', initial: 1, processes: 7 },
    ]
    expect(transportLimits.parse(text)).toEqual(value)
    expect(transportLimits.format(value)).toBe(text)
    expect(transportLimits.parse('')).toEqual([])
  })

  it('name a next hop as its route is written', () => {
    const [own] = transportLimits.parse('smtp:EXAMPLE.test:25 concurrency=1') ?? []
    expect(own?.of).toBe('example.test')
  })

  it.each([
    'smtp',
    'smtp concurrency',
    'smtp concurrency=x',
    'smtp concurrency=20000',
    'smtp speed=1',
    'smtp concurrency=1 concurrency=2',
    'smtp concurrency=1, smtp initial=2',
    'smtp initial=0',
    'example.test processes=3',
    'discard:x concurrency=1',
    '[nowhere concurrency=1',
    'a.test rateDelay=3',
  ])('refuse %j', (wrong) => {
    expect(transportLimits.parse(wrong)).toBeUndefined()
  })
})
