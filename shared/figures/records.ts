// Figures in the `counters` table of one machine, where they end by themselves. An item for each minute that the server ran, counts or not: where
// there is none is a gap and no zero. Keys:
//   FIGURES#<yyyy-mm-dd> / <hh:mm>    of a minute: `values`, JSON by figure and label; three days
//   FIGURES#<yyyy-mm>    / <ddThh>    of an hour, made of its minutes: counts are sums, gauges means; 400 days

import type { Item, Key } from '#shared/storage/ports.ts'
import { type FigureValues, splitKey } from './counter.ts'
import { type FigureName, figures } from './figures.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const MINUTES_KEPT_SECONDS = 3 * 86_400
export const HOURS_KEPT_SECONDS = 400 * 86_400

const text = (ms: number) => new Date(ms).toISOString()

export const minuteKey = (ms: number): Key => ({
  pk: `FIGURES#${text(ms).slice(0, 10)}`,
  sk: text(ms).slice(11, 16),
})
export const hourKey = (ms: number): Key => ({
  pk: `FIGURES#${text(ms).slice(0, 7)}`,
  sk: text(ms).slice(8, 13),
})

export const figureItem = (key: Key, values: FigureValues, ttl: number): Item => ({
  ...key,
  values: JSON.stringify(Object.fromEntries(values)),
  ttl,
})

export function readFigures(item: Item): FigureValues {
  return new Map(Object.entries<number>(JSON.parse(String(item.values))))
}

export const isGauge = (key: string) => {
  const { name } = splitKey(key)
  return name in figures && figures[name as FigureName].kind === 'gauge'
}

/** Of several spans as of one. */
export function summed(all: readonly FigureValues[]): FigureValues {
  const sums = new Map<string, number>()
  const seen = new Map<string, number>()
  for (const values of all) {
    for (const [key, value] of values) {
      sums.set(key, (sums.get(key) ?? 0) + value)
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
  }
  for (const [key, sum] of sums) {
    if (isGauge(key)) sums.set(key, Math.round(sum / (seen.get(key) ?? 1)))
  }
  return sums
}
