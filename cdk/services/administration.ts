// What functions are told that administer: all tables, the queues that wake, and who watches folders.

import type { Parts } from '../parts.ts'
import { watchQueuePrefix } from '../permissions.ts'

export function administrationVariables({ deployment, storage, queues }: Parts) {
  const { tables } = storage
  return {
    DIRECTORY_TABLE: tables.directory.tableName,
    MAIL_TABLE: tables.mail.tableName,
    QUEUE_TABLE: tables.queue.tableName,
    COUNTERS_TABLE: tables.counters.tableName,
    INCOMING_QUEUE_URL: queues.incoming.queue.queueUrl,
    ACTIVE_QUEUE_URL: queues.active.queue.queueUrl,
    DEFERRED_QUEUE_URL: queues.deferred.queue.queueUrl,
    WATCH_QUEUE_PREFIX: watchQueuePrefix(deployment.name),
  } as const
}
