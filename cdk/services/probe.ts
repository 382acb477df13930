// probe: makes a round trip through the load balancer every five minutes, as a user of one account. It can read that account's
// login and nothing else.

import { Duration } from 'aws-cdk-lib'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import { listenerTable } from '../listeners.ts'
import type { Parts } from '../parts.ts'
import { readSecret } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import { PROBE_TIMEOUT } from '../timeouts.ts'

export class Probe extends PostwolkeFunction<'probe'> {
  constructor(scope: Construct, { deployment, bundles }: Pick<Parts, 'deployment' | 'bundles'>) {
    super(scope, 'probe', {
      deployment,
      bundles,
      timeout: PROBE_TIMEOUT,
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        PROBE_SECRET: deployment.probeSecretArn,
        PROBE_SUBMISSIONS_PORT: String(listenerTable.submissions.port),
        PROBE_IMAPS_PORT: String(listenerTable.imaps.port),
      },
      statements: [readSecret(deployment.probeSecretArn)],
    })
    this.every('Trip', Schedule.rate(Duration.minutes(5)))
  }
}
