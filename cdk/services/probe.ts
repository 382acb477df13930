// probe: makes a round trip through the load balancer every five minutes, as a user of one account. It can read that account's
// login and nothing else.

import { Duration } from 'aws-cdk-lib'
import { Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import { listenerTable } from '../listeners.ts'
import { ownMetric } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import { readSecret } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'

export class Probe extends PostwolkeFunction<'probe'> {
  constructor(scope: Construct, { deployment, bundles }: Pick<Parts, 'deployment' | 'bundles'>) {
    super(scope, 'probe', {
      deployment,
      bundles,
      // Longer than a round trip may take.
      timeout: Duration.minutes(4),
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        PROBE_SECRET: deployment.probeSecretArn,
        PROBE_SUBMISSIONS_PORT: String(listenerTable.submissions.port),
        PROBE_IMAPS_PORT: String(listenerTable.imaps.port),
      },
      statements: [readSecret(deployment.probeSecretArn)],
      alarms: [
        {
          name: 'RoundTrip',
          meaning: 'A message that a user sends does not reach its mailbox',
          metric: ownMetric(deployment, 'RoundTripSeconds', Stats.MAXIMUM),
          threshold: 60,
          periods: 3,
          bad: 2,
          isBadWithoutData: true,
        },
      ],
    })
    this.every('Trip', Schedule.rate(Duration.minutes(5)))
  }
}
