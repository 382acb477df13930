// Removes watch queues of tasks that died: a task that ends in order removes its own, a killed one cannot.

import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Table } from '../ports.ts'
import { calling } from './failures.ts'
import { hasLease } from './watch-registry.ts'

/** A queue so young may belong to a task that has not written its lease yet. */
const QUEUE_AGE_MIN_MS = 10 * 60_000
const QUEUES_PER_PAGE = 1_000

export type WatchJanitorOptions = {
  readonly sqs: SQSClient
  /** Where the leases are: `mail`. */
  readonly table: Table
  readonly watchQueuePrefix: string
  readonly clock: Clock
  readonly log: Log
}

/** Resolves to the number of queues removed. */
export async function removeDeadWatchQueues(options: WatchJanitorOptions): Promise<number> {
  const { sqs, table, watchQueuePrefix, clock, log } = options
  let removed = 0
  let next: string | undefined
  do {
    const page = await calling(
      'ListQueues',
      sqs.send(
        new ListQueuesCommand({
          QueueNamePrefix: watchQueuePrefix,
          MaxResults: QUEUES_PER_PAGE,
          NextToken: next,
        }),
      ),
    )
    for (const queueUrl of page.QueueUrls ?? []) {
      const taskId = queueUrl.slice(queueUrl.lastIndexOf('/') + 1 + watchQueuePrefix.length)
      if ((await hasLease(table, taskId, clock.now())) || !(await isOld(options, queueUrl)))
        continue
      await calling('DeleteQueue', sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl })))
      log.info({ taskId }, 'watch queue of a dead task removed')
      removed++
    }
    next = page.NextToken
  } while (next !== undefined)
  return removed
}

async function isOld({ sqs, clock }: WatchJanitorOptions, queueUrl: string): Promise<boolean> {
  try {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['CreatedTimestamp'] }),
    )
    const createdMs = Number(Attributes?.CreatedTimestamp ?? 0) * 1_000
    return createdMs + QUEUE_AGE_MIN_MS < clock.now()
  } catch (error) {
    // Its task ended in order meanwhile.
    if (error instanceof QueueDoesNotExist) return false
    throw error
  }
}
