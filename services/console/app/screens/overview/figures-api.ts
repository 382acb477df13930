// Figures over time as the API tells them, and as plots want them.

import { get } from '../../api/client.ts'
import { t, tIfKnown } from '../../kit/language.ts'
import { largest, type PlotData, type Series, type Tone } from '../../plots/series.ts'

export type FigureAnswer = {
  readonly from: string
  readonly stepSeconds: number
  readonly series: readonly FigureSeries[]
}

export type FigureSeries = {
  readonly name: string
  readonly label: string
  readonly unit: string
  readonly values: readonly (number | null)[]
}

export const figureNames = [
  'accepted',
  'delivered',
  'refused',
  'deferred',
  'queueAge',
  'storage',
  'logins',
  'loginFailures',
] as const
export type FigureName = (typeof figureNames)[number]

export const ranges = ['1h', '6h', '24h', '7d', '30d'] as const
export type Range = (typeof ranges)[number]

const hours = { '1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720 } as const satisfies {
  readonly [range in Range]: number
}
export const rangeMs = (range: Range) => hours[range] * 3_600_000

export const readFigures = (names: readonly FigureName[], range: Range, signal: AbortSignal) =>
  get<FigureAnswer>('/figures', { names: names.join(','), since: range }, signal)

const timesOf = ({ from, stepSeconds, series }: FigureAnswer): readonly number[] => {
  const fromMs = new Date(from).getTime()
  return Array.from(
    { length: series[0]?.values.length ?? 0 },
    (_, i) => fromMs + i * stepSeconds * 1000,
  )
}

/** Counts of a step become counts of a minute. */
const aMinute = (answer: FigureAnswer, values: FigureSeries['values']) =>
  values.map((value) => (value === null ? null : (value * 60) / answer.stepSeconds))

const tones = {
  accepted: 'accepted',
  delivered: 'delivered',
  logins: 'delivered',
  loginFailures: 'refused',
} as const satisfies { readonly [name in FigureName]?: Tone }

/** All labels of each as one, a minute. */
export function totals(answer: FigureAnswer, names: readonly (keyof typeof tones)[]): PlotData {
  const times = timesOf(answer)
  const series = names.map((name): Series => {
    const own = answer.series.filter((one) => one.name === name)
    const values = times.map((_, i) => {
      const known = own.flatMap((one) => one.values[i] ?? [])
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
    })
    return { label: t(`figure.${name}`), tone: tones[name], values: aMinute(answer, values) }
  })
  return { times, series }
}

const barTones = ['refused', 'deferred', 'held', 'accepted', 'delivered'] as const

/** By label, the greatest and the rest. */
export function byLabel(answer: FigureAnswer, name: FigureName, count: number): PlotData {
  const own = answer.series.filter((one) => one.name === name)
  const series = own.map(
    ({ label, values }): Series => ({
      label: label === '' ? t('figure.all') : (tIfKnown(`figure.label.${label}`) ?? label),
      tone: 'muted',
      values: aMinute(answer, values),
    }),
  )
  const few = largest({ times: timesOf(answer), series }, count, t('figure.other'))
  return {
    ...few,
    series: few.series.map((one, i) => ({ ...one, tone: barTones[i] ?? 'muted' })),
  }
}

export function gauges(
  answer: FigureAnswer,
  name: FigureName,
  labels: readonly { readonly label: string; readonly tone: Tone }[],
  factor = 1,
): PlotData {
  return {
    times: timesOf(answer),
    series: labels.flatMap(({ label, tone }) => {
      const found = answer.series.find((one) => one.name === name && one.label === label)
      if (found === undefined) return []
      const values = found.values.map((value) => (value === null ? null : value * factor))
      return [{ label: tIfKnown(`figure.label.${label}`) ?? label, tone, values }]
    }),
  }
}

export type Sum = { readonly label: string; readonly value: number }

/** Over the whole range, the greatest first. */
export function sums(answer: FigureAnswer, name: FigureName): readonly Sum[] {
  return answer.series
    .filter((one) => one.name === name)
    .map(({ label, values }) => ({
      label,
      value: values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    }))
    .filter(({ label, value }) => label !== '' && value > 0)
    .sort((a, b) => b.value - a.value)
}

/** Of the last steps in which something is known, a minute. */
export function rateNow(answer: FigureAnswer, name: FigureName): number | undefined {
  const steps = Math.max(1, Math.round(300 / answer.stepSeconds))
  const own = answer.series.filter((one) => one.name === name)
  const last = timesOf(answer)
    .map((_, i) => own.flatMap((one) => one.values[i] ?? []))
    .filter((known) => known.length > 0)
    .slice(-steps)
  if (last.length === 0) return undefined
  return (
    (last.flat().reduce((sum, value) => sum + value, 0) / last.length) * (60 / answer.stepSeconds)
  )
}
