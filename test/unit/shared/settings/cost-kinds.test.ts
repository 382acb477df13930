import { describe, expect, it } from 'vitest'
import { monthlyCost, unitPrices } from '#shared/settings/cost-kinds.ts'

describe('a monthly cost', () => {
  it.each([
    ['', { kind: 'unset' }],
    ['off', { kind: 'off' }],
    ['35.5 EUR', { kind: 'amount', amount: 35.5, currency: 'EUR' }],
    ['0 JPY', { kind: 'amount', amount: 0, currency: 'JPY' }],
  ])('is %j', (text, value) => {
    expect(monthlyCost.parse(text)).toEqual(value)
    expect(monthlyCost.format(monthlyCost.parse(text) ?? { kind: 'unset' })).toBe(text)
  })

  it.each([
    '35',
    '35 eur',
    '35EUR',
    '-1 EUR',
    '1.23456 EUR',
    '1e3 EUR',
    '1,5 EUR',
    '1234567890 EUR',
  ])('is not %j', (text) => expect(monthlyCost.parse(text)).toBeUndefined())
})

describe('unit prices', () => {
  it('are names with amounts, and read back as they are written', () => {
    const text = 'accepted=0.0000001, deliveredElsewhere=0.0004, storedGB=2'
    const value = { accepted: 1e-7, deliveredElsewhere: 0.0004, storedGB: 2 }
    expect(unitPrices.parse(text)).toEqual(value)
    expect(unitPrices.format(value)).toBe(text)
    expect(unitPrices.parse(' ')).toEqual({})
  })

  it.each([
    'accepted',
    'accepted=',
    'accepted=-1',
    'mail=1',
    'accepted=1 accepted=2',
    'accepted=1=2',
  ])('are not %j', (text) => expect(unitPrices.parse(text)).toBeUndefined())
})
