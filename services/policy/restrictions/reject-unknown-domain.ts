// Senders and recipients in domains that no mail can be sent to, unless it ends here. Of an address literal nothing is asked.

import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Known } from '../known.ts'
import { findMailDomain } from '../mail-host.ts'
import { putOff, refuse } from '../refusal.ts'
import { replyFor } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

type Judged = {
  readonly subject: 'sender' | 'recipient'
  readonly status: EnhancedStatus
  /** RFC 7505 §4.2 */
  readonly nullMx: { readonly code: number; readonly status: EnhancedStatus }
}

const asSender: Judged = {
  subject: 'sender',
  status: '4.1.8',
  nullMx: { code: 550, status: '5.7.27' },
}
const asRecipient: Judged = {
  subject: 'recipient',
  status: '4.1.2',
  nullMx: { code: 556, status: '5.1.10' },
}

async function judge(
  known: Known,
  domain: string,
  { subject, status, nullMx }: Judged,
  settings: Settings,
): Promise<Decision> {
  const reply = (code: number, text: string) => replyFor(known, subject, { code, status, text })
  const code = settings.unknownAddressRejectCode
  const existence = await findMailDomain(domain, known.dns)
  switch (existence) {
    case 'found':
      return dunno
    case 'null MX': {
      const text = `Domain ${domain} does not accept mail (nullMX)`
      return refuse(await replyFor(known, subject, { ...nullMx, text }))
    }
    case 'malformed':
      return refuse(await reply(code, 'Malformed DNS server reply'))
    case 'absent':
      return refuse(await reply(code, 'Domain not found'))
    case 'unknown':
      return putOff(settings.unknownAddressTempfailAction, await reply(450, 'Domain not found'))
    default:
      return unreachable(existence)
  }
}

/** What stands behind the @, in A-labels where it is a domain; undefined where there is nothing to ask for. */
function domainOf(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  if (at === -1 || domain.startsWith('[')) return undefined
  return parseDomain(domain) ?? domain
}

export const reject_unknown_sender_domain = defineWord(
  'reject_unknown_sender_domain',
  (_, { settings, directory }) =>
    async (known) => {
      const { sender = '' } = known
      const domain = domainOf(sender)
      if (domain === undefined) return dunno
      const address = parseAddress(sender)
      const endsHere = address && (await directory.resolve(address)).kind !== 'remote'
      return endsHere ? dunno : judge(known, domain, asSender, settings)
    },
)

export const reject_unknown_recipient_domain = defineWord(
  'reject_unknown_recipient_domain',
  (_, { settings }) =>
    async (known) => {
      const { recipient } = known
      const domain = recipient && domainOf(recipient.text)
      if (domain === undefined || recipient?.found.kind !== 'remote') return dunno
      return judge(known, domain, asRecipient, settings)
    },
)
