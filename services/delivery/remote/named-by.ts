// Who has named a next hop. Without a route of ours mail goes to the domain of its recipient, or to the address that stands in its place; any
// other hop stands in the settings or in a table of them. So it is known without being kept.

import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { isSameHop, type NextHop, parseNextHop } from '#shared/mail/next-hop.ts'
import type { HopPolicy } from './hop-policy.ts'

export function whoNamed(
  hop: NextHop,
  recipients: readonly Pick<EnvelopeRecipient, 'address'>[],
): HopPolicy['namedBy'] {
  const isOfRecipient = recipients.some(({ address }) => {
    const domain = parseNextHop(address.slice(address.lastIndexOf('@') + 1))
    // What is no domain names nothing, and is nothing to be trusted for.
    return domain === undefined || isSameHop(domain, hop)
  })
  return isOfRecipient ? 'recipient' : 'administrator'
}
