// Asks policy about one recipient, and notes who asks for many that do not exist.

import type { PolicyVerdict, RecipientRequest, SmtpReply } from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { SmtpSession } from './session.ts'

/** Policy did not answer: it is a temporary failure. */
export type RecipientVerdict = PolicyVerdict | { readonly kind: 'unavailable' }

export async function askPolicy(
  session: SmtpSession,
  question: Omit<RecipientRequest, 'origin'>,
): Promise<RecipientVerdict> {
  const { queueId, sender: from, recipient: to } = question
  const facts = { queueId, from, to }
  try {
    const request = { ...question, origin: session.origin() }
    const verdict = await session.deps.policy.recipient(request)
    for (const warning of verdict.warnings ?? []) {
      session.logRepeated({ ...facts, warning }, 'policy warns')
    }
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      const { code, status: dsn, text } = reply
      if (tellsWhoExists(reply)) session.harvest.note(session)
      session.logRepeated({ ...facts, restriction, code, dsn, reply: text }, 'recipient rejected')
    }
    return verdict
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.error({ ...facts, error }, 'policy does not answer')
    return { kind: 'unavailable' }
  }
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
