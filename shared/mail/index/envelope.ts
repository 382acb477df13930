// The ENVELOPE of a message header (RFC 9051 §7.5.2).

import { parseAddressList } from '../address-list.ts'
import { ENVELOPE_ADDRESSES_MAX, type Envelope, type EnvelopeAddress } from '../message-index.ts'
import type { IndexedFields } from './indexed-fields.ts'
import type { TextBudget } from './text-budget.ts'

type Addresses = readonly EnvelopeAddress[] | null

/** Fields of which the ENVELOPE has the first, however many there are. */
export const singleFieldNames = ['date', 'from', 'in-reply-to', 'message-id', 'subject'] as const

export function envelopeOf(fields: IndexedFields, budget: TextBudget): Envelope {
  const text = (name: string) => budget.keep(fields.first(name))
  const single = (name: string) => addresses(fields.first(name), budget)
  // RFC 5322 §4.5.3: repeated destination fields are read as one list.
  const joined = (name: string) => addresses(fields.all(name).join(','), budget)
  const from = single('from')
  return {
    date: text('date'),
    subject: text('subject'),
    from,
    // "If the Sender or Reply-To header fields are absent … or are present but empty, the server sets the corresponding
    // member of the envelope to be the same value as the from member."
    sender: single('sender') ?? from,
    replyTo: single('reply-to') ?? from,
    to: joined('to'),
    cc: joined('cc'),
    bcc: joined('bcc'),
    inReplyTo: text('in-reply-to'),
    messageId: text('message-id'),
  }
}

function addresses(list: string | null, budget: TextBudget): Addresses {
  if (list === null) return null
  const kept = budget.keepAddresses(parseAddressList(list, ENVELOPE_ADDRESSES_MAX))
  return kept.length === 0 ? null : kept
}
