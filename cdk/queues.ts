// The doorbell queues between listeners, cleanup and delivery, each with a queue for bells that no worker survived. Bells are
// hints: the queue table is the truth, and a lost bell is rung again.

import { Duration } from 'aws-cdk-lib'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { queueLayouts } from '#shared/storage/ports.ts'
import { output } from './output.ts'
import { CLEANUP_TIMEOUT, DELIVERY_TIMEOUT } from './timeouts.ts'

export type Doorbell = { readonly queue: Queue; readonly dead: Queue }

/** A dead bell keeps the age it had: its queue must hold it longer than the first one. */
const KEPT = Duration.days(4)
const DEAD_KEPT = Duration.days(14)
/**
 * A bell stays with its worker for so many times as long as the worker may run: Lambda takes messages before it has room to run,
 * and repeats what it throttles within this time. What failed is brought forward (services/aws/functions.ts).
 */
const VISIBILITY_TIMEOUTS = 6

export class Queues extends Construct {
  readonly incoming: Doorbell
  readonly active: Doorbell

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.incoming = doorbell(this, 'incoming', CLEANUP_TIMEOUT)
    this.active = doorbell(this, 'active', DELIVERY_TIMEOUT)
    output(this, 'IncomingQueueUrl', this.incoming.queue.queueUrl)
    output(this, 'ActiveQueueUrl', this.active.queue.queueUrl)
    output(this, 'IncomingDeadQueueUrl', this.incoming.dead.queueUrl)
    output(this, 'ActiveDeadQueueUrl', this.active.dead.queueUrl)
  }
}

function doorbell(scope: Construct, name: 'incoming' | 'active', work: Duration): Doorbell {
  const layout = queueLayouts[name]
  const common = {
    visibilityTimeout: Duration.seconds(work.toSeconds() * VISIBILITY_TIMEOUTS),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  }
  const dead = new Queue(scope, layout.deadLetter, { ...common, retentionPeriod: DEAD_KEPT })
  const queue = new Queue(scope, layout.name, {
    ...common,
    retentionPeriod: KEPT,
    deadLetterQueue: { queue: dead, maxReceiveCount: layout.receivesMax },
  })
  return { queue, dead }
}
