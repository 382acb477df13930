// RCPT: policy decides each recipient. RFC 5321 §4.1.1.3; limits RFC 5321 §4.5.3.1.10.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { parseRcptCommand, type RcptCommand } from '#shared/smtp/rcpt-command.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { answer, answerAndClose, answerRefusal, defineCommand, type Outcome } from '../command.ts'
import { ENVELOPE_BYTES_MAX, RECIPIENT_OVERHEAD_BYTES, SURPLUS_RECIPIENTS_MAX } from '../config.ts'
import { filterRefusal, rcptParameters } from '../dialogue.ts'
import { askPolicy, isCollecting } from '../recipient-verdict.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'
import { noteVerdict, type Transaction } from '../transaction.ts'

export const rcpt = defineCommand({
  needsLogin: true,
  parse(text, session) {
    const smtpUtf8 = session.transaction?.mail.smtpUtf8 ?? true
    return parseRcptCommand(text, smtpUtf8, session.syntax)
  },
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
    if (!session.takes('recipients')) {
      transaction.anyRefused = true
      return answer(replies.tooManyRecipientsFrom(session.remoteAddress))
    }
    if (isCollecting(session)) return answerAndClose(replies.tooManyUnknownRecipients)
    const recipient = session.paths.local(command.recipient)
    if (session.rates.isRecipientOver(recipient)) {
      transaction.anyRefused = true
      session.logRepeated(
        { restriction: 'smtpdRecipientMessageRateLimit' },
        'too many in this time',
      )
      return answer(replies.tooMuchMailFor)
    }
    return judge(session, transaction, { ...command, recipient })
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
  const { queueId, mail, recipients, finalRecipients, judged } = transaction
  const taken = () => {
    recipients.push({ address: recipient, notify, originalRecipient })
    transaction.envelopeBytes += envelopeBytes(command)
    return answer(replies.recipientOk)
  }
  // Nobody gets it: whoever he is, nothing is to be found out about him.
  if (transaction.discardedBy !== undefined) return taken()
  const verdict = await askPolicy(session, {
    queueId,
    sender: mail.sender,
    declaredBytes: mail.size,
    recipientsSoFar: recipients.length,
    finalRecipientsSoFar: finalRecipients,
    recipient,
    ...(judged && { judged }),
  })
  if (verdict.kind !== 'unavailable') noteVerdict(session, transaction, verdict)
  switch (verdict.kind) {
    case 'permit': {
      const refusal = await tellFilters(session, transaction, command)
      if (refusal !== undefined) {
        transaction.anyRefused = true
        return answerRefusal(refusal)
      }
      transaction.finalRecipients += verdict.finalRecipients
      return taken()
    }
    case 'discard':
      return taken()
    case 'reject':
      transaction.anyRefused = true
      await tellFilters(session, transaction, command, verdict.reply)
      // Policy's own limit of recipients (RFC 3463 §3.6: X.5.3). Asking it of each further one is work for nothing.
      if (verdict.reply.status === '4.5.3') transaction.isFull = true
      return answerRefusal(verdict.reply)
    case 'unavailable':
      transaction.anyRefused = true
      return answer(replies.temporaryFailure)
    default:
      return unreachable(verdict)
  }
}

/** Of one that policy refused some of them want to hear too. */
function tellFilters(
  session: SmtpSession,
  { queueId, mail }: Transaction,
  command: RcptCommand,
  refusal?: SmtpReply,
): Promise<Reply | undefined> {
  const { recipient: address } = command
  const parameters = rcptParameters(command)
  return filterRefusal(session, { queueId, from: mail.sender, to: address }, (filter) =>
    filter.recipient({ queueId, address, parameters, ...(refusal && { refusal }) }),
  )
}
