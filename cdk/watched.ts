// What there is to watch of a part of the system: its alarms and its graphs, declared in the file of that part. Monitoring makes
// them, in a stack that nothing else depends on.

import type { ComparisonOperator, IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import type { BySize } from './presets.ts'

export interface Watched {
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]
}

export type AlarmFacts = {
  /** Also of its heading in docs/runbooks.md. It never changes: alarms are known by it. */
  readonly name: string
  /** What it means when it is red. */
  readonly meaning: string
  readonly metric: IMetric
  readonly threshold: number | BySize<number>
  readonly operator?: ComparisonOperator
  /** Periods of the metric that are looked at, and how many of them must be bad. */
  readonly periods?: number
  readonly bad?: number
  /** Metrics are written when there is something to say; this one always has. */
  readonly isBadWithoutData?: true
}

/** Rows of the dashboard, from above: mail coming in, waiting, going out, being read, what administers it, and what that costs. */
export const dashboardRows = ['Inbound', 'Queue', 'Outbound', 'Mailboxes', 'API', 'Cost'] as const

export type Graph = {
  readonly row: (typeof dashboardRows)[number]
  readonly title: string
  readonly metrics: readonly IMetric[]
}
