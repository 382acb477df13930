// The sent date of RFC 5256 §2.2: the Date field in UTC; the internal date where there is no valid one.

import { parseSentDate } from '#shared/mail/sent-date.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import type { IndexedFields } from './indexed-fields.ts'

export function sentMs(message: MessageRecord, fields: IndexedFields): number {
  const { date } = fields.envelope
  return (date === null ? undefined : parseSentDate(date)?.ms) ?? message.internalDateMs
}
