// How the pieces of the mail system meet Lambda: queue events with partial answers, scheduled jobs, and what must be done before
// an answer, because a function is frozen with it: hints are sent, metrics are written.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import { decodeBody } from '#shared/storage/aws/queue-body.ts'
import { type BatchResult, sortBatch } from '#shared/storage/consumer.ts'
import { type QueueMessage, type QueueName, queueLayouts } from '#shared/storage/ports.ts'
import type { EntryName, EnvironmentOf, ScheduledEvent } from './environment.ts'
import { type FigureSender, openFigureSender, silentFigures } from './figures.ts'
import type { Metrics } from './metrics.ts'
import { type AwsBackend, openBackend } from './open-backend.ts'
import { type Environment, startProcess } from './process.ts'

/** What Lambda passes of its context; only what is used. */
export type LambdaContext = { getRemainingTimeInMillis(): number }

export type SqsEvent = {
  readonly Records: readonly {
    readonly messageId: string
    readonly receiptHandle: string
    readonly body: string
    readonly attributes: { readonly ApproximateReceiveCount: string }
    readonly eventSourceARN: string
  }[]
}

export type SqsBatchResponse = {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

export type OpenedFunction = AwsBackend & {
  readonly metrics: Metrics
  readonly figures: FigureSender
  /** For what the entry itself has to say. */
  readonly log: Log
  readonly region: string
}

/** Opens once for all events that this instance of the function gets. */
export async function openFunction<Name extends EntryName>(
  name: Name,
  environment: Environment,
  told: Pick<Parameters<typeof openBackend>[0], 'wakeJobs' | 'readOidcSecret' | 'listCosts'> = {},
): Promise<OpenedFunction & { readonly variables: EnvironmentOf<Name> }> {
  const { variables, metrics, counter, ...started } = startProcess(name, environment)
  const opened = await openBackend({ environment, ...started, ...told })
  const { log, region } = started
  const figures =
    environment.COUNTERS_TABLE === undefined
      ? silentFigures
      : openFigureSender({ backend: opened.backend, counter })
  return { ...opened, variables, metrics, figures, region, log: log.child({ service: name }) }
}

export type QueueEventHandler = (
  event: SqsEvent,
  context: LambdaContext,
) => Promise<SqsBatchResponse>

/** `source`: the queue that wakes the function, or of several the one that an event is from. */
export function onQueueEvents(
  opened: OpenedFunction,
  source: QueueName | ((arn: string) => QueueName),
  handle: (messages: readonly QueueMessage[], context: LambdaContext) => Promise<BatchResult>,
): QueueEventHandler {
  const { log, store } = opened
  return async ({ Records: records }, context) => {
    const [first] = records
    if (first === undefined) return { batchItemFailures: [] }
    const name = typeof source === 'string' ? source : source(first.eventSourceARN)
    const queue = store.queues[name]
    const { receivesMax } = queueLayouts[name]
    const messages = records.map(queueMessage)
    const { retry, underWay } = await handle(messages, context).catch((error) => {
      if (!(error instanceof TemporaryFailure)) throw error
      log.error({ error }, 'event not handled')
      return { retry: messages.map(({ id }) => id), underWay: undefined }
    })
    // Should it fail, the work is found again.
    await underWay?.catch((error) => log.warn({ error }, 'work not settled'))
    const { again } = sortBatch(messages, retry, receivesMax)
    // Without this they would come back when their visibility ends, which is minutes away.
    for (const [seconds, later] of again) {
      await queue
        .extend(
          later.map(({ receipt }) => receipt),
          seconds,
        )
        .catch((error) => log.warn({ error }, 'doorbells not brought forward'))
    }
    await beforeAnswer(opened)
    const failed = [...again.values()].flat()
    return { batchItemFailures: failed.map(({ id }) => ({ itemIdentifier: id })) }
  }
}

function queueMessage(record: SqsEvent['Records'][number]): QueueMessage {
  return {
    id: record.messageId,
    body: decodeBody(record.body),
    receipt: record.receiptHandle,
    receives: Number(record.attributes.ApproximateReceiveCount),
  }
}

/** What a job gets to know: how long it may still take. */
export type Job = (leftMs: () => number) => Promise<unknown>

/** A failing job fails the event: Lambda repeats it twice, and the next schedule comes anyhow. */
export function onSchedule<Name extends string>(
  opened: OpenedFunction,
  jobs: { readonly [job in Name]: Job },
): (event: ScheduledEvent<Name>, context: LambdaContext) => Promise<void> {
  return async ({ job }, context) => {
    const run: Job | undefined = Object.hasOwn(jobs, job) ? jobs[job] : undefined
    if (run === undefined) throw new Error(`no job ${JSON.stringify(job)}`)
    try {
      await run(() => context.getRemainingTimeInMillis())
    } catch (error) {
      opened.log.error({ job, error }, 'scheduled job failed')
      throw error
    } finally {
      await beforeAnswer(opened)
    }
  }
}

export async function beforeAnswer({ store, metrics, figures }: OpenedFunction): Promise<void> {
  await Promise.all([store.hintsSent(), figures.send()])
  metrics.flush()
}
