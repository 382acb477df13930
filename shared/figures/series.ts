// Figures over a range of time, for plots: at most so many points, a gap (null) where nobody counted.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import { splitKey } from './counter.ts'
import { type FigureName, factsOfFigure } from './figures.ts'
import { hoursOf, minutesOf, type Span } from './keeper.ts'
import { HOUR_MS, isGauge, MINUTE_MS, MINUTES_KEPT_SECONDS, summed } from './records.ts'

export type FigureRange = {
  readonly names: readonly FigureName[]
  readonly fromMs: number
  readonly toMs: number
}

export type FigureSeries = {
  readonly name: FigureName
  readonly label: string
  readonly unit: string
  readonly kind: 'count' | 'gauge'
  /** One a step, from `fromMs` on. Counts are of the whole step. */
  readonly values: readonly (number | null)[]
}

export type FigureAnswer = {
  readonly fromMs: number
  readonly stepMs: number
  readonly series: readonly FigureSeries[]
}

/** Where figures are read from: a table on one machine, CloudWatch on AWS. */
export interface FigureSource {
  read(range: FigureRange): Promise<FigureAnswer>
}

export const POINTS_MAX = 400
/** The longest range. */
export const RANGE_MS_MAX = 400 * 86_400_000
/** Of one figure in an answer: the greatest, the rest is `other`. */
const SERIES_MAX = 8
const steps = [1, 5, 15, 60, 3 * 60, 6 * 60, 24 * 60, 7 * 24 * 60].map((n) => n * MINUTE_MS)

/** The least that keeps to POINTS_MAX. */
export const stepOf = (rangeMs: number): number =>
  steps.find((step) => rangeMs / step <= POINTS_MAX) ?? 7 * 24 * HOUR_MS

export function createStoredFigures(table: Table, clock: Clock): FigureSource {
  return {
    async read({ names, fromMs, toMs }) {
      const isOld = fromMs < clock.now() - MINUTES_KEPT_SECONDS * 1_000
      const stepMs = Math.max(isOld ? HOUR_MS : MINUTE_MS, stepOf(toMs - fromMs))
      const from = Math.floor(fromMs / stepMs) * stepMs
      const spans = isOld
        ? [...(await hoursOf(table, from, toMs)), ...(await unmadeHour(table, clock.now(), toMs))]
        : await minutesOf(table, from, toMs)
      return { fromMs: from, stepMs, series: seriesOf(names, spans, { from, toMs, stepMs }) }
    },
  }
}

/** The one that is not over yet. */
async function unmadeHour(table: Table, nowMs: number, toMs: number): Promise<readonly Span[]> {
  const atMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  if (toMs <= atMs) return []
  const minutes = await minutesOf(table, atMs, toMs)
  return minutes.length === 0 ? [] : [{ atMs, values: summed(minutes.map(({ values }) => values)) }]
}

type Steps = { readonly from: number; readonly toMs: number; readonly stepMs: number }

export function seriesOf(
  names: readonly FigureName[],
  spans: readonly Span[],
  { from, toMs, stepMs }: Steps,
): readonly FigureSeries[] {
  const length = Math.max(0, Math.ceil((toMs - from) / stepMs))
  const inStep = Map.groupBy(spans, ({ atMs }) => Math.floor((atMs - from) / stepMs))
  const points = Array.from({ length }, (_, i) => {
    const all = inStep.get(i)
    return all && summed(all.map(({ values }) => values))
  })
  return names.flatMap((name) => {
    const { unit, kind } = factsOfFigure(name)
    return keysOf(name, points).map(({ keys, label }) => ({
      ...{ name, label, unit, kind },
      values: points.map((values) => {
        if (values === undefined) return null
        const found = keys.flatMap((key) => values.get(key) ?? [])
        // Nothing counted is zero; what was not measured is not known.
        if (found.length === 0) return kind === 'gauge' ? null : 0
        return found.reduce((sum, n) => sum + n, 0)
      }),
    }))
  })
}

/** The greatest on their own. */
function keysOf(
  name: FigureName,
  points: readonly (ReadonlyMap<string, number> | undefined)[],
): readonly { readonly keys: readonly string[]; readonly label: string }[] {
  const sums = new Map<string, number>()
  for (const values of points) {
    for (const [key, n] of values ?? []) {
      if (splitKey(key).name === name) sums.set(key, (sums.get(key) ?? 0) + n)
    }
  }
  if (sums.size === 0) return [{ keys: [name], label: '' }]
  const greatest = [...sums].sort(([, a], [, b]) => b - a).map(([key]) => key)
  const own = greatest.slice(0, isGauge(name) ? undefined : SERIES_MAX)
  const rest = greatest.slice(own.length)
  const series = own.map((key) => ({ keys: [key], label: splitKey(key).label }))
  return rest.length === 0 ? series : [...series, { keys: rest, label: 'rest' }]
}
