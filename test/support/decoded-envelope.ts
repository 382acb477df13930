// ENVELOPE from a decoded index: RFC 9051 §7.5.2 and §9. What the product writes from the encoded index has to be the same byte for byte.

import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import type { Envelope, EnvelopeAddress } from '#shared/mail/message-index.ts'

// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//            env-in-reply-to SP env-message-id ")"
export function writeEnvelope(to: ResponseWriter, envelope: Envelope): void {
  to.raw('(')
  to.nstring(envelope.date)
  to.raw(' ')
  to.nstring(envelope.subject)
  to.raw(' ')
  writeAddresses(to, envelope.from)
  to.raw(' ')
  writeAddresses(to, envelope.sender)
  to.raw(' ')
  writeAddresses(to, envelope.replyTo)
  to.raw(' ')
  writeAddresses(to, envelope.to)
  to.raw(' ')
  writeAddresses(to, envelope.cc)
  to.raw(' ')
  writeAddresses(to, envelope.bcc)
  to.raw(' ')
  to.nstring(envelope.inReplyTo)
  to.raw(' ')
  to.nstring(envelope.messageId)
  to.raw(')')
}

// env-from = "(" 1*address ")" / nil        address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
function writeAddresses(to: ResponseWriter, addresses: readonly EnvelopeAddress[] | null): void {
  if (addresses === null || addresses.length === 0) {
    to.nil()
    return
  }
  to.raw('(')
  for (const { name, route, mailbox, host } of addresses) {
    to.raw('(')
    to.nstring(name)
    to.raw(' ')
    to.nstring(route)
    to.raw(' ')
    to.nstring(mailbox)
    to.raw(' ')
    to.nstring(host)
    to.raw(')')
  }
  to.raw(')')
}
