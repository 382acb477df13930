// The function `cleanup`: woken by the queue incoming and by its dead letters.

import { assembleCleanup } from '#services/assembly/pipeline.ts'
import { onQueueEvents, openFunction } from './functions.ts'

const opened = await openFunction('cleanup', process.env)
const { handle, handleDead } = assembleCleanup(opened.core)

export const handler = onQueueEvents({
  opened,
  queue: opened.store.queues.incoming,
  handle,
  deadQueueArn: opened.variables.DEAD_QUEUE_ARN,
  handleDead,
})
