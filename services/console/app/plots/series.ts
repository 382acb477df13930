// What a plot shows, as numbers: without a canvas, for the drawing, the sentence, the table and the one who reads by arrow keys alike.

export type Tone = 'accepted' | 'refused' | 'deferred' | 'delivered' | 'held' | 'accent' | 'muted'

export type Series = {
  readonly label: string
  readonly tone: Tone
  /** One a time; null: nothing is known, which is not 0. */
  readonly values: readonly (number | null)[]
}

export type PlotData = {
  /** Epoch ms, rising. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
}

/** Each on top of those before it. Where nothing is known of any, there is a gap. */
export function stacked({ times, series }: PlotData): readonly (readonly (number | null)[])[] {
  const sums: (number | null)[] = times.map(() => null)
  return series.map(({ values }) => {
    for (const [i, value] of values.entries()) {
      if (value !== null && value !== undefined) sums[i] = (sums[i] ?? 0) + value
    }
    return [...sums]
  })
}

export type SeriesFacts = {
  readonly label: string
  readonly last: number
  readonly peak: number
  readonly peakAtMs: number
}

/** Of those of which something is known. */
export function factsOf({ times, series }: PlotData): readonly SeriesFacts[] {
  return series.flatMap(({ label, values }) => {
    let facts: SeriesFacts | undefined
    for (const [i, value] of values.entries()) {
      const atMs = times[i]
      if (value === null || atMs === undefined) continue
      const isPeak = facts === undefined || value > facts.peak
      const peak = isPeak || facts === undefined ? value : facts.peak
      const peakAtMs = isPeak || facts === undefined ? atMs : facts.peakAtMs
      facts = { label, last: value, peak, peakAtMs }
    }
    return facts === undefined ? [] : [facts]
  })
}

/** The largest `count` by their sums, and the rest as one. */
export function largest({ times, series }: PlotData, count: number, otherLabel: string): PlotData {
  if (series.length <= count + 1) return { times, series }
  const bySum = series
    .map((one) => ({ one, sum: one.values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }))
    .sort((a, b) => b.sum - a.sum)
    .map(({ one }) => one)
  const rest = { times, series: bySum.slice(count) }
  const values = stacked(rest).at(-1) ?? []
  return { times, series: [...bySum.slice(0, count), { label: otherLabel, tone: 'muted', values }] }
}

/** One step of the cursor with an arrow key; stays inside. */
export function moved(index: number | undefined, key: string, length: number): number | undefined {
  const last = length - 1
  if (last < 0) return undefined
  const from = index ?? last
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, from - (index === undefined ? 0 : 1))
    case 'ArrowRight':
      return Math.min(last, from + 1)
    case 'PageUp':
      return Math.max(0, from - 10)
    case 'PageDown':
      return Math.min(last, from + 10)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return undefined
  }
}
