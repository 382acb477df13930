// Asks policy about one recipient, and notes who asks for many that do not exist.

import type { RecipientRequest, SmtpReply } from '#shared/contracts/policy.ts'
import { type HeardVerdict, hearPolicy } from './heard-verdict.ts'
import type { SmtpSession } from './session.ts'

export async function askPolicy(
  session: SmtpSession,
  question: Omit<RecipientRequest, 'origin'>,
): Promise<HeardVerdict> {
  const { queueId, sender: from, recipient: to } = question
  const request = { ...question, origin: session.origin() }
  const verdict = await hearPolicy(session, { queueId, from, to }, 'recipient rejected', (policy) =>
    policy.recipient(request),
  )
  if (verdict.kind === 'reject' && tellsWhoExists(verdict.reply)) session.harvest.note(session)
  return verdict
}

/** The client is to be sent away: it has asked for too many recipients that do not exist. */
export function isCollecting(session: SmtpSession): boolean {
  if (!session.harvest.isOver(session)) return false
  session.logRepeated({}, 'too many unknown recipients')
  // Or it would come back a thousand times a second.
  session.slowDown()
  return true
}

/** RFC 3463 §3.2: there is no such mailbox, or §3.3: it is disabled. */
function tellsWhoExists({ status }: SmtpReply): boolean {
  return status === '5.1.1' || status === '5.2.1'
}
