// What running the system costs, as whoever pays for it writes it.

import type { Kind } from './setting.ts'

/** `unset`: by AWS's list prices in a deployment, and unknown on a machine. */
export type MonthlyCost =
  | { readonly kind: 'unset' }
  | { readonly kind: 'off' }
  | { readonly kind: 'amount'; readonly amount: number; readonly currency: string }

/** Nine digits before the point and four behind it are what anybody pays. */
const AMOUNT = /^(\d{1,9}(?:\.\d{1,4})?) ([A-Z]{3})$/

export const monthlyCost: Kind<MonthlyCost> = {
  name: 'amount',
  allowed: 'an amount and its currency such as 35.50 EUR, off, or nothing',
  parse(text) {
    if (text === '') return { kind: 'unset' }
    if (text === 'off') return { kind: 'off' }
    const [, amount, currency] = AMOUNT.exec(text) ?? []
    if (amount === undefined || currency === undefined) return undefined
    return { kind: 'amount', amount: Number(amount), currency }
  },
  format(value) {
    if (value.kind === 'amount') return `${value.amount} ${value.currency}`
    return value.kind === 'off' ? 'off' : ''
  },
}

/** What is counted and may have a price: one of each, or a gigabyte stored for a month. */
export const pricedNames = [
  'accepted',
  'deliveredHere',
  'deliveredElsewhere',
  'deferred',
  'refused',
  'read',
  'changed',
  'logins',
  'storedGB',
] as const
export type PricedName = (typeof pricedNames)[number]

export type UnitPrices = { readonly [name in PricedName]?: number }

/** Some cost a ten-millionth of anything. */
const PRICE = /^\d{1,6}(?:\.\d{1,12})?$/

export const unitPrices: Kind<UnitPrices> = {
  name: 'prices',
  allowed: `NAME=AMOUNT with names of ${pricedNames.join(', ')}, each once, or nothing`,
  list: true,
  parse(text) {
    const prices: { [name in PricedName]?: number } = {}
    for (const word of text.split(/[\s,]+/).filter((each) => each !== '')) {
      const [given = '', amount = '', ...more] = word.split('=')
      const name = pricedNames.find((each) => each === given)
      if (name === undefined || more.length > 0 || !PRICE.test(amount)) return undefined
      if (prices[name] !== undefined) return undefined
      prices[name] = Number(amount)
    }
    return prices
  },
  format: (prices) =>
    pricedNames
      .flatMap((name) => {
        const price = prices[name]
        return price === undefined ? [] : [`${name}=${decimal(price)}`]
      })
      .join(', '),
}

/** Never `1e-7`. */
const decimal = (price: number) => {
  const text = price.toFixed(12)
  return text.replace(/0{1,12}$/, '').replace(/\.$/, '')
}
