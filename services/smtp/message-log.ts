import type { LogFields } from '#shared/runtime/log.ts'
import type { SmtpSession } from './session.ts'
import type { Transaction } from './transaction.ts'

/** A line about a message: the first recipient and how many there are. Each has a line of his own when something becomes of him. */
export function logMessage(
  session: SmtpSession,
  { queueId, mail, recipients }: Transaction,
  text: string,
  fields: LogFields,
): void {
  const to = recipients[0]?.address
  const facts = { queueId, from: mail.sender, to, recipients: recipients.length }
  session.log.info({ ...facts, ...fields }, text)
}
