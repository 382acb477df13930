// Amounts of what AWS bills, and what they cost.

import { priceLists } from '#services/aws/prices.ts'

/** Keys of the price list, but for writes of indexes, which are told apart from those of tables and cost the same. */
const priced = {
  'ddb.rru': 'ddb.rru',
  'ddb.wru': 'ddb.wru',
  'ddb.wru.index': 'ddb.wru',
  's3.put': 's3.put',
  's3.get': 's3.get',
  'sqs.std': 'sqs.std',
  'lambda.request': 'lambda.request',
  'lambda.gbs.arm': 'lambda.gbs.arm',
  'cw.logs.std': 'cw.logs.std',
} as const

export type UsageKey = keyof typeof priced
export type Usage = { readonly [key in UsageKey]?: number }

export const usageKeys = Object.keys(priced) as readonly UsageKey[]

export function sum(...usages: readonly Usage[]): Usage {
  const total: { [key in UsageKey]?: number } = {}
  for (const usage of usages) {
    for (const key of usageKeys) {
      const amount = usage[key]
      if (amount !== undefined) total[key] = (total[key] ?? 0) + amount
    }
  }
  return total
}

export function scaled(usage: Usage, factor: number): Usage {
  return Object.fromEntries(usageKeys.flatMap((key) => scaledEntry(usage, key, factor)))
}

function scaledEntry(usage: Usage, key: UsageKey, factor: number): (readonly [UsageKey, number])[] {
  const amount = usage[key]
  return amount === undefined ? [] : [[key, amount * factor]]
}

export function dollars(usage: Usage): number {
  const prices = priceLists['us-east-1']
  return usageKeys.reduce((total, key) => total + (usage[key] ?? 0) * prices[priced[key]].usd, 0)
}
