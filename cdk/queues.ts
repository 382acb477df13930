// The doorbell queues between listeners, cleanup and delivery, each with a queue for bells that no worker survived. Bells are
// hints: the queue table is the truth, and a lost bell is rung again.

import { Duration } from 'aws-cdk-lib'
import { type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { type QueueName, queueLayouts } from '#shared/storage/ports.ts'
import { FIVE_MINUTES } from './metrics.ts'
import { output } from './output.ts'
import type { AlarmFacts, Graph, Watched } from './watched.ts'

/** Queues that wake a function. */
export type DoorbellName = {
  [name in QueueName]: (typeof queueLayouts)[name] extends { deadLetter: QueueName } ? name : never
}[QueueName]

const doorbellNames = Object.values(queueLayouts).flatMap((layout): DoorbellName[] =>
  'deadLetter' in layout ? [layout.name] : [],
)

export type Doorbell = { readonly queue: Queue; readonly dead: Queue }

type Doorbells = { readonly [name in DoorbellName]: Doorbell }

/** What it means when the oldest bell is older than it may be. */
const waiting = {
  incoming: { name: 'IncomingAge', meaning: 'Accepted mail waits for cleanup', threshold: 120 },
  // A delivery may itself take a quarter of an hour.
  active: { name: 'ActiveAge', meaning: 'Mail for others waits for delivery', threshold: 1_800 },
  // A bell may itself wait for a quarter of an hour until it rings.
  deferred: {
    name: 'DeferredBellAge',
    meaning: 'Deferred mail waits for delivery although it is due',
    threshold: 2_700,
  },
} as const satisfies { readonly [name in DoorbellName]: Omit<AlarmFacts, 'metric'> }

/** A dead bell keeps the age it had: its queue must hold it longer than the first one. */
const KEPT = Duration.days(4)
const DEAD_KEPT = Duration.days(14)
/**
 * A bell stays with its worker for so many times as long as the worker may run: Lambda takes messages before it has room to run,
 * and repeats what it throttles within this time. What failed is brought forward (services/aws/functions.ts).
 */
const VISIBILITY_TIMEOUTS = 6

export class Queues extends Construct implements Doorbells, Watched {
  readonly incoming: Doorbell
  readonly active: Doorbell
  readonly deferred: Doorbell
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]

  /** `work`: how long the function that a queue wakes may run. */
  constructor(scope: Construct, id: string, work: { readonly [name in DoorbellName]: Duration }) {
    super(scope, id)
    this.incoming = doorbell(this, 'incoming', work.incoming)
    this.active = doorbell(this, 'active', work.active)
    // Its bells are of the same groups: those that no worker survived lie with the others.
    this.deferred = doorbell(this, 'deferred', work.deferred, this.active.dead)
    this.alarms = doorbellNames.map((name) => ({
      ...waiting[name],
      metric: oldest(this[name], Duration.minutes(1), Stats.MAXIMUM),
      periods: 3,
    }))
    const ages = doorbellNames.map((name) => oldest(this[name], FIVE_MINUTES))
    this.graphs = [{ row: 'Queue', title: 'Oldest bell (s)', metrics: ages }]
  }
}

function doorbell(scope: Construct, name: DoorbellName, work: Duration, shared?: Queue): Doorbell {
  const layout = queueLayouts[name]
  const common = {
    visibilityTimeout: Duration.seconds(work.toSeconds() * VISIBILITY_TIMEOUTS),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  }
  const dead =
    shared ?? new Queue(scope, layout.deadLetter, { ...common, retentionPeriod: DEAD_KEPT })
  const queue = new Queue(scope, layout.name, {
    ...common,
    retentionPeriod: KEPT,
    deadLetterQueue: { queue: dead, maxReceiveCount: layout.receivesMax },
  })
  const key = `${name[0]?.toUpperCase()}${name.slice(1)}`
  output(scope, `${key}QueueUrl`, queue.queueUrl)
  if (shared === undefined) output(scope, `${key}DeadQueueUrl`, dead.queueUrl)
  return { queue, dead }
}

function oldest({ queue }: Doorbell, period: Duration, statistic?: string): IMetric {
  return queue.metricApproximateAgeOfOldestMessage({ period, ...(statistic && { statistic }) })
}
