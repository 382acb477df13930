// Asks policy when the recipients are known and the message is about to come: at DATA, and at the first BDAT.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { replies } from './replies.ts'
import type { SmtpSession } from './session.ts'
import { envelopeOf, noteVerdict, type Transaction } from './transaction.ts'

/** What the client is told instead of being asked for its message. */
export async function refusalOfData(
  session: SmtpSession,
  transaction: Transaction,
): Promise<Reply | undefined> {
  // Nobody gets it: there is nothing to ask about.
  if (transaction.discardedBy !== undefined) return undefined
  const { queueId, mail, judged } = transaction
  const facts = { queueId, from: mail.sender, recipients: transaction.recipients.length }
  try {
    const verdict = await session.deps.policy.data({
      queueId,
      origin: session.origin(),
      envelope: envelopeOf(transaction),
      declaredBytes: mail.size,
      ...(judged && { judged }),
    })
    for (const warning of verdict.warnings ?? []) {
      session.logRepeated({ ...facts, warning }, 'policy warns')
    }
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      const { code, status: dsn, text } = reply
      session.logRepeated({ ...facts, restriction, code, dsn, reply: text }, 'data rejected')
      return reply
    }
    noteVerdict(session, transaction, verdict)
    return undefined
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.error({ ...facts, error }, 'policy does not answer')
    return replies.temporaryFailure
  }
}
