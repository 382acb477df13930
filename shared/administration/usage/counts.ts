// What the system did in a span of time, of the figures that are kept anyhow.

import type { FigureName } from '#shared/figures/figures.ts'
import type { FigureAnswer } from '#shared/figures/series.ts'

const sources = {
  accepted: { figure: 'accepted' },
  acceptedBytes: { figure: 'acceptedBytes' },
  deliveredHere: { figure: 'delivered', label: 'local' },
  deliveredElsewhere: { figure: 'delivered', label: 'remote' },
  deferred: { figure: 'deferred' },
  refused: { figure: 'refused' },
  read: { figure: 'read' },
  changed: { figure: 'changed' },
  logins: { figure: 'logins' },
} as const satisfies {
  readonly [name: string]: { readonly figure: FigureName; readonly label?: string }
}

export type CountName = keyof typeof sources
export type UsageCounts = { readonly [name in CountName]: number }

export const countNames = Object.keys(sources) as readonly CountName[]

export const countedFigures: readonly FigureName[] = [
  ...new Set(Object.values(sources).map(({ figure }) => figure)),
]

export const noCounts = Object.fromEntries(countNames.map((name) => [name, 0])) as UsageCounts

/** `counts` null: nobody counted. */
export type UsageStep = { readonly atMs: number; readonly counts: UsageCounts | null }

/** All labels of a figure as one, but for what their label tells apart. */
export function stepsOf({ fromMs, stepMs, series }: FigureAnswer): readonly UsageStep[] {
  const length = series[0]?.values.length ?? 0
  return Array.from({ length }, (_, i) => {
    const isKnown = series.some(({ values }) => (values[i] ?? null) !== null)
    const sumOf = (name: CountName) => {
      const source: { readonly figure: FigureName; readonly label?: string } = sources[name]
      return series
        .filter((one) => one.name === source.figure)
        .filter(({ label }) => source.label === undefined || label === source.label)
        .reduce((sum, { values }) => sum + (values[i] ?? 0), 0)
    }
    const counts = Object.fromEntries(countNames.map((name) => [name, sumOf(name)]))
    return { atMs: fromMs + i * stepMs, counts: isKnown ? (counts as UsageCounts) : null }
  })
}

export function countedTogether(steps: readonly UsageStep[]): UsageCounts {
  const sums: { [name in CountName]: number } = { ...noCounts }
  for (const { counts } of steps) {
    for (const name of countNames) sums[name] += counts?.[name] ?? 0
  }
  return sums
}
