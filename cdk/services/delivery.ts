// delivery: hands one group of a message at a time to the relay host, or to a folder that was not ready before, and tells senders.

import { Duration } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Deployment } from '../configuration.ts'
import type { Parts } from '../parts.ts'
import { allow, keysLike, readSecret, sendBySes } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import type { BySize } from '../presets.ts'
import { deliveryStatements, deliveryVariables, watchDelivery } from './outbound.ts'

/** A slow relay host and a large message: as long as there is. The queue that wakes it must know, too. */
export const DELIVERY_TIMEOUT = Duration.minutes(15)
/** Each waits for another host. */
const BATCH = 1
/** Two is the least an event source may have. */
const concurrencyMax: BySize<number> = { hobby: 2, standard: 20, scale: 200 }
/** What was put off does not stand in the way of what is new. */
const deferredConcurrencyMax: BySize<number> = { hobby: 2, standard: 10, scale: 100 }

export class Delivery extends PostwolkeFunction<'delivery'> {
  constructor(scope: Construct, parts: Parts) {
    const { deployment, bundles, queues } = parts
    const { active, deferred } = queues
    const { relaySecretArn, egress } = deployment
    super(scope, 'delivery', {
      deployment,
      bundles,
      timeout: DELIVERY_TIMEOUT,
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        ...deliveryVariables(parts),
        RELAY_SECRET: relaySecretArn,
        SES_SENDERS: egress === 'ses-api' ? String(sendersMax(deployment)) : '',
      },
      statements: [
        ...deliveryStatements(scope, parts),
        ...(egress === 'ses-api' ? sendBySes(scope) : []),
        // Of destinations that do not answer; of others nothing is written.
        allow(
          ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
          [parts.storage.tables.counters.tableArn],
          keysLike('DESTINATION#*'),
        ),
        ...(relaySecretArn === '' ? [] : [readSecret(relaySecretArn)]),
      ],
      ...watchDelivery(deployment),
    })
    const { name } = deployment.preset
    this.wokenBy('Active', active.queue, {
      batchSize: BATCH,
      concurrencyMax: concurrencyMax[name],
    })
    this.wokenBy('Deferred', deferred.queue, {
      batchSize: BATCH,
      concurrencyMax: deferredConcurrencyMax[name],
    })
  }
}

/** Functions that may send at the same time. */
const sendersMax = ({ preset: { name } }: Deployment) =>
  concurrencyMax[name] + deferredConcurrencyMax[name]
