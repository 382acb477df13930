// Clients without a name, by their PTR alone or by a name that leads back.

import { isIP } from 'node:net'
import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { ClientName } from '../client.ts'
import type { Known } from '../known.ts'
import { refuse } from '../refusal.ts'
import { formReply } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

function judge(
  { client }: Known,
  found: ClientName,
  {
    status,
    what,
    settings,
  }: { readonly status: EnhancedStatus; readonly what: string; readonly settings: Settings },
): Decision {
  if (found.kind === 'found') return dunno
  const code = found.kind === 'failure' ? 450 : settings.unknownClientRejectCode
  const text = `Client host rejected: cannot find your ${what}, [${client.address}]`
  return refuse(formReply('client', { code, status, text }))
}

const hasAddress = ({ client }: Known) => isIP(client.address) !== 0

export const reject_unknown_client_hostname = defineWord(
  'reject_unknown_client_hostname',
  (_, { settings }) =>
    async (known) => {
      if (!hasAddress(known)) return dunno
      // RFC 7372 §3.3: reverse DNS validation failed.
      const words = { status: '4.7.25', what: 'hostname', settings } as const
      return judge(known, await known.client.name(), words)
    },
)

export const reject_unknown_reverse_client_hostname = defineWord(
  'reject_unknown_reverse_client_hostname',
  (_, { settings }) =>
    async (known) => {
      if (!hasAddress(known)) return dunno
      const words = { status: '4.7.1', what: 'reverse hostname', settings } as const
      return judge(known, await known.client.reverseName(), words)
    },
)
