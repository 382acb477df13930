// The function `probe`: woken every five minutes, makes a round trip through the load balancer as a user would. Without an
// answer in time the metric is missing, which rings too.

import { makeRoundTrip } from '#services/probe/round-trip.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { secretTexts } from '#shared/runtime/secret-texts.ts'
import { startProcess } from './process.ts'
import { openSecretsManager, Secret } from './secrets.ts'

const { variables, settings, log: processLog, metrics } = startProcess('probe', process.env)
const log = processLog.child({ service: 'probe' })
const secret = new Secret(openSecretsManager(), variables.PROBE_SECRET)
const probed = {
  host: settings.hostname,
  submissionsPort: Number(variables.PROBE_SUBMISSIONS_PORT),
  imapsPort: Number(variables.PROBE_IMAPS_PORT),
}

export async function handler(): Promise<void> {
  try {
    const version = await secret.read()
    const login = secretTexts(version?.text ?? '', ['user', 'password'])
    if (login === undefined) {
      throw new Error('the probe secret is not {"user": "…", "password": "…"}')
    }
    const trip = await makeRoundTrip(probed, login, systemClock)
    if (trip.kind === 'returned') {
      log.info({ seconds: trip.seconds }, 'round trip')
      metrics.gauge('RoundTripSeconds', trip.seconds)
    } else {
      log.error({ stage: trip.stage, reason: trip.reason }, 'round trip failed')
    }
  } finally {
    metrics.flush()
  }
}
