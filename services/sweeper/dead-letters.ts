// Doorbells that were delivered again and again and that no worker survived. Whatever kills a worker must not wake the next one:
// an incoming message is set aside; a group of a message waits for its lease to end, which it did anyhow.

import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Queue, QueueMessage } from '#shared/storage/ports.ts'

/** More messages at once are no poison: the worker itself is broken, and whatever wakes it dies. They stay incoming. */
export const SET_ASIDE_MAX = 20

/** Counted starts of cleanup after which a dead bell is held against its message, and not against a function that was throttled. */
export const STARTS_FATAL = 3

const RECEIVE_MAX = 10
/** Of one queue in one go; the rest waits for the next. */
const BELLS_MAX = 1_000
const VISIBILITY_SECONDS = 120

export function createDeadLetters(deps: {
  readonly queue: MailQueue
  readonly incomingDead: Queue
  readonly activeDead: Queue
  readonly log: Log
}) {
  const { queue, log } = deps

  /** Empties both queues. A bell that is dropped is rung again by the sweeper while its message waits. */
  async function drain(): Promise<void> {
    await empty(deps.incomingDead, async (bells) => {
      const ids = [...new Set(bells.flatMap(({ body }) => parseQueueId(body) ?? []))]
      if (ids.length > SET_ASIDE_MAX) {
        log.error({ messages: ids.length }, 'no cleanup survives any message')
        return
      }
      for (const id of ids) await setAside(id)
    })
    await empty(deps.activeDead, async (bells) => {
      for (const { body } of bells) log.error({ bell: body }, 'no worker survived this delivery')
    })
  }

  /** One that cannot be set aside must not keep the others: it is rung again, and comes back here. */
  async function setAside(queueId: QueueId): Promise<void> {
    try {
      const [message] = await queue.load([queueId])
      if (message?.state !== 'incoming') return
      if (message.starts < STARTS_FATAL) {
        log.warn({ queueId, starts: message.starts }, 'cleanup was not started for this message')
        return
      }
      log.error({ queueId }, 'no worker survived this message')
      await queue.markCorrupt(queueId, 'no worker survived this message')
      log.error({ queueId }, 'message set aside as corrupt')
    } catch (error) {
      log.error({ queueId, error }, 'message not set aside')
    }
  }

  return { drain }
}

async function empty(
  queue: Queue,
  handle: (bells: readonly QueueMessage[]) => Promise<void>,
): Promise<void> {
  const bells: QueueMessage[] = []
  while (bells.length < BELLS_MAX) {
    const more = await queue.receive({
      max: RECEIVE_MAX,
      visibilitySeconds: VISIBILITY_SECONDS,
      waitSeconds: 0,
    })
    if (more.length === 0) break
    bells.push(...more)
  }
  if (bells.length === 0) return
  await handle(bells)
  await queue.acknowledge(bells.map(({ receipt }) => receipt))
}
