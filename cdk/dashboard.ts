// One dashboard of the graphs that the parts of the system declare.

import { Dashboard, GraphWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { dashboardRows, type Graph } from './watched.ts'

const COLUMNS = 24

export function createDashboard(scope: Construct, graphs: readonly Graph[]): void {
  const widgets = dashboardRows.flatMap((row) => {
    const titled = Map.groupBy(
      graphs.filter((graph) => graph.row === row),
      ({ title }) => title,
    )
    const width = Math.floor(COLUMNS / titled.size)
    return [
      [new TextWidget({ markdown: `## ${row}`, width: COLUMNS, height: 1 })],
      [...titled].map(([title, parts]) => {
        const left = parts.flatMap(({ metrics }) => metrics)
        return new GraphWidget({ title, left, width })
      }),
    ]
  })
  new Dashboard(scope, 'Dashboard', { widgets })
}
