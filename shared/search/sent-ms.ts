// The sent date of RFC 5256 §2.2: the Date field in UTC; the internal date where there is no valid one.

import { parseSentDate } from '#shared/mail/sent-date.ts'
import type { EnvelopeFields } from './envelope-fields.ts'
import type { MessageFacts } from './message-facts.ts'

export function sentMs(
  message: Pick<MessageFacts, 'internalDateMs'>,
  fields: EnvelopeFields,
): number {
  const { date } = fields.envelope
  return (date === null ? undefined : parseSentDate(date)?.ms) ?? message.internalDateMs
}
