// The way into the queue of who looks after mailboxes: what the scripts that run in them (RFC 6785, FILTER) have sent. It goes in the name
// of the mailbox's owner, and counts as what he submits. Implemented by shared/queue/outbox.ts on any store.

import type { AccountId } from './mailbox.ts'
import type { SmtpEnvelope } from './spool.ts'

export interface Outbox {
  /**
   * Durable in the queue when it resolves to `queued`, and nothing of it is left where it was refused. Fails as the store does; then it may
   * be queued or not.
   */
  send(mail: OutgoingMail): Promise<Posted>
}

export type OutgoingMail = {
  readonly account: { readonly id: AccountId; readonly address: string }
  /** Somebody's message that goes on, or one that a script made: who is believed to have written it differs. */
  readonly kind: 'redirected' | 'made'
  readonly envelope: SmtpEnvelope
  /** Header fields before the content that are ours, byte string. */
  readonly prepend: string
  readonly content: AsyncIterable<Uint8Array>
}

export type Posted =
  | { readonly kind: 'queued' }
  | { readonly kind: 'refused'; readonly because: string }
