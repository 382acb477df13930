// What delivery says of an attempt to whoever tells senders of it.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueuedRecipient } from '#shared/queue/records.ts'

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
