// Stores the bytes of what deliveries to accounts here create, so that the queue can write those messages with the results. Only of
// recipients who are done with: an attempt that is repeated says again what it creates.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { StageMessage } from '#shared/queue/created-message.ts'
import type { RecipientOutcome } from '#shared/queue/local-actions.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import { canBeCreated } from '#shared/queue/writes.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

/**
 * Messages that come into the queue with the results of one group, which one transaction holds. Those of one recipient always go, so that
 * there is no end without them; how many a recipient may create is his own limit.
 */
export const CREATED_MAX = 20

export type StagedOutcome = RecipientOutcome & { readonly staged: readonly QueuedMessage[] }

/** Whose messages are too many for now is tried again within seconds, with those of the others out of the way. */
export async function stageCreated(
  stageMessage: StageMessage,
  message: QueuedMessage,
  outcomes: readonly RecipientOutcome[],
): Promise<readonly StagedOutcome[]> {
  const all: QueuedMessage[] = []
  const staged: StagedOutcome[] = []
  for (const outcome of outcomes) {
    const creates = outcome.result.kind === 'delivered' ? outcome.creates : []
    if (all.length > 0 && creates.length > 0 && all.length + creates.length > CREATED_MAX) {
      staged.push({ ...putOff(outcome, many), contended: true })
      continue
    }
    try {
      const messages: QueuedMessage[] = []
      for (const one of creates) messages.push(await stageMessage(message, one))
      // Only now it is known how large they are. What is stored already and written by nobody is an orphan.
      if (messages.length > 0 && !canBeCreated([...all, ...messages])) {
        const isAlone = all.length === 0
        staged.push(isAlone ? stop(outcome) : { ...putOff(outcome, many), contended: true })
        continue
      }
      all.push(...messages)
      staged.push({ ...outcome, staged: messages })
    } catch (error) {
      // A bug in what a script made is nobody else's: all other recipients of the group have their mail.
      const isOfStore = error instanceof TemporaryFailure
      const reply = isOfStore ? `storage failed: ${error.message}` : String(error)
      staged.push(putOff(outcome, reply))
    }
  }
  return staged
}

const many = 'many messages follow from this one'

/** What is in a folder is there; all else is said and done the next time. */
function putOff(outcome: RecipientOutcome, reply: string): StagedOutcome {
  return withoutCreated(outcome, { kind: 'deferred', status: '4.3.0', reply })
}

/** Another attempt would come no further: an operator decides. */
function stop(outcome: RecipientOutcome): StagedOutcome {
  const reply = 'more follows from this message than can be written at once'
  return withoutCreated(outcome, { kind: 'failed', status: '5.3.4', reply })
}

function withoutCreated(outcome: RecipientOutcome, result: Undelivered): StagedOutcome {
  const isThere = outcome.told.filter(({ kind }) => kind === 'delivered')
  return { ...outcome, result, told: [...isThere, result], staged: [] }
}
