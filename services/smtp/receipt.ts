// What takes the bytes of one message and answers for it at its end (message-receipt.ts), as those see it who find the bytes.

import type { Reply } from '#shared/smtp/reply.ts'

export interface Receipt {
  /** Bytes so far, also those that were dropped. */
  readonly bytes: number
  /** The first one, which the client is told at the message's end. */
  readonly refusal: Reply | undefined
  /** Bytes wait for the spool: push no more before `onDrain` calls back. */
  readonly saturated: boolean
  onDrain(resume: () => void): void
  push(content: Uint8Array): void
  refuse(reply: Reply): void
  /** The client is gone, or gave the message up. */
  abort(reason: string): void
  /** The reply to a message that was read to its end, in LMTP one for each recipient. Rejects only for a bug. */
  finish(): Promise<readonly Reply[]>
}
