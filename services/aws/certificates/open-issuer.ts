// The issuer that the deployment chose.

import { ACMClient } from '@aws-sdk/client-acm'
import { Route53Client } from '@aws-sdk/client-route-53'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { httpsSender } from '#services/certificates/acme/https.ts'
import { AcmeIssuer } from '#services/certificates/acme/issuer.ts'
import { byDns } from '#services/certificates/acme/solver.ts'
import type { CertificateIssuer } from '#services/certificates/issuer.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { EnvironmentOf } from '../environment.ts'
import { requestTimeouts } from '../request-timeouts.ts'
import { Secret } from '../secrets.ts'
import { AcmIssuer } from './acm-issuer.ts'
import { Route53Challenges } from './route53-challenges.ts'
import { accountKeyStore } from './stores.ts'

export function openIssuer(parts: {
  readonly variables: EnvironmentOf<'certificates'>
  readonly hostname: string
  readonly secrets: SecretsManagerClient
  readonly clock: Clock
  readonly log: Log
}): CertificateIssuer {
  const { variables, hostname, secrets, clock, log } = parts
  switch (variables.CERTIFICATE_SOURCE) {
    case 'acm':
      return new AcmIssuer({
        client: new ACMClient({ requestHandler: requestTimeouts }),
        certificateArn: variables.CERTIFICATE_ARN,
        log,
      })
    case 'acme':
      return new AcmeIssuer({
        directoryUrl: variables.ACME_DIRECTORY_URL,
        names: async () => [hostname],
        contact: variables.ACME_CONTACT,
        accountKeys: accountKeyStore(new Secret(secrets, variables.ACME_ACCOUNT_SECRET)),
        solver: byDns(
          new Route53Challenges({
            client: new Route53Client({ requestHandler: requestTimeouts }),
            hostedZoneId: variables.HOSTED_ZONE_ID,
            clock,
          }),
        ),
        send: httpsSender(),
        clock,
        log,
      })
    default:
      throw new StartFailure(
        `CERTIFICATE_SOURCE is ${JSON.stringify(variables.CERTIFICATE_SOURCE)}; allowed are acm and acme`,
      )
  }
}
