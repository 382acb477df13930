// What cleanup hands to delivery, and what comes back: one result for each recipient, never nothing.

import type { AccountId } from './mailbox.ts'
import type { EnhancedStatus } from './policy.ts'

/** A recipient after alias expansion. */
export type FinalRecipient = {
  readonly address: string
  /** Set for our own accounts, those on an old server among them; null where the mail leaves for others. */
  readonly accountId: AccountId | null
  /** What stood behind the recipient delimiter, null for none. */
  readonly extension: string | null
  /** The envelope recipient this one came from, and what RFC 3461 says about it. */
  readonly original: string
  readonly notify: readonly ('NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY')[]
  readonly originalRecipient: string | null
  /** The account here that sent it on, and that it counts as delivered to from then on. */
  readonly forwardedBy?: string
}

/** Who took a recipient or refused it, for the log. */
export type Contact = {
  /** The host that was spoken to, or `local`. */
  readonly relay: string
  /** Until that host took the session: finding it, connecting, TLS. 0 for a session that was open. */
  readonly connectMs: number
  /** As Postfix tells it: how the session was protected, and how sure it was of the other side. Absent: not at all. */
  readonly tls?: string
  /** Messages in this session so far, this one counted; absent for the first. */
  readonly sessionUse?: number
}

export type DeliveryResult =
  | {
      readonly kind: 'delivered'
      readonly reply: string
      /** Who took it was told what its sender wants to know of it, and tells him (RFC 3461 §5.2.2). */
      readonly relaysDsn?: true
    }
  /** Try again later. */
  | { readonly kind: 'deferred'; readonly status: EnhancedStatus; readonly reply: string }
  /** Never try again. */
  | { readonly kind: 'failed'; readonly status: EnhancedStatus; readonly reply: string }

export type Undelivered = Exclude<DeliveryResult, { readonly kind: 'delivered' }>

/**
 * What was done with a message for a recipient here. One recipient may have several: two folders, a folder and a reply. What follows of
 * it for the queue: shared/queue/local-actions.ts.
 */
export type LocalAction =
  /** It is in this folder, now or since an attempt before. */
  | { readonly kind: 'delivered'; readonly folder: string; readonly reply: string }
  /** It goes to this address instead; whoever says so creates that message. */
  | { readonly kind: 'redirected'; readonly to: string }
  /** Its sender is answered; whoever says so creates that message. */
  | { readonly kind: 'replied'; readonly to: string }
  /** Somebody is told of it; whoever says so creates that message. */
  | { readonly kind: 'notified'; readonly to: string }
  /** The recipient does not want it, and its sender is not told. */
  | { readonly kind: 'discarded' }
  /** The recipient does not want it, and this is who is told by a message of its own (an MDN); whoever says so creates it. */
  | { readonly kind: 'returned'; readonly to: string }
  /** The recipient does not want it, and its sender is to be told in these words. */
  | { readonly kind: 'refused'; readonly status: EnhancedStatus; readonly reply: string }
  | Undelivered
