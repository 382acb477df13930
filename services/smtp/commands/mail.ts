// MAIL: begins a transaction. RFC 5321 §4.1.1.2; SIZE RFC 1870 §6; REQUIRETLS RFC 8689.

import { type MailCommand, parseMailCommand } from '#shared/smtp/mail-command.ts'
import { answer, answerRefusal, defineCommand, type Outcome } from '../command.ts'
import { filterRefusal, mailParameters } from '../dialogue.ts'
import { refusalAt } from '../early-verdict.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

export const mail = defineCommand({
  needsLogin: true,
  parse: (text, session) => parseMailCommand(text, session.syntax),
  async run(session, command) {
    const { messageSizeLimit } = session.options
    if (session.transaction) return answer(replies.nestedMail)
    if (command.body === 'BINARYMIME') return answer(replies.unsupportedBody)
    if (command.requireTls && !session.offersRequireTls) {
      return answer(replies.unsupportedParameter('REQUIRETLS'))
    }
    if (command.size > messageSizeLimit) return answer(replies.tooBig(messageSizeLimit))
    const { remoteAddress, rates } = session
    if (rates.over('kilobytes', session) !== undefined || !session.takes('messages')) {
      return answer(replies.tooMuchMail(remoteAddress))
    }
    if (rates.isSenderDomainOver(command.sender)) {
      session.logRepeated(
        { restriction: 'smtpdSenderDomainMessageRateLimit' },
        'too many in this time',
      )
      return answer(replies.tooMuchMail(remoteAddress))
    }
    // As Postfix (queue_minfree): before the client sends what there would be no room for.
    if (!(await session.deps.spool.hasRoom())) return answer(replies.insufficientStorage)
    session.begin(command)
    return (await refuseSender(session, command)) ?? answer(replies.senderOk)
  },
})

async function refuseSender(
  session: SmtpSession,
  command: MailCommand,
): Promise<Outcome | undefined> {
  const { transaction } = session
  if (!transaction) return undefined
  const { queueId } = transaction
  const { sender, size } = command
  const refusal =
    (await refusalAt(session, 'sender', { sender, size, queueId })) ??
    (await filterRefusal(session, { queueId, from: sender }, (filter, client) =>
      filter.mail(client, { queueId, sender, parameters: mailParameters(command) }),
    ))
  if (refusal === undefined) return undefined
  session.endTransaction()
  return answerRefusal(refusal)
}
