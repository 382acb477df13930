// What a month has cost so far, estimated: what it costs whatever happens, by the time that has passed, and what was counted by its prices. It is
// no bill: what is not counted stands in `notCounted`, and who is paid decides.

import type { MonthlyCost, PricedName, UnitPrices } from '#shared/settings/cost-kinds.ts'
import { pricedNames } from '#shared/settings/cost-kinds.ts'
import { countedTogether, type UsageCounts, type UsageStep } from './counts.ts'

export type CostOrigin =
  /** Of AWS. `listed`: the region of the prices; `region`: that of the deployment, which may ask other ones. */
  | {
      readonly kind: 'list-prices'
      readonly listed: string
      readonly region: string
      /** The last day that one of them was read. */
      readonly asOf: string
    }
  | { readonly kind: 'setting' }

export type CostModel = {
  /** ISO 4217. */
  readonly currency: string
  /** What it costs when nothing happens. */
  readonly atRest: { readonly amount: number; readonly per: 'hour' | 'month' }
  readonly prices: UnitPrices
  readonly origin: CostOrigin
  /** What costs something too. */
  readonly notCounted: readonly NotCounted[]
}

export type NotCounted = 'traffic-to-clients' | 'kept-logs' | 'deleted-mail' | 'stored-mail'

/** `quantity`: hours at rest, gigabytes, or how many. */
export type CostLine = {
  readonly what: 'atRest' | PricedName
  readonly quantity: number
  readonly amount: number
}

export type CostEstimate = {
  readonly kind: 'estimate'
  readonly currency: string
  readonly origin: CostOrigin
  readonly soFar: number
  /** At the end of the month, if it goes on as it did. */
  readonly projected: number
  readonly lines: readonly CostLine[]
  readonly notCounted: readonly NotCounted[]
  /** So far, at the end of each step. */
  readonly points: readonly { readonly atMs: number; readonly soFar: number }[]
}

export type NoCost = {
  readonly kind: 'none'
  /** `not-set`: the setting `monthlyCost` says it. */
  readonly why: 'not-set' | 'off'
}

export type Month = {
  readonly startMs: number
  readonly endMs: number
  /** From when on it ran; the start of the month, unless it was begun within it. */
  readonly sinceMs: number
  readonly nowMs: number
}

const HOUR_MS = 3_600_000
const GB = 1e9

/** What is set stands in place of list prices; undefined: nobody knows, or is to be told. */
export function modelInForce(
  set: { readonly monthlyCost: MonthlyCost; readonly unitPrices: UnitPrices },
  listed: CostModel | undefined,
): CostModel | NoCost {
  const { monthlyCost, unitPrices } = set
  switch (monthlyCost.kind) {
    case 'off':
      return { kind: 'none', why: 'off' }
    case 'amount': {
      const { amount, currency } = monthlyCost
      const atRest = { amount, per: 'month' } as const
      const origin = { kind: 'setting' } as const
      return { currency, atRest, prices: unitPrices, origin, notCounted: [] }
    }
    case 'unset':
      if (listed === undefined) return { kind: 'none', why: 'not-set' }
      return { ...listed, prices: { ...listed.prices, ...unitPrices } }
  }
}

export function estimateCost(
  model: CostModel,
  /** Of the month, in their order, each `stepMs` long. `storedBytes` null: too much to be counted. */
  used: {
    readonly steps: readonly UsageStep[]
    readonly stepMs: number
    readonly storedBytes: number | null
  },
  month: Month,
): CostEstimate {
  const { currency, origin, prices } = model
  const { steps, stepMs, storedBytes } = used
  const { startMs, endMs, sinceMs, nowMs } = month
  const passedMs = Math.max(0, nowMs - sinceMs)
  const wholeMs = Math.max(passedMs, endMs - sinceMs)
  const atRestAMs = restAMs(model, month)
  const storedGb = (storedBytes ?? 0) / GB
  const storedAMs = (storedGb * (prices.storedGB ?? 0)) / (endMs - startMs)
  const counts = countedTogether(steps)
  const counted = pricedNames.flatMap((what): CostLine[] => {
    const price = prices[what]
    if (price === undefined) return []
    if (what !== 'storedGB') return [{ what, quantity: counts[what], amount: counts[what] * price }]
    if (storedBytes === null) return []
    return [{ what, quantity: storedGb, amount: storedAMs * passedMs }]
  })
  const atRest: CostLine = {
    what: 'atRest',
    quantity: passedMs / HOUR_MS,
    amount: atRestAMs * passedMs,
  }
  const happened = ofCounts(prices, counts)
  // What is counted within an hour says nothing of a month.
  const growth = passedMs < HOUR_MS ? 1 : wholeMs / passedMs
  const lines = [atRest, ...counted]
  return {
    ...{ kind: 'estimate', currency, origin, lines },
    soFar: lines.reduce((sum, { amount }) => sum + amount, 0),
    projected: (atRestAMs + storedAMs) * wholeMs + happened * growth,
    notCounted: [
      ...model.notCounted,
      ...(storedBytes === null && prices.storedGB !== undefined ? (['stored-mail'] as const) : []),
    ],
    points: pointsOf(prices, steps, (atMs) => {
      const untilMs = Math.min(nowMs, atMs + stepMs)
      return { atMs: untilMs, passed: (atRestAMs + storedAMs) * Math.max(0, untilMs - sinceMs) }
    }),
  }
}

function restAMs({ atRest: { amount, per } }: CostModel, { startMs, endMs }: Month): number {
  return amount / (per === 'hour' ? HOUR_MS : endMs - startMs)
}

function ofCounts(prices: UnitPrices, counts: UsageCounts): number {
  return pricedNames.reduce(
    (sum, name) => sum + (name === 'storedGB' ? 0 : counts[name] * (prices[name] ?? 0)),
    0,
  )
}

function pointsOf(
  prices: UnitPrices,
  steps: readonly UsageStep[],
  at: (atMs: number) => { readonly atMs: number; readonly passed: number },
): CostEstimate['points'] {
  let happened = 0
  return steps.map(({ atMs, counts }) => {
    if (counts !== null) happened += ofCounts(prices, counts)
    const { atMs: untilMs, passed } = at(atMs)
    return { atMs: untilMs, soFar: passed + happened }
  })
}
