// What is to be watched of all functions together: that they run, and what that costs.

import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import { FIVE_MINUTES, sumOf } from './metrics.ts'
import type { Watched } from './watched.ts'

export function watchFunctions(functions: readonly { readonly lambda: Lambda }[]): Watched {
  const each = <Read>(read: (lambda: Lambda) => Read) => functions.map(({ lambda }) => read(lambda))
  const errors = each((lambda) => lambda.metricErrors({ period: FIVE_MINUTES }))
  const throttles = each((lambda) => lambda.metricThrottles({ period: FIVE_MINUTES }))
  const times = each((lambda) =>
    lambda.metricDuration({ period: FIVE_MINUTES, statistic: Stats.SUM }),
  )
  return {
    alarms: [
      {
        name: 'FunctionErrors',
        meaning: 'A function failed, ran out of time or out of memory',
        metric: sumOf('functionErrors', errors),
        threshold: 0,
        periods: 3,
        bad: 2,
      },
      {
        name: 'FunctionThrottles',
        meaning: 'Lambda does not run functions as often as they are asked for',
        // Without a name: of all functions of the account in the region, who share what Lambda runs at a time.
        metric: new Metric({
          namespace: 'AWS/Lambda',
          metricName: 'Throttles',
          statistic: Stats.SUM,
          period: FIVE_MINUTES,
        }),
        threshold: 0,
        periods: 3,
        bad: 2,
      },
    ],
    graphs: [
      {
        row: 'Outbound',
        title: 'Functions',
        metrics: [sumOf('errors', errors), sumOf('throttles', throttles)],
      },
      { row: 'Cost', title: 'Function time (ms)', metrics: times },
    ],
  }
}
