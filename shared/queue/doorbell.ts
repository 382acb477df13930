// Rings the doorbell for accepted messages, several at once when they come close together: a ring is a write (on AWS a request),
// and the worker takes them in batches anyhow. A message that comes alone is announced at once.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Queue } from '#shared/storage/ports.ts'

/** How long messages that follow another one wait to be announced together. */
export const RING_GATHER_MS = 5

export function createDoorbell(queue: Queue, log: Log): (queueId: QueueId) => void {
  let waiting: QueueId[] = []
  let gathering = false

  function send(): void {
    const ids = waiting
    waiting = []
    gathering = ids.length > 0
    if (!gathering) return
    setTimeout(send, RING_GATHER_MS)
    queue.send(ids).catch((error) => {
      // The sweeper rings for them later.
      log.warn({ queueIds: ids, error }, 'doorbell not rung')
    })
  }

  return (queueId) => {
    waiting.push(queueId)
    if (!gathering) send()
  }
}
