// What became of a recipient in one attempt, as the queue is told of it.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import { DELIVERED_DAYS } from '#shared/mailbox/blob-references.ts'

export type RecipientResult = {
  readonly recipient: FinalRecipient
  readonly result: DeliveryResult
  /** It used a reference that was reserved. */
  readonly usedReserved?: boolean
  /** It is not known whether it was delivered. */
  readonly uncertain?: boolean
}

/** For a recipient of whom nobody can say whether he has the message: an operator decides. */
export const doubtful = {
  result: {
    kind: 'failed',
    status: '5.4.7',
    reply: `it may have been delivered already, which is known for ${DELIVERED_DAYS} days`,
  },
  uncertain: true,
} as const
