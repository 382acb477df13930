// What senders and the postmaster are told of what became of mail: delivery status notifications (RFC 3464). Delivery asks after each
// attempt; what it gets comes into the queue in the transaction that writes the results down.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export interface Notices {
  /** Messages to create, failures first; none where nobody is to be told. Rejects with TemporaryFailure where it cannot be found out now. */
  after(message: QueuedMessage, attempt: EndedAttempt): Promise<readonly CreatedMessage[]>
}

/** What became of some recipients of a message at the same time. */
export type EndedAttempt = {
  readonly recipients: readonly EndedRecipient[]
  readonly atMs: number
}

export type EndedRecipient = {
  /** His `last` is of the attempt before; absent: this was the first. */
  readonly recipient: QueuedRecipient
  /** With his lifetime in the queue taken into account. */
  readonly result: DeliveryResult
  /** The host that was spoken to, `host[address]`; null where no host was reached, or the reason is ours. */
  readonly remoteMta: string | null
  /** Who took him tells the sender himself (RFC 3461 §5.2.2). */
  readonly relaysDsn: boolean
}

export function createNotices(): Notices {
  return {
    async after(_, { recipients }) {
      if (recipients.some(({ result }) => result.kind === 'failed'))
        throw new TemporaryFailure('nobody writes notices yet')
      return []
    },
  }
}
