// How the services behind the queue meet: cleanup asks the directory for an expansion and local delivery for a result.

import type { DeliveryResult, FinalRecipient, Via } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { QueuedMessage } from './records.ts'
import type { RecipientResult } from './results.ts'

/** Where the envelope recipients lead after all aliases; `failed` carries why (unknown target, loop, too many). */
export type Expansion = {
  readonly local: readonly FinalRecipient[]
  readonly remote: readonly FinalRecipient[]
  readonly failed: readonly RecipientResult[]
}

export type Expand = (recipients: readonly EnvelopeRecipient[]) => Promise<Expansion>

/** What became of a delivery to an account here. */
export type LocalResult = {
  readonly result: DeliveryResult
  /** It used a reserved reference to the blob, now or in an attempt before. */
  readonly usedReserved: boolean
  /** Deferred because too many deliver there at once: to be tried again within seconds. */
  readonly contended: boolean
  /** It is not known whether it was delivered: the store did not answer. */
  readonly uncertain: boolean
}

/**
 * Puts a message into an account's folder. Repeating it delivers nothing twice. Rejects only for bugs. `reserved`: a reference to
 * the blob is reserved for this recipient.
 */
export type LocalDelivery = (
  message: QueuedMessage,
  blob: Blob,
  recipient: FinalRecipient,
  reserved: boolean,
) => Promise<LocalResult>

/**
 * Hands a message to another host for some recipients; one result each, in order. Rejects only for bugs. `reached` is told of the host
 * that took the session.
 */
export type RemoteDelivery = (
  message: QueuedMessage,
  nextHop: string,
  recipients: readonly FinalRecipient[],
  reached: (via: Via) => void,
) => Promise<readonly DeliveryResult[]>
