// Filters that hear the dialogue while it is held (shared/contracts/milter.ts): what they are told of a command, and what becomes of it.

import type { DialogueClient, DialogueFilter, DialogueRefusal } from '#shared/contracts/milter.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import type { MailCommand } from '#shared/smtp/mail-command.ts'
import type { RcptCommand } from '#shared/smtp/rcpt-command.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import type { SmtpSession } from './session.ts'
import type { Transaction } from './transaction.ts'

/** What the client is told instead; undefined where filters have nothing against it. Only where there are any something waits. */
export async function filterRefusal(
  session: SmtpSession,
  facts: LogFields,
  ask: (filter: DialogueFilter, client: DialogueClient) => Promise<DialogueRefusal | undefined>,
): Promise<Reply | undefined> {
  const { dialogue } = session
  if (dialogue === undefined) return undefined
  const refusal = await ask(dialogue, session.dialogueClient())
  if (refusal === undefined) return undefined
  const { reply, filter } = refusal
  const { code, status: dsn, text } = reply
  session.logRepeated({ ...facts, milter: filter, code, dsn, reply: text }, 'milter refuses')
  return reply
}

/** At DATA and at the first BDAT; the transaction is over then. */
export async function refusalOfDataByFilters(
  session: SmtpSession,
  { queueId, mail }: Transaction,
): Promise<Reply | undefined> {
  const facts = { queueId, from: mail.sender }
  const refusal = await filterRefusal(session, facts, (filter) => filter.data())
  if (refusal !== undefined) session.endTransaction()
  return refusal
}

// RFC 5321 §4.1.1.11
export function mailParameters({ size, body, smtpUtf8, ret, envid }: MailCommand): string[] {
  return [
    ...(size > 0 ? [`SIZE=${size}`] : []),
    ...(body === '7BIT' ? [] : [`BODY=${body}`]),
    ...(smtpUtf8 ? ['SMTPUTF8'] : []),
    ...(ret === null ? [] : [`RET=${ret}`]),
    ...(envid === null ? [] : [`ENVID=${encodeXtext(envid)}`]),
  ]
}

export function rcptParameters({ notify, originalRecipient }: RcptCommand): string[] {
  const [type = '', address] = originalRecipient?.split(/;(.*)/s) ?? []
  return [
    ...(notify.length === 0 ? [] : [`NOTIFY=${notify.join(',')}`]),
    ...(address === undefined ? [] : [`ORCPT=${type};${encodeXtext(address)}`]),
  ]
}
