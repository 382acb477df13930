// Stores the bytes of what deliveries to accounts here create, so that the queue can write those messages with the results. Only of
// recipients who are done with: an attempt that is repeated says again what it creates.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { StageMessage } from '#shared/queue/created-message.ts'
import type { RecipientOutcome } from '#shared/queue/local-actions.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
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
  let count = 0
  const staged: StagedOutcome[] = []
  for (const outcome of outcomes) {
    const creates = outcome.result.kind === 'delivered' ? outcome.creates : []
    if (count > 0 && creates.length > 0 && count + creates.length > CREATED_MAX) {
      staged.push({ ...putOff(outcome, 'many messages follow from this one'), contended: true })
      continue
    }
    count += creates.length
    try {
      const messages: QueuedMessage[] = []
      for (const one of creates) messages.push(await stageMessage(message, one))
      staged.push({ ...outcome, staged: messages })
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      staged.push(putOff(outcome, `storage failed: ${error.message}`))
    }
  }
  return staged
}

/** What is in a folder is there; all else is said and done the next time. */
function putOff(outcome: RecipientOutcome, reply: string): StagedOutcome {
  const result: DeliveryResult = { kind: 'deferred', status: '4.3.0', reply }
  const isThere = outcome.told.filter(({ kind }) => kind === 'delivered')
  return { ...outcome, result, told: [...isThere, result], staged: [] }
}
