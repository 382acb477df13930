// What becomes of a message that the spool has: refused for what it holds, refused by policy, or taken. Asked once, by
// message-receipt.ts.
//
// Implementation notes: `250` is said only after `spool.accept` has resolved.

import type { Spooled } from '#shared/contracts/spool.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import type { Authors } from './authors.ts'
import { logMessage } from './message-log.ts'
import { receivedField } from './received.ts'
import { askPolicy, type RecipientVerdict } from './recipient-verdict.ts'
import { replies } from './replies.ts'
import type { SmtpSession } from './session.ts'
import { envelopeOf, type Transaction } from './transaction.ts'

type WholeMessage = {
  readonly spooled: Spooled
  /** As policy gets to see it (header-reader.ts). */
  readonly header: ByteString
  readonly authors: Authors
  /** As they came. */
  readonly bytes: number
}

/** The reply, in LMTP one for each recipient where they differ. What is not taken is discarded. */
export async function judgeMessage(
  session: SmtpSession,
  transaction: Transaction,
  { spooled, header, authors, bytes: size }: WholeMessage,
): Promise<readonly Reply[]> {
  const { policy, spool, clock } = session.services
  const { queueId, prepend } = transaction
  const refusal = contentRefusal(session, spooled)
  if (refusal !== undefined) {
    await spool.discard(spooled)
    logMessage(session, transaction, 'message refused', { size, reply: refusal.text })
    return [refusal]
  }
  const origin = session.origin()
  const envelope = envelopeOf(transaction)
  const { deliveredTo } = spooled
  const { bytes, receivedFields } = spooled.index
  const found = { bytes, receivedFields, header, deliveredTo, ...authors }
  const request = { queueId, origin, envelope, ...found }
  const verdict = await policy.message(request).catch(async (error: unknown) => {
    await spool.discard(spooled)
    throw error
  })
  if (verdict.kind === 'reject') {
    const { restriction, reply } = verdict
    await spool.discard(spooled)
    const { code, status: dsn, text } = reply
    const fields = { size, restriction, code, dsn, reply: text }
    logMessage(session, transaction, 'message rejected', fields)
    return [reply]
  }
  const refusals = await refusalsOf(session, transaction, bytes)
  const taken = envelope.recipients.filter((_, i) => refusals[i] === undefined)
  if (taken.length === 0) {
    await spool.discard(spooled)
    logMessage(session, transaction, 'message refused', { size, reply: refusals[0]?.text })
    return refusals.flatMap((refusal) => refusal ?? [])
  }
  const arrivedMs = clock.now()
  const received = receivedField({
    origin,
    hostname: session.services.hostname,
    extended: session.helo?.extended ?? false,
    smtpUtf8: envelope.smtpUtf8,
    queueId,
    onlyRecipient: taken.length === 1 ? taken[0]?.address : undefined,
    namesLogin: session.options.smtpdSaslAuthenticatedHeader,
    receivedMs: arrivedMs,
  })
  const messageId = await spool.accept({
    spooled,
    envelope: { ...envelope, recipients: taken },
    origin,
    prepend: verdict.prepend + prepend + received,
    arrivedMs,
  })
  session.noteAccepted()
  logMessage(session, transaction, 'message accepted', {
    size,
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
function contentRefusal(
  { options, account }: SmtpSession,
  { index, isSigned, isDisallowed }: Spooled,
): Reply | undefined {
  if (isDisallowed) return replies.disallowedCharacter
  const { smtpLineLengthLimit: limit } = options
  const isTooLong = limit > 0 && index.lineBytesMax > limit
  if (account === null || !isTooLong || !isSigned) return undefined
  return replies.signedLineTooLong(index.lineBytesMax, limit)
}

/**
 * LMTP answers for each recipient by itself (RFC 2033 §4.2): each is asked about once more, now that the size is known and the
 * mailbox may have filled up since. None in SMTP.
 */
async function refusalsOf(
  session: SmtpSession,
  { queueId, mail, recipients }: Transaction,
  bytes: number,
): Promise<readonly (Reply | undefined)[]> {
  if (session.options.role !== 'lmtp') return []
  const refusals: (Reply | undefined)[] = []
  let finalRecipientsSoFar = 0
  for (const { address } of recipients) {
    const verdict = await askPolicy(session, {
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
