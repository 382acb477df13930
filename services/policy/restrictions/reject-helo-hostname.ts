// What a client says of itself: whether it is a name at all, a full one, and one that the DNS knows. An address literal (RFC 5321 §4.1.3)
// is only looked at.

import { isIP } from 'node:net'
import { parseDomain } from '#shared/mail/domain.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Settings } from '#shared/settings/table.ts'
import { isHostName, withoutRoot } from '../host-name.ts'
import type { Known } from '../known.ts'
import { findHost } from '../mail-host.ts'
import { putOff, refuse } from '../refusal.ts'
import { replyFor } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import { type Decide, defineWord } from '../word.ts'

/** Nothing to judge before HELO; a literal is judged the same way by all of them. */
function judgeHelo(
  settings: Settings,
  judgeName: (name: string, known: Known) => Promise<Decision>,
): Decide {
  return async (known) => {
    const { helo } = known.origin
    if (helo === '') return dunno
    if (!helo.startsWith('[')) return judgeName(helo, known)
    if (parseDomain(helo) !== undefined) return dunno
    const code = settings.invalidHostnameRejectCode
    return refuse(
      await replyFor(known, 'helo', { code, status: '5.5.2', text: 'invalid ip address' }),
    )
  }
}

export const reject_invalid_helo_hostname = defineWord(
  'reject_invalid_helo_hostname',
  (_, { settings }) =>
    judgeHelo(settings, async (name, known) => {
      // An address without brackets is no name, but was always let pass.
      if (isHostName(withoutRoot(name)) || isIP(name) !== 0) return dunno
      const code = settings.invalidHostnameRejectCode
      return refuse(await replyFor(known, 'helo', { code, status: '5.5.2', text: 'Invalid name' }))
    }),
)

export const reject_non_fqdn_helo_hostname = defineWord(
  'reject_non_fqdn_helo_hostname',
  (_, { settings }) =>
    judgeHelo(settings, async (name, known) => {
      const bare = withoutRoot(name)
      if (isHostName(bare) && bare.includes('.')) return dunno
      const code = settings.nonFqdnRejectCode
      const text = 'need fully-qualified hostname'
      return refuse(await replyFor(known, 'helo', { code, status: '5.5.2', text }))
    }),
)

export const reject_unknown_helo_hostname = defineWord(
  'reject_unknown_helo_hostname',
  (_, { settings }) =>
    judgeHelo(settings, async (name, known) => {
      const status = '4.7.1'
      const code = settings.unknownHostnameRejectCode
      const text = 'Host not found'
      // With a dot at its end it is none, as for Postfix.
      const existence = await findHost(name, known.dns)
      switch (existence) {
        case 'found':
        case 'null MX':
          return dunno
        case 'absent':
          return refuse(await replyFor(known, 'helo', { code, status, text }))
        case 'malformed': {
          const malformed = 'Malformed DNS server reply'
          return refuse(await replyFor(known, 'helo', { code, status, text: malformed }))
        }
        case 'unknown': {
          const action = settings.unknownHeloHostnameTempfailAction
          return putOff(action, await replyFor(known, 'helo', { code: 450, status, text }))
        }
        default:
          return unreachable(existence)
      }
    }),
)
