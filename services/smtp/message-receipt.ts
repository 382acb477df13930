// One message from its first byte to its reply: streams it into the spool and has it judged (judge-message.ts). Used by DATA
// and BDAT, which differ only in how they find the message's bytes.
//
// Implementation notes: whatever is wrong with the message, its bytes are read to their end before it is answered, so that
// no byte of it is ever taken for a command.

import type { ContentJudge } from '#shared/contracts/content.ts'
import type { Spooled } from '#shared/contracts/spool.ts'
import { HeaderTooLong } from '#shared/mail/header-edits.ts'
import { HeaderReader } from '#shared/mail/header-reader.ts'
import { HEADER_INDEXED_BYTES_MAX } from '#shared/mail/message-index.ts'
import { SystemFull, TemporaryFailure } from '#shared/runtime/errors.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { authorsIn, noAuthors } from './authors.ts'
import { HEADER_KEPT_BYTES_MAX, MENDING_BYTES_MAX } from './config.ts'
import { judgeMessage } from './judge-message.ts'
import { logMessage } from './message-log.ts'
import { MessageSource } from './message-source.ts'
import type { Receipt } from './receipt.ts'
import { replies } from './replies.ts'
import type { SmtpSession } from './session.ts'
import { envelopeOf, type Transaction } from './transaction.ts'

/** What the spool gets in place of the rest of a message that will not be accepted. */
class MessageRefused extends Error {
  override readonly name = 'MessageRefused'
}

type SpoolOutcome =
  | { readonly kind: 'spooled'; readonly spooled: Spooled }
  | { readonly kind: 'failed'; readonly error: unknown }

export class MessageReceipt implements Receipt {
  readonly #session: SmtpSession
  readonly #transaction: Transaction
  readonly #source = new MessageSource()
  readonly #outcome: Promise<SpoolOutcome>
  readonly #header: HeaderReader
  readonly #content: ContentJudge | undefined
  /** Whether policy holds the client to its own addresses, so that the authors must be known. */
  readonly #asksAuthors: boolean
  #refusal: Reply | undefined
  #bytes = 0
  #storedBytes = 0

  constructor(session: SmtpSession, transaction: Transaction) {
    this.#session = session
    this.#transaction = transaction
    const { options, account, deps } = session
    this.#asksAuthors = account !== null && options.smtpdRejectSenderLoginMismatch
    this.#header = new HeaderReader(
      this.#asksAuthors ? HEADER_INDEXED_BYTES_MAX : HEADER_KEPT_BYTES_MAX,
    )
    const limits = { push: (stored: Uint8Array) => this.#keepLimits(stored), finish() {} }
    const { queueId, judged } = transaction
    const origin = session.origin()
    this.#content = deps.content?.begin({
      queueId,
      origin,
      envelope: envelopeOf(transaction),
      session,
      ...(judged && { judged }),
    })
    // What must be small enough comes first.
    const observers = [this.#header, limits, ...(this.#content?.observers ?? [])]
    this.#outcome = deps.spool.receive(queueId, this.#source, observers, origin).then(
      (spooled) => ({ kind: 'spooled', spooled }),
      (error: unknown) => {
        this.#source.abandon()
        this.#content?.abandon()
        return { kind: 'failed', error }
      },
    )
  }

  /** Bytes so far, also those that were dropped. */
  get bytes(): number {
    return this.#bytes
  }

  /** The first one, which the client is told at the message's end. */
  get refusal(): Reply | undefined {
    return this.#refusal
  }

  /** Bytes wait for the spool: push no more before `onDrain` calls back. */
  get saturated(): boolean {
    return this.#source.saturated
  }

  onDrain(resume: () => void): void {
    this.#source.onDrain(resume)
  }

  push(content: Uint8Array): void {
    this.#bytes += content.length
    const { messageSizeLimit } = this.#session.options
    if (this.#bytes > messageSizeLimit) this.refuse(replies.tooBig(messageSizeLimit))
    else {
      if (this.#refusal === undefined) {
        for (const observer of this.#content?.rawObservers ?? []) observer.push(content)
      }
      this.#source.push(content)
    }
  }

  /**
   * What readers get to see: mending makes a header of mbox lines longer, and a field may come to be by what is left out before it. Who
   * keeps to the limit that EHLO told is not refused for the empty line that is added (RFC 1870 §6.1).
   */
  #keepLimits(stored: Uint8Array): void {
    this.#storedBytes += stored.length
    const { messageSizeLimit } = this.#session.options
    if (this.#storedBytes > messageSizeLimit + MENDING_BYTES_MAX)
      this.refuse(replies.tooBig(messageSizeLimit))
    if (this.#asksAuthors && this.#header.tooLong) this.refuse(replies.headerTooBig)
  }

  refuse(reply: Reply): void {
    if (this.#refusal) return
    this.#refusal = reply
    this.#source.fail(new MessageRefused(String(reply.text)))
  }

  /** The client is gone, or gave the message up. */
  abort(reason: string): void {
    this.#source.fail(new MessageRefused(reason))
  }

  /** The reply to a message that was read to its end, in LMTP one for each recipient. Rejects only for a bug. */
  async finish(): Promise<readonly Reply[]> {
    this.#session.rates.note('kilobytes', this.#session, this.#bytes / 1_024)
    const answers = await this.#conclude().finally(() => this.#content?.abandon())
    if (this.#session.options.role !== 'lmtp' || answers.length > 1) return answers
    return this.#transaction.recipients.flatMap(() => answers)
  }

  async #conclude(): Promise<readonly Reply[]> {
    if (this.#refusal === undefined) {
      for (const observer of this.#content?.rawObservers ?? []) observer.finish()
    }
    this.#source.finish()
    const outcome = await this.#outcome
    if (this.#refusal) {
      // The spool may have taken the last byte before it saw the refusal.
      if (outcome.kind === 'spooled') await this.#session.deps.spool.discard(outcome.spooled)
      this.#logRefused({ reply: this.#refusal.text })
      return [this.#refusal]
    }
    try {
      if (outcome.kind === 'failed') throw outcome.error
      return await judgeMessage({
        session: this.#session,
        transaction: this.#transaction,
        spooled: outcome.spooled,
        header: this.#header.text,
        content: this.#content,
        authors: this.#asksAuthors ? authorsIn(this.#header.text) : noAuthors,
        bytes: this.#bytes,
      })
    } catch (error) {
      if (error instanceof HeaderTooLong) {
        // A filter wants a change of it.
        this.#logRefused({ reply: replies.headerTooBig.text, reason: error.message })
        return [replies.headerTooBig]
      }
      if (!(error instanceof TemporaryFailure)) throw error
      if (error instanceof SystemFull) {
        // Whoever has no room tells of it itself, and not once for each message.
        this.#logRefused({ reply: replies.systemFull.text, reason: error.message })
        return [replies.systemFull]
      }
      this.#session.log.warn({ queueId: this.#transaction.queueId, error }, 'message failed')
      return [replies.temporaryFailure]
    }
  }

  #logRefused(fields: LogFields): void {
    const { bytes } = this
    logMessage(this.#session, this.#transaction, 'message refused', { size: bytes, ...fields })
  }
}
