// What an account that is frozen has in the queue: held when that is done, and released again with it.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import { HELD_FOR_FROZEN } from '#shared/queue/pipeline.ts'
import type { QueueEntry } from '#shared/queue/records.ts'

type Operator = Pick<QueueOperator, 'list' | 'hold' | 'release'>

/** How many messages. What comes to a worker afterwards is held there. */
export async function holdMailOf(operator: Operator, id: AccountId): Promise<number> {
  let held = 0
  for await (const { message } of mailOf(operator, id)) {
    if (await operator.hold(message.queueId, HELD_FOR_FROZEN)) held++
  }
  return held
}

/** How many messages. Who was refused for good stays as he is, and so does what was held as a whole for another reason. */
export async function releaseMailOf(operator: Operator, id: AccountId): Promise<number> {
  let released = 0
  for await (const { message, groups } of mailOf(operator, id)) {
    const { queueId, state, reason } = message
    if (state === 'held' && reason === HELD_FOR_FROZEN) {
      if (await operator.release(queueId)) released++
    } else if (state === 'split') {
      const waiting = groups
        .filter((group) => group.state === 'held')
        .flatMap(({ recipients }) => recipients.filter(({ last }) => last?.kind !== 'failed'))
        .map(({ address }) => address)
      if (waiting.length > 0 && (await operator.release(queueId, waiting))) released++
    }
  }
  return released
}

async function* mailOf(operator: Operator, id: AccountId): AsyncGenerator<QueueEntry> {
  for await (const entry of operator.list()) {
    if (entry.message.origin.account?.id === id) yield entry
  }
}
