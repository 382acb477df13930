// The function `certificates`: woken by a schedule and by "ACM Certificate Available". What the event says does not matter.

import { renewCertificate } from '#services/certificates/agent.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { openIssuer } from './certificates/open-issuer.ts'
import { certificateStore } from './certificates/stores.ts'
import { startProcess } from './process.ts'
import { openSecretsManager, Secret } from './secrets.ts'

const { variables, settings, log: processLog, metrics } = startProcess('certificates', process.env)
const log = processLog.child({ service: 'certificates' })
const { hostname } = settings
const clock = systemClock
const secrets = openSecretsManager()
const issuer = openIssuer({ variables, hostname, secrets, clock, log })
const store = certificateStore(new Secret(secrets, variables.TLS_SECRET))

/** A failing run fails the event: Lambda repeats it twice, and the schedule comes again anyhow. */
export async function handler(): Promise<void> {
  try {
    const decision = await renewCertificate({ hostname, issuer, store, clock, log }).catch(
      (error) => {
        log.error({ error }, 'certificate not renewed')
        throw error
      },
    )
    if (decision.kind === 'refused') throw new Error(decision.reason)
  } finally {
    metrics.flush()
  }
}
