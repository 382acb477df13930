import { describe, expect, it } from 'vitest'
import {
  factsOf,
  largest,
  moved,
  type PlotData,
  stacked,
} from '#services/console/app/plots/series.ts'

const data: PlotData = {
  times: [0, 60_000, 120_000],
  series: [
    { label: 'a', tone: 'accepted', values: [1, null, 3] },
    { label: 'b', tone: 'refused', values: [10, null, null] },
    { label: 'c', tone: 'held', values: [100, null, 200] },
  ],
}

describe('series of a plot', () => {
  it('are stacked, and a gap is no zero', () => {
    expect(stacked(data)).toEqual([
      [1, null, 3],
      [11, null, 3],
      [111, null, 203],
    ])
  })

  it('are told by their last value and their peak', () => {
    const empty = { label: 'd', tone: 'muted', values: [null, null, null] } as const
    expect(factsOf({ ...data, series: [...data.series, empty] })).toEqual([
      { label: 'a', last: 3, peak: 3, peakAtMs: 120_000 },
      { label: 'b', last: 10, peak: 10, peakAtMs: 0 },
      { label: 'c', last: 200, peak: 200, peakAtMs: 120_000 },
    ])
  })

  it('are the largest and one for the rest, which never stands for one alone', () => {
    expect(largest(data, 2, 'other')).toEqual(data)
    expect(largest(data, 1, 'other').series).toEqual([
      data.series[2],
      { label: 'other', tone: 'muted', values: [11, null, 3] },
    ])
  })

  it.each([
    [undefined, 'ArrowLeft', 2],
    [2, 'ArrowLeft', 1],
    [0, 'ArrowLeft', 0],
    [2, 'ArrowRight', 2],
    [1, 'Home', 0],
    [0, 'End', 2],
    [1, 'x', undefined],
  ])('are walked along: from %s with %s to %s', (from, key, to) => {
    expect(moved(from, key, 3)).toBe(to)
    expect(moved(from, key, 0)).toBeUndefined()
  })
})
