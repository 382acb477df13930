// Asks policy when the recipients are known and the message is about to come: at DATA, and at the first BDAT.

import type { Reply } from '#shared/smtp/reply.ts'
import { hearPolicy } from './heard-verdict.ts'
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
  const { queueId, mail, judged, recipients } = transaction
  const facts = { queueId, from: mail.sender, recipients: recipients.length }
  const verdict = await hearPolicy(session, facts, 'data rejected', (policy) =>
    policy.data({
      queueId,
      origin: session.origin(),
      envelope: envelopeOf(transaction),
      declaredBytes: mail.size,
      ...(judged && { judged }),
    }),
  )
  if (verdict.kind === 'unavailable') return replies.temporaryFailure
  if (verdict.kind === 'reject') return verdict.reply
  noteVerdict(session, transaction, verdict)
  return undefined
}
