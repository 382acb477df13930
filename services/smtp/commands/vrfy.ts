// VRFY and EXPN (RFC 5321 §3.5) tell nobody which addresses exist: 252, as §7.3 has it for a server where they are switched off.
// Where the operator allows VRFY it says of an address what RCPT would. ETRN is not offered at all.

import { unreachable } from '#shared/runtime/errors.ts'
import { parseRcptCommand } from '#shared/smtp/rcpt-command.ts'
import { answer, answerAndClose, answerRefusal, defineCommand, type Outcome } from '../command.ts'
import { askPolicy, isCollecting } from '../recipient-verdict.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

const facts = { beforeHelo: true, junk: true, flushes: true } as const

export const vrfy = defineCommand({
  ...facts,
  parse: (text) => text,
  run(session, text): Outcome | Promise<Outcome> {
    if (session.options.disableVrfyCommand) return answer(replies.cannotVerify)
    if (session.needsLogin) return answer(replies.authenticationRequired)
    const { recipient } = parseRcptCommand(` TO:${text}`, true, session.syntax)
    return verify(session, session.paths.local(recipient))
  },
})

async function verify(session: SmtpSession, recipient: string): Promise<Outcome> {
  if (isCollecting(session)) return answerAndClose(replies.tooManyUnknownRecipients)
  const verdict = await askPolicy(session, {
    queueId: session.deps.spool.newQueueId(),
    sender: '',
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient,
  })
  switch (verdict.kind) {
    case 'permit':
      return answer(replies.verified(recipient))
    case 'reject':
      return answerRefusal(verdict.reply)
    // RCPT would take him, and nobody would get anything.
    case 'discard':
      return answer(replies.cannotVerify)
    case 'unavailable':
      return answer(replies.temporaryFailure)
    default:
      return unreachable(verdict)
  }
}

export const expn = defineCommand({ ...facts, parse() {}, run: () => answer(replies.cannotVerify) })

export const disabled = defineCommand({
  ...facts,
  parse() {},
  run: () => answer(replies.commandDisabled),
})
