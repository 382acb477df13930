// How long functions may work, which the queues they read must know too.

import { Duration } from 'aws-cdk-lib'

export const POLICY_TIMEOUT = Duration.seconds(10)
export const CLEANUP_TIMEOUT = Duration.seconds(60)
/** A slow relay host and a large message: as long as there is. */
export const DELIVERY_TIMEOUT = Duration.minutes(15)
export const SWEEPER_TIMEOUT = Duration.minutes(5)
export const COLLECTOR_TIMEOUT = Duration.minutes(15)
/** Longer than a round trip may take. */
export const PROBE_TIMEOUT = Duration.minutes(4)
export const CERTIFICATES_TIMEOUT = Duration.minutes(10)
