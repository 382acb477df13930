// One dashboard of the graphs that the parts of the system declare.

import { Dashboard, GraphWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { dashboardRows, type Graph } from './watched.ts'

const COLUMNS = 24

export function createDashboard(scope: Construct, graphs: readonly Graph[]): void {
  const widgets = dashboardRows.flatMap((row) => {
    const drawn = graphs.filter((graph) => graph.row === row)
    if (drawn.length === 0) return []
    const width = Math.floor(COLUMNS / drawn.length)
    return [
      [new TextWidget({ markdown: `## ${row}`, width: COLUMNS, height: 1 })],
      drawn.map(({ title, metrics }) => new GraphWidget({ title, left: [...metrics], width })),
    ]
  })
  new Dashboard(scope, 'Dashboard', { widgets })
}
