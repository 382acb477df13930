// Figures on AWS are in CloudWatch, on the dashboard of the deployment: here there are none, and no point of a plot says that there was
// nothing.

import { type FigureSource, stepOf } from '#shared/figures/series.ts'

export const noFigures: FigureSource = {
  async read({ fromMs, toMs }) {
    const stepMs = stepOf(toMs - fromMs)
    return { fromMs: Math.floor(fromMs / stepMs) * stepMs, stepMs, series: [] }
  },
}
