// jobs: imports, exports and changes of many things at once, begun by the API; the daily seal of the record of what was done;
// what has waited in quarantine for too long.

import { Duration } from 'aws-cdk-lib'
import { Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { jobsJobs } from '#services/aws/environment.ts'
import type { Parts } from '../parts.ts'
import { administer, readObjects, writeObjects } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import { administrationVariables } from './administration.ts'

export class Jobs extends PostwolkeFunction<'jobs'> {
  constructor(scope: Construct, parts: Parts) {
    const { deployment, bundles } = parts
    super(scope, 'jobs', {
      deployment,
      bundles,
      // What is not done by then goes on with the next run.
      timeout: Duration.minutes(10),
      memoryMiB: deployment.preset.functionMemoryMiB,
      environment: {
        ...administrationVariables(parts),
        OBJECTS_BUCKET: parts.storage.objects.bucketName,
      },
      statements: [
        ...administer(scope, parts, 'jobs'),
        // Mail of other servers comes in, and is compared with what it was.
        writeObjects(parts.storage),
        ...readObjects(parts.storage),
      ],
    })
    // Whoever begins a job wakes it; this is for what was not done in one go, and for what is tried again.
    this.every<(typeof jobsJobs)[number]>('Work', Schedule.rate(Duration.minutes(2)), {
      job: 'work',
    })
    this.every<(typeof jobsJobs)[number]>('Seal', Schedule.rate(Duration.hours(1)), {
      job: 'seal',
    })
    this.every<(typeof jobsJobs)[number]>('Forget', Schedule.rate(Duration.hours(1)), {
      job: 'forget',
    })
  }
}
