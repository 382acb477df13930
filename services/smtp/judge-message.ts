// What becomes of a message that the spool has: refused for what it holds, refused by policy, discarded, or taken as policy wants it.
// Asked once, by message-receipt.ts.
//
// Implementation notes: `250` is said only after `spool.accept` has resolved; of a message that policy discards it is said after the
// spool has forgotten it, and a line in the log is all that is left.

import type { ContentTrace } from '#shared/contracts/content.ts'
import type { MessageRequest, PolicyVerdict } from '#shared/contracts/policy.ts'
import type { AcceptedMessage, EnvelopeRecipient, Spooled } from '#shared/contracts/spool.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import type { HeardVerdict } from './heard-verdict.ts'
import { type AcceptedContent, judgeContent } from './judge-content.ts'
import { logMessage } from './message-log.ts'
import { receivedField } from './received.ts'
import { askPolicy } from './recipient-verdict.ts'
import { replies } from './replies.ts'
import type { SmtpSession } from './session.ts'
import { envelopeOf, noteVerdict, type Transaction } from './transaction.ts'
import type { WholeMessage } from './whole-message.ts'

/** The reply, in LMTP one for each recipient where they differ. */
export async function judgeMessage(message: WholeMessage): Promise<readonly Reply[]> {
  const { session, transaction, spooled } = message
  const refusal = contentRefusal(session, spooled)
  if (refusal !== undefined) return refuse(message, refusal)
  if (transaction.discardedBy !== undefined) return discard(message, transaction.discardedBy)
  const verdict = await askAboutMessage(message)
  for (const warning of verdict.warnings ?? []) log(message, 'policy warns', { warning })
  switch (verdict.kind) {
    case 'reject': {
      const { restriction, reply } = verdict
      await session.deps.spool.discard(spooled)
      const { code, status: dsn, text } = reply
      log(message, 'message rejected', { restriction, code, dsn, reply: text })
      return [reply]
    }
    case 'discard':
      return discard(message, verdict.restriction)
    case 'permit':
      noteVerdict(session, transaction, { ...verdict, prepend: '' })
      return takeUnlessContentRefuses(message, verdict.prepend)
    default:
      return unreachable(verdict)
  }
}

async function askAboutMessage(message: WholeMessage): Promise<PolicyVerdict> {
  const { session, transaction, spooled, header, authors } = message
  const { policy, spool } = session.deps
  const { judged } = transaction
  const request: MessageRequest = {
    queueId: transaction.queueId,
    origin: session.origin(),
    envelope: envelopeOf(transaction),
    isDataJudged: true,
    bytes: spooled.index.bytes,
    receivedFields: spooled.index.receivedFields,
    header,
    deliveredTo: spooled.deliveredTo,
    ...authors,
    ...(judged && { judged }),
  }
  return policy.message(request).catch(async (error: unknown) => {
    await spool.discard(spooled)
    throw error
  })
}

/** `prepend`: what the message's own list says, before what was said with its recipients. */
async function takeUnlessContentRefuses(
  message: WholeMessage,
  prepend: string,
): Promise<readonly Reply[]> {
  const { session, spooled } = message
  const outcome = await judgeContent(message, prepend).catch(async (error: unknown) => {
    await session.deps.spool.discard(spooled)
    throw error
  })
  for (const warning of outcome.warnings) log(message, 'content filter warns', { warning })
  const { trail: content } = outcome
  switch (outcome.kind) {
    case 'reject': {
      await session.deps.spool.discard(spooled)
      const { step: restriction, reply } = outcome
      const { code, status: dsn, text } = reply
      log(message, 'message rejected', { restriction, code, dsn, reply: text, content })
      return [reply]
    }
    case 'discard':
      return discard(message, outcome.step, content)
    case 'accept':
      return take({ ...message, spooled: outcome.spooled }, outcome)
    default:
      return unreachable(outcome)
  }
}

async function take(message: WholeMessage, wanted: AcceptedContent): Promise<readonly Reply[]> {
  const { session, transaction, spooled } = message
  const { spool, clock } = session.deps
  const refusals = transaction.redirect === undefined ? await refusalsOf(message) : []
  if (transaction.discardedBy !== undefined) return discard(message, transaction.discardedBy)
  const envelope = envelopeOf(transaction)
  const refused = envelope.recipients.filter((_, i) => refusals[i] !== undefined)
  const taken = wanted.recipients.filter((recipient) => !refused.includes(recipient))
  if (taken.length === 0) return turnAway(message, refusals)
  const origin = session.origin()
  const { queueId, hold, redirect } = transaction
  const route = routeOf(transaction, taken, session.options.contentFilter)
  const { sender = envelope.sender, junk, trail } = wanted
  const arrivedMs = clock.now()
  const received = receivedField({
    origin,
    hostname: session.deps.hostname,
    extended: session.helo?.extended ?? false,
    smtpUtf8: envelope.smtpUtf8,
    queueId,
    onlyRecipient: taken.length === 1 ? taken[0]?.address : undefined,
    namesLogin: session.options.smtpdSaslAuthenticatedHeader,
    receivedMs: arrivedMs,
  })
  const messageId = await spool.accept({
    spooled,
    envelope: { ...envelope, sender, recipients: route.recipients },
    origin,
    prepend: wanted.above + received + wanted.below,
    arrivedMs,
    ...(hold !== undefined && { held: hold }),
    ...(junk !== undefined && { junk: true }),
    ...(route.filter !== undefined && { filter: route.filter }),
  })
  session.noteAccepted()
  session.rates.noteMessage(envelope.sender, taken)
  log(message, 'message accepted', {
    messageId,
    helo: origin.helo,
    tls: origin.tls?.protocol ?? 'none',
    ...(origin.tls && { cipher: origin.tls.cipher }),
    ...(hold !== undefined && { held: hold }),
    ...(redirect !== undefined && { redirectedTo: redirect }),
    ...(junk !== undefined && { junk }),
    ...(route.filter !== undefined && { filter: route.filter }),
    ...(transaction.bcc.size > 0 && { bcc: [...transaction.bcc] }),
    ...(trail.length > 0 && { content: trail }),
  })
  const queued = replies.queued(queueId)
  return refusals.length === 0 ? [queued] : refusals.map((refusal) => refusal ?? queued)
}

/** Who gets it, and by which way: a redirected message is not filtered (Postfix's access(5)). */
function routeOf(
  { redirect, filter, bcc }: Transaction,
  taken: readonly EnvelopeRecipient[],
  contentFilter: string,
): { readonly recipients: readonly EnvelopeRecipient[] } & Pick<AcceptedMessage, 'filter'> {
  // Whoever is a recipient anyhow gets it once.
  const unseen = [...bcc].filter((text) => taken.every(({ address }) => address !== text))
  const besides = unseen.map((address) => recipientOf(address, ['NEVER']))
  if (redirect !== undefined) return { recipients: [recipientOf(redirect, []), ...besides] }
  const hop = filter ?? contentFilter
  return { recipients: [...taken, ...besides], ...(hop !== '' && { filter: hop }) }
}

/** The sender knows nothing of him: what was wished of notifications (RFC 3461) is not for him. */
function recipientOf(address: string, notify: EnvelopeRecipient['notify']): EnvelopeRecipient {
  return { address, notify, originalRecipient: null }
}

async function refuse(message: WholeMessage, reply: Reply): Promise<readonly Reply[]> {
  await message.session.deps.spool.discard(message.spooled)
  log(message, 'message refused', { reply: reply.text })
  return [reply]
}

/** Nobody is left to take it for: each was refused, or taken away by a filter, which the client is not told. */
async function turnAway(
  message: WholeMessage,
  refusals: readonly (Reply | undefined)[],
): Promise<readonly Reply[]> {
  await message.session.deps.spool.discard(message.spooled)
  log(message, 'message refused', { reply: refusals.find((refusal) => refusal)?.text })
  return refusals.map((refusal) => refusal ?? replies.queued(message.transaction.queueId))
}

/** As Postfix's DISCARD: the client is told what it is told of any message. */
async function discard(
  message: WholeMessage,
  restriction: string,
  trail: readonly ContentTrace[] = [],
): Promise<readonly Reply[]> {
  const { session, transaction, spooled } = message
  await session.deps.spool.discard(spooled)
  session.noteAccepted()
  const content = trail.length > 0 && { content: trail }
  log(message, 'message discarded', { restriction, ...content })
  return [replies.queued(transaction.queueId)]
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
async function refusalsOf(message: WholeMessage): Promise<readonly (Reply | undefined)[]> {
  const { session, transaction, spooled } = message
  if (session.options.role !== 'lmtp') return []
  const { queueId, mail, recipients } = transaction
  const refusals: (Reply | undefined)[] = []
  let finalRecipientsSoFar = 0
  for (const { address } of recipients) {
    const { judged } = transaction
    const verdict = await askPolicy(session, {
      queueId,
      sender: mail.sender,
      declaredBytes: spooled.index.bytes,
      recipientsSoFar: refusals.length,
      finalRecipientsSoFar,
      recipient: address,
      ...(judged && { judged }),
    })
    if (verdict.kind !== 'unavailable') noteVerdict(session, transaction, verdict)
    if (verdict.kind === 'permit') finalRecipientsSoFar += verdict.finalRecipients
    refusals.push(refusalOf(verdict))
  }
  return refusals
}

function refusalOf(verdict: HeardVerdict): Reply | undefined {
  switch (verdict.kind) {
    case 'permit':
    case 'discard':
      return undefined
    case 'reject':
      return verdict.reply
    case 'unavailable':
      return replies.temporaryFailure
    default:
      return unreachable(verdict)
  }
}

function log({ session, transaction, bytes }: WholeMessage, text: string, fields: LogFields): void {
  logMessage(session, transaction, text, { size: bytes, ...fields })
}
