import type { Domain } from '#shared/mail/domain.ts'
import type { AtRecipient } from './known.ts'
import { recipientNotQualified, senderNotQualified } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/**
 * Postfix's reject_non_fqdn_recipient and _sender, for who logged in: what leaves a submission server has full domains (RFC 6409 §4.2),
 * and only the user at the other end can say which host was meant.
 */
export const rejectNonFqdn: Restriction<AtRecipient> = {
  name: 'reject_non_fqdn',
  decide({ origin, sender, recipient: { text, address, found } }) {
    if (origin.account === null || found.kind !== 'remote') return dunno
    if (!isQualified(address.domain)) return reject(recipientNotQualified(text))
    const domain = sender.slice(sender.lastIndexOf('@') + 1)
    return sender === '' || isQualified(domain) ? dunno : reject(senderNotQualified(sender))
  },
}

function isQualified(domain: Domain | string): boolean {
  return domain.includes('.') || domain.startsWith('[')
}
