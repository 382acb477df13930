// Asks policy before RCPT, where `smtpdDelayReject` says not to wait for it: when a client connects, at HELO and at MAIL.

import type { EarlyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { hearPolicy } from './heard-verdict.ts'
import { replies } from './replies.ts'
import type { SmtpSession } from './session.ts'
import { noteVerdict } from './transaction.ts'

/** What the client is told instead, undefined where nothing speaks against it or RCPT is waited for. */
export async function refusalAt(
  session: SmtpSession,
  stage: EarlyStage,
  mail?: { readonly sender: string; readonly size: number; readonly queueId: QueueId },
): Promise<Reply | undefined> {
  const { options, deps, judged } = session
  if (options.smtpdDelayReject) return undefined
  const queueId = mail?.queueId ?? deps.spool.newQueueId()
  const facts = { queueId, stage, ...(mail && { from: mail.sender }) }
  const verdict = await hearPolicy(session, facts, 'client rejected', (policy) =>
    policy.early({
      stage,
      queueId,
      origin: session.origin(),
      sender: mail?.sender ?? '',
      declaredBytes: mail?.size ?? 0,
      ...(judged && { judged }),
    }),
  )
  if (verdict.kind === 'unavailable') return replies.temporaryFailure
  if (verdict.kind === 'reject') return verdict.reply
  keep(session, stage, verdict)
  return undefined
}

/** As in Postfix what a list wants for a message comes to nothing where there is no message yet. */
function keep(session: SmtpSession, stage: EarlyStage, verdict: PolicyVerdict): void {
  const { judged } = verdict
  if (session.transaction !== null) noteVerdict(session, session.transaction, verdict)
  else if (judged !== undefined)
    session.keepJudged(stage === 'connect' ? 'connect' : 'helo', judged)
}
