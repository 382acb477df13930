// What a deployment costs in a month in which no mail comes, computed from its synthesised templates alone. A test holds it below
// `idleBudgets`, so that no change makes the smallest installation dearer unnoticed.
//
// Every resource type is either priced here, or known to cost nothing while idle, or unknown: unknown ones are named, and the
// test fails until somebody looks up what they cost. Where a template leaves a choice, the dearer reading is counted.

import { priceLists } from '#services/aws/prices.ts'
import { costsOf } from './resource-costs.ts'
import { Templates } from './templates.ts'

export type CostLine = {
  readonly what: string
  readonly quantity: number
  readonly unit: string
  readonly usd: number
}

export type IdleCost = {
  readonly lines: readonly CostLine[]
  readonly totalUsdPerMonth: number
  /** `AWS::Some::Type (LogicalId)`, or why a known type could not be priced: must be empty. */
  readonly unknownTypes: readonly string[]
}

/** Dollars a month that the two smaller presets may cost while idle. */
export const idleBudgets = { hobby: 36, standard: 65 } as const
export type BudgetedPreset = keyof typeof idleBudgets

export function idleCost(templates: readonly object[]): IdleCost {
  const all = new Templates(templates)
  const prices = priceLists['us-east-1']
  const lines = new Map<string, CostLine>()
  const unknownTypes: string[] = []
  for (const resource of all.resources) {
    for (const cost of costsOf(resource, all)) {
      if ('unknown' in cost) {
        unknownTypes.push(`${cost.unknown} (${resource.id})`)
        continue
      }
      const { usd, unit } = prices[cost.price]
      const quantity = (lines.get(cost.what)?.quantity ?? 0) + cost.quantity
      lines.set(cost.what, { what: cost.what, quantity, unit, usd: quantity * usd })
    }
  }
  for (const name of unknownTypes) {
    lines.set(name, { what: `unpriced: ${name}`, quantity: 1, unit: 'unpriced', usd: 0 })
  }
  const found = [...lines.values()].filter(({ quantity }) => quantity > 0)
  const totalUsdPerMonth = found.reduce((sum, { usd }) => sum + usd, 0)
  return { lines: found, totalUsdPerMonth, unknownTypes }
}

/** Which lines of a cost above its budget are dearer than planned; empty when it is within the budget. */
export function overBudget(
  { lines, totalUsdPerMonth }: IdleCost,
  preset: BudgetedPreset,
): string[] {
  const budget = idleBudgets[preset]
  if (totalUsdPerMonth <= budget) return []
  const planned: { readonly [what: string]: number } = plans[preset]
  const risen = lines.flatMap(({ what, usd }) => {
    const was = planned[what] ?? 0
    return usd > was + 0.005 ? [`${what}: ${dollars(usd)}, planned ${dollars(was)}`] : []
  })
  return [`idle cost ${dollars(totalUsdPerMonth)}, budget ${dollars(budget)}`, ...risen]
}

const dollars = (usd: number) => `$${usd.toFixed(2)}`

/** The lines that the budgets were made from, in dollars; what is not named here was not planned. */
const plans = {
  hobby: {
    'load balancer': 16.43,
    'addresses of the load balancer': 3.65,
    'processors of tasks': 5.91,
    'memory of tasks': 1.3,
    'addresses of tasks': 3.65,
    secrets: 0.8,
    'queue polling by functions': 0.53,
    'watch queue polling': 0.06,
    'leases of watching tasks': 0.06,
    'look-ups of the TLS secret': 0.03,
    'runs of scheduled functions': 0.01,
    'time of scheduled functions': 0.06,
    'logs of scheduled functions': 0.02,
    'queries of the sweeper': 0.05,
    'looks for dead letters': 0.04,
    alarms: 2.5,
  },
  standard: {
    'load balancer': 16.43,
    'addresses of the load balancer': 7.3,
    'processors of tasks': 23.64,
    'memory of tasks': 5.2,
    'addresses of tasks': 7.3,
    secrets: 0.8,
    'queue polling by functions': 0.53,
    'watch queue polling': 0.11,
    'leases of watching tasks': 0.11,
    'look-ups of the TLS secret': 0.05,
    'runs of scheduled functions': 0.01,
    'time of scheduled functions': 0.06,
    'logs of scheduled functions': 0.02,
    'queries of the sweeper': 0.05,
    'looks for dead letters': 0.04,
    'alarms of target tracking': 0.2,
    alarms: 2.5,
  },
} as const satisfies { readonly [preset in BudgetedPreset]: { readonly [what: string]: number } }
