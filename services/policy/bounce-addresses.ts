// Addresses of ours that stand for the sender of mail that was forwarded (shared/mail/srs.ts) are there for what comes back: bounces, and
// automatic replies. Whether a reply is automatic is seen in its header; so the message is refused, not the recipient.

import { parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import { looksLikeSrs } from '#shared/mail/srs.ts'
import type { AtMessage } from './known.ts'
import { bouncesOnly } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** `domain`: of those addresses; undefined: there are none. Who logged in may write to their owners as well. */
export function rejectToBounceAddress(domain: Domain | undefined): Restriction<AtMessage> {
  return {
    name: 'reject_to_bounce_address',
    decide({ message: { envelope, origin, header } }) {
      if (envelope.sender === '' || origin.account !== null) return dunno
      const bounced = envelope.recipients.find(({ address }) => isBounceAddress(address, domain))
      if (bounced === undefined || isAutomatic(header)) return dunno
      return reject(bouncesOnly(bounced.address))
    },
  }
}

function isBounceAddress(text: string, domain: Domain | undefined): boolean {
  const address = parseAddress(text)
  return address !== undefined && address.domain === domain && looksLikeSrs(address.local)
}

/** RFC 3834 §5; reports (RFC 6522); and what was written before there was a field for it. */
function isAutomatic(header = ''): boolean {
  return headerFields(Buffer.from(header, 'latin1')).some(({ name, value }) => {
    switch (name.toLowerCase()) {
      case 'auto-submitted':
        return !/^no(?:[\s;(]|$)/i.test(value)
      case 'content-type':
        return /^multipart\/report(?:[\s;]|$)/i.test(value)
      case 'precedence':
        return /^(?:auto[_-]reply|bulk|junk)$/i.test(value)
      default:
        return false
    }
  })
}
