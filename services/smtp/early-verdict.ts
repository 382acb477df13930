// Asks policy before RCPT, where `smtpdDelayReject` says not to wait for it: when a client connects, at HELO and at MAIL.

import type { EarlyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Reply } from '#shared/smtp/reply.ts'
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
  try {
    const verdict = await deps.policy.early({
      stage,
      queueId,
      origin: session.origin(),
      sender: mail?.sender ?? '',
      declaredBytes: mail?.size ?? 0,
      ...(judged && { judged }),
    })
    for (const warning of verdict.warnings ?? []) {
      session.logRepeated({ ...facts, warning }, 'policy warns')
    }
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      const { code, status: dsn, text } = reply
      session.logRepeated({ ...facts, restriction, code, dsn, reply: text }, 'client rejected')
      return reply
    }
    keep(session, stage, verdict)
    return undefined
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.error({ ...facts, error }, 'policy does not answer')
    return replies.temporaryFailure
  }
}

/** As in Postfix what a list wants for a message comes to nothing where there is no message yet. */
function keep(session: SmtpSession, stage: EarlyStage, verdict: PolicyVerdict): void {
  const { judged } = verdict
  if (session.transaction !== null) noteVerdict(session, session.transaction, verdict)
  else if (judged !== undefined)
    session.keepJudged(stage === 'connect' ? 'connect' : 'helo', judged)
}
