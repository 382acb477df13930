// RCPT: policy decides each recipient. RFC 5321 §4.1.1.3; limits RFC 5321 §4.5.3.1.10.

import type { SmtpReply, Verdict } from '#shared/contracts/policy.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { parseRcptCommand, type RcptCommand } from '#shared/smtp/rcpt-command.ts'
import { answer, answerAndClose, defineCommand, type Outcome } from '../command.ts'
import { ENVELOPE_BYTES_MAX, RECIPIENT_OVERHEAD_BYTES, SURPLUS_RECIPIENTS_MAX } from '../config.ts'
import { replies } from '../replies.ts'
import type { SmtpSession, Transaction } from '../session.ts'

export const rcpt = defineCommand({
  needsLogin: true,
  parse: (text, session) =>
    parseRcptCommand(text, session.transaction ? session.transaction.mail.smtpUtf8 : true),
  run(session, command) {
    const { transaction } = session
    if (!transaction) return answer(replies.mailFirst)
    if (transaction.receipt) return answer(replies.chunkingBegun)
    const bytes = envelopeBytes(command)
    if (
      transaction.recipients.length >= session.options.smtpdRecipientLimit ||
      transaction.envelopeBytes + bytes > ENVELOPE_BYTES_MAX
    ) {
      transaction.isFull = true
    }
    if (transaction.isFull) {
      transaction.surplusRecipients += 1
      return transaction.surplusRecipients > SURPLUS_RECIPIENTS_MAX
        ? answerAndClose(replies.tooManyErrors)
        : answer(replies.tooManyRecipients)
    }
    if (session.harvest.isOver(session)) {
      session.logRepeated({}, 'too many unknown recipients')
      // Or it would come back a thousand times a second.
      session.slowDown()
      return answerAndClose(replies.tooManyUnknownRecipients)
    }
    return judge(session, transaction, command)
  },
})

function envelopeBytes({ recipient, originalRecipient }: RcptCommand): number {
  return (
    RECIPIENT_OVERHEAD_BYTES +
    Buffer.byteLength(recipient) +
    Buffer.byteLength(originalRecipient ?? '')
  )
}

async function judge(
  session: SmtpSession,
  transaction: Transaction,
  command: RcptCommand,
): Promise<Outcome> {
  const { recipient, notify, originalRecipient } = command
  const verdict = await ask(session, transaction, recipient)
  switch (verdict.kind) {
    case 'permit':
      transaction.recipients.push({ address: recipient, notify, originalRecipient })
      transaction.envelopeBytes += envelopeBytes(command)
      transaction.finalRecipients += verdict.finalRecipients
      // The same fact about the client is usually found again for each recipient.
      if (!transaction.prepend.includes(verdict.prepend)) transaction.prepend += verdict.prepend
      return answer(replies.recipientOk)
    case 'reject':
      transaction.anyRefused = true
      // Policy's own limit of recipients (RFC 3463 §3.6: X.5.3). Asking it of each further one is work for nothing.
      if (verdict.reply.status === '4.5.3') transaction.isFull = true
      return verdict.reply.code === 421 ? answerAndClose(verdict.reply) : answer(verdict.reply)
    case 'unavailable':
      transaction.anyRefused = true
      return answer(replies.temporaryFailure)
    default:
      return unreachable(verdict)
  }
}

async function ask(
  session: SmtpSession,
  { queueId, mail, recipients, finalRecipients }: Transaction,
  recipient: string,
): Promise<Verdict | { readonly kind: 'unavailable' }> {
  const facts = { queueId, from: mail.sender, to: recipient }
  try {
    const verdict = await session.services.policy.recipient({
      queueId,
      origin: session.origin(),
      sender: mail.sender,
      declaredBytes: mail.size,
      recipientsSoFar: recipients.length,
      finalRecipientsSoFar: finalRecipients,
      recipient,
    })
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      const { code, status: dsn, text } = reply
      if (tellsWhoExists(reply)) session.harvest.note(session)
      session.logRepeated({ ...facts, restriction, code, dsn, reply: text }, 'recipient rejected')
    }
    return verdict
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.error({ ...facts, err: error }, 'policy does not answer')
    return { kind: 'unavailable' }
  }
}

/** RFC 3463 §3.2: there is no such mailbox, or §3.3: it is disabled. */
function tellsWhoExists({ status }: SmtpReply): boolean {
  return status === '5.1.1' || status === '5.2.1'
}
