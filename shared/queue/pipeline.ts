// How the services behind the queue meet: cleanup asks the directory for an expansion and local delivery for a result.

import type {
  Contact,
  DeliveryResult,
  FinalRecipient,
  LocalAction,
} from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { Route } from '#shared/mail/route.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { CreatedMessage } from './created-message.ts'
import type { QueuedMessage } from './records.ts'
import type { RecipientResult } from './results.ts'

/** A recipient here as expansion finds it. */
export type LocalRecipient = FinalRecipient & {
  /** What becomes of its mail depends on the bytes of the message, which cleanup may not read: delivery does it. */
  readonly needsContent: boolean
}

/** Where the envelope recipients lead after all aliases; `failed` carries why (unknown target, loop, too many). */
export type ExpandedRecipients = {
  readonly local: readonly LocalRecipient[]
  readonly remote: readonly FinalRecipient[]
  readonly failed: readonly RecipientResult[]
}

/** `deliveredTo`: addresses here that the message was delivered to before; it is not sent on from there again. */
export type Expand = (
  recipients: readonly EnvelopeRecipient[],
  message?: { readonly deliveredTo: readonly string[] },
) => Promise<ExpandedRecipients>

/** What became of a delivery to an account here. */
export type LocalResult = {
  /** In order, never none. */
  readonly actions: readonly LocalAction[]
  readonly creates: readonly CreatedMessage[]
  /** It used a reserved reference to the blob, now or in an attempt before. */
  readonly usedReserved: boolean
  /** Nothing was tried: what becomes of it depends on its bytes, and here they may not be read. Delivery does it. */
  readonly isLeft?: true
  /** Deferred because too many deliver there at once: to be tried again within seconds. */
  readonly contended: boolean
  /** It is not known whether it was delivered: the store did not answer. */
  readonly uncertain: boolean
}

/**
 * Does with a message what its recipient here wants. Repeating it puts nothing into a folder twice, and says the same again of what it
 * creates. Rejects only for bugs. `reserved`: a reference to the blob is reserved for this recipient.
 */
export type LocalDelivery = (
  message: QueuedMessage,
  blob: Blob,
  recipient: FinalRecipient,
  reserved: boolean,
) => Promise<LocalResult>

/** Hands a message on for some recipients. Rejects only for bugs. `onContact` is told of the host that took the session. */
export type RemoteDelivery = (
  message: QueuedMessage,
  route: Route,
  recipients: readonly FinalRecipient[],
  onContact: (contact: Contact) => void,
) => Promise<RemoteAttempt>

export type RemoteAttempt = {
  /** One for each recipient, in order. */
  readonly results: readonly DeliveryResult[]
  readonly destination: DestinationReport
}

/**
 * What an attempt tells of its destination, which others wait for too: a refusal of sender, recipient or message says nothing against it,
 * that no host took a session, or the last one went away in the middle of it, does.
 */
export type DestinationReport =
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable'; readonly reply: string }
  /** Nobody was spoken to: a route that leads nowhere, an address that cannot be sent. */
  | { readonly kind: 'untried' }

/** Whether what it sent is to wait for an operator: its account may not send at the moment. */
export type IsFrozen = (message: Pick<QueuedMessage, 'origin'>) => Promise<boolean>

/** Why a message is held whose account is frozen, as the queue and the log say it. */
export const HELD_FOR_FROZEN = 'its account is frozen'
/** Why a message waits that somebody told to. */
export const HELD_BY_OPERATOR = 'held by operator'
