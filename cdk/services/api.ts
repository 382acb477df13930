// api: the API, the console, and what else is served over HTTP, asked by the HTTP API. It may do what an administrator may; who that
// is it decides itself, by rules and limits that are the same on one machine.

import { Duration } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Parts } from '../parts.ts'
import {
  administer,
  allow,
  readObjects,
  readOidcSecret,
  readTakeouts,
  writeObjects,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import { version } from '../version.ts'
import { administrationVariables } from './administration.ts'
import type { Jobs } from './jobs.ts'

/** Of the HTTP API, which waits for 30 s. */
const TIMEOUT = Duration.seconds(29)

export class Api extends PostwolkeFunction<'api'> {
  constructor(
    scope: Construct,
    parts: Parts & { readonly jobs: Jobs; readonly idleUsdPerMonth: string },
  ) {
    const { deployment, bundles, jobs, idleUsdPerMonth } = parts
    super(scope, 'api', {
      deployment,
      bundles,
      timeout: TIMEOUT,
      // Passwords are hashed, and everything is loaded while somebody waits: processors come with memory.
      memoryMiB: MEMORY_MIB,
      environment: {
        ...administrationVariables(parts),
        OBJECTS_BUCKET: parts.storage.objects.bucketName,
        JOBS_FUNCTION: jobs.lambda.functionName,
        VERSION: version,
        OIDC_CLIENT_SECRET: deployment.oidcClientSecretArn,
        IDLE_USD_PER_MONTH: idleUsdPerMonth,
      },
      statements: [
        ...administer(scope, parts, 'api'),
        ...readOidcSecret(deployment),
        // Of what is in quarantine: shown to whoever may see it.
        ...readObjects(parts.storage),
        // Letters of the system: links for a new password.
        writeObjects(parts.storage),
        // For links to their volumes, which bear the right of who made them.
        readTakeouts(parts.storage),
        allow(['lambda:InvokeFunction'], [jobs.lambda.functionArn]),
      ],
    })
  }
}

export const MEMORY_MIB = 1024
