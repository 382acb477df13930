// One message from its first byte to its reply: streams it into the spool, asks policy, hands over responsibility. Used by
// DATA and BDAT, which differ only in how they find the message's bytes.
//
// Implementation notes: `250` is said only after `spool.accept` has resolved. Whatever is wrong with the message, its bytes
// are read to their end before it is answered, so that no byte of it is ever taken for a command.

import type { SmtpEnvelope, Spooled } from '#shared/contracts/spool.ts'
import { SystemFull, TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { HeaderAuthors, noAuthors } from './authors.ts'
import { MENDING_BYTES_MAX } from './config.ts'
import { MessageSource } from './message-source.ts'
import { receivedField } from './received.ts'
import { askPolicy, type RecipientVerdict } from './recipient-verdict.ts'
import { replies } from './replies.ts'
import type { SmtpSession, Transaction } from './session.ts'

/** What the spool gets in place of the rest of a message that will not be accepted. */
class MessageRefused extends Error {
  override readonly name = 'MessageRefused'
}

type Received =
  | { readonly kind: 'spooled'; readonly spooled: Spooled }
  | { readonly kind: 'failed'; readonly error: unknown }

export class MessageReceipt {
  readonly #session: SmtpSession
  readonly #transaction: Transaction
  readonly #source = new MessageSource()
  readonly #received: Promise<Received>
  /** Only where policy wants to know them. */
  readonly #authors: HeaderAuthors | undefined
  #refusal: Reply | undefined
  #bytes = 0
  #storedBytes = 0

  constructor(session: SmtpSession, transaction: Transaction) {
    this.#session = session
    this.#transaction = transaction
    const heldToItself = session.account && session.options.smtpdRejectSenderLoginMismatch
    this.#authors = heldToItself ? new HeaderAuthors() : undefined
    const { spool } = session.services
    const watch = (stored: Uint8Array) => this.#lookAt(stored)
    this.#received = spool.receive(transaction.queueId, this.#source, watch).then(
      (spooled) => ({ kind: 'spooled', spooled }),
      (error: unknown) => {
        this.#source.abandon()
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
    else this.#source.push(content)
  }

  /**
   * What readers get to see: mending makes a header of mbox lines longer, and a field may come to be by what is left out before it. Who
   * keeps to the limit that EHLO told is not refused for the empty line that is added (RFC 1870 §6.1).
   */
  #lookAt(stored: Uint8Array): void {
    this.#storedBytes += stored.length
    const { messageSizeLimit } = this.#session.options
    if (this.#storedBytes > messageSizeLimit + MENDING_BYTES_MAX)
      this.refuse(replies.tooBig(messageSizeLimit))
    this.#authors?.push(stored)
    if (this.#authors?.tooLong) this.refuse(replies.headerTooBig)
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
    const answers = await this.#conclude()
    if (this.#session.options.role !== 'lmtp' || answers.length > 1) return answers
    return this.#transaction.recipients.flatMap(() => answers)
  }

  async #conclude(): Promise<readonly Reply[]> {
    this.#source.finish()
    const received = await this.#received
    if (this.#refusal) {
      // The spool may have taken the last byte before it saw the refusal.
      if (received.kind === 'spooled') await this.#session.services.spool.discard(received.spooled)
      this.#log('message refused', { reply: this.#refusal.text })
      return [this.#refusal]
    }
    try {
      if (received.kind === 'failed') throw received.error
      return await this.#judge(received.spooled)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      if (error instanceof SystemFull) {
        // Whoever has no room tells of it itself, and not once for each message.
        this.#log('message refused', { reply: replies.systemFull.text, reason: error.message })
        return [replies.systemFull]
      }
      this.#session.log.warn({ queueId: this.#transaction.queueId, err: error }, 'message failed')
      return [replies.temporaryFailure]
    }
  }

  async #judge(spooled: Spooled): Promise<readonly Reply[]> {
    const { policy, spool, clock } = this.#session.services
    const { queueId, prepend } = this.#transaction
    const refusal = this.#contentRefusal(spooled)
    if (refusal !== undefined) {
      await spool.discard(spooled)
      this.#log('message refused', { reply: refusal.text })
      return [refusal]
    }
    const origin = this.#session.origin()
    const envelope = toEnvelope(this.#transaction)
    const { deliveredTo } = spooled
    const { bytes, receivedFields } = spooled.index
    const authors = this.#authors?.finish() ?? noAuthors
    const request = { queueId, origin, envelope, bytes, receivedFields, deliveredTo, ...authors }
    const verdict = await policy.message(request).catch(async (error: unknown) => {
      await spool.discard(spooled)
      throw error
    })
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      await spool.discard(spooled)
      const { code, status: dsn, text } = reply
      this.#log('message rejected', { restriction, code, dsn, reply: text })
      return [reply]
    }
    const refusals = await this.#refusals(bytes)
    const taken = envelope.recipients.filter((_, i) => refusals[i] === undefined)
    if (taken.length === 0) {
      await spool.discard(spooled)
      this.#log('message refused', { reply: refusals[0]?.text })
      return refusals.flatMap((refusal) => refusal ?? [])
    }
    const arrivedMs = clock.now()
    const received = receivedField({
      origin,
      hostname: this.#session.services.hostname,
      extended: this.#session.helo?.extended ?? false,
      smtpUtf8: envelope.smtpUtf8,
      queueId,
      onlyRecipient: taken.length === 1 ? taken[0]?.address : undefined,
      namesLogin: this.#session.options.smtpdSaslAuthenticatedHeader,
      receivedMs: arrivedMs,
    })
    const messageId = await spool.accept({
      spooled,
      envelope: { ...envelope, recipients: taken },
      origin,
      prepend: verdict.prepend + prepend + received,
      arrivedMs,
    })
    this.#session.noteAccepted()
    this.#log('message accepted', {
      messageId,
      helo: origin.helo,
      tls: origin.tls?.protocol ?? 'none',
      ...(origin.tls && { cipher: origin.tls.cipher }),
    })
    const queued = replies.queued(queueId)
    return refusals.length === 0 ? [queued] : refusals.map((refusal) => refusal ?? queued)
  }

  /**
   * A signature tells of long lines too late: folded they break it, and not every server takes them as they are. Who logged in can
   * be told; other mail here is mostly for accounts here, where no line is too long.
   */
  #contentRefusal({ index, isSigned, isDisallowed }: Spooled): Reply | undefined {
    if (isDisallowed) return replies.disallowedCharacter
    const { smtpLineLengthLimit: limit } = this.#session.options
    const isTooLong = limit > 0 && index.lineBytesMax > limit
    if (this.#session.account === null || !isTooLong || !isSigned) return undefined
    return replies.signedLineTooLong(index.lineBytesMax, limit)
  }

  /**
   * LMTP answers for each recipient by itself (RFC 2033 §4.2): each is asked about once more, now that the size is known and the
   * mailbox may have filled up since. None in SMTP.
   */
  async #refusals(bytes: number): Promise<readonly (Reply | undefined)[]> {
    if (this.#session.options.role !== 'lmtp') return []
    const { queueId, mail, recipients } = this.#transaction
    const refusals: (Reply | undefined)[] = []
    let finalRecipientsSoFar = 0
    for (const { address } of recipients) {
      const verdict = await askPolicy(this.#session, {
        queueId,
        sender: mail.sender,
        declaredBytes: bytes,
        recipientsSoFar: refusals.length,
        finalRecipientsSoFar,
        recipient: address,
      })
      if (verdict.kind === 'permit') finalRecipientsSoFar += verdict.finalRecipients
      refusals.push(refusalOf(verdict))
    }
    return refusals
  }

  /** The first recipient and how many there are: each has a line of its own when something becomes of him. */
  #log(text: string, fields: LogFields): void {
    const { queueId, mail, recipients } = this.#transaction
    const to = recipients[0]?.address
    const facts = { queueId, from: mail.sender, to, recipients: recipients.length }
    this.#session.log.info({ ...facts, size: this.#bytes, ...fields }, text)
  }
}

function refusalOf(verdict: RecipientVerdict): Reply | undefined {
  switch (verdict.kind) {
    case 'permit':
      return undefined
    case 'reject':
      return verdict.reply
    case 'unavailable':
      return replies.temporaryFailure
    default:
      return unreachable(verdict)
  }
}

function toEnvelope({ mail, recipients }: Transaction): SmtpEnvelope {
  return {
    sender: mail.sender,
    recipients,
    body: mail.body,
    smtpUtf8: mail.smtpUtf8,
    requireTls: mail.requireTls,
    dsnReturn: mail.ret,
    dsnEnvelopeId: mail.envid,
  }
}
