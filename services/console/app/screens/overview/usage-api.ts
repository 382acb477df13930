// What was used in this month and what it costs, as the API tells it.

import { get } from '../../api/client.ts'
import type { PlotData } from '../../plots/series.ts'

export type Usage = {
  readonly counts: { readonly accepted: number; readonly acceptedBytes: number }
  readonly storedBytes: number | null
  readonly cost: Cost | null
  readonly noCost: 'not-set' | 'off' | null
}

export type Cost = {
  readonly currency: string
  readonly origin:
    | {
        readonly kind: 'list-prices'
        readonly listed: string
        readonly region: string
        readonly asOf: string
      }
    | { readonly kind: 'setting' }
  readonly soFar: number
  readonly projected: number
  readonly points: readonly { readonly at: string; readonly soFar: number }[]
}

export const readUsage = (signal: AbortSignal) => get<Usage>('/usage', {}, signal)

export const costOverTime = ({ points }: Cost, label: string): PlotData => ({
  times: points.map(({ at }) => Date.parse(at)),
  series: [{ label, tone: 'accent', values: points.map(({ soFar }) => soFar) }],
})
