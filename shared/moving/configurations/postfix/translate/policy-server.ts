// What follows check_policy_service.

import { parsePolicyService } from '#shared/settings/restrictions/policy-service.ts'
import type { PostfixContext } from '../context.ts'
import { splitValue, withoutBraces } from '../split-value.ts'
import type { Translated } from './access.ts'

/** Where the two listen that are within here: Debian's ports, older ones, and whatever is named after them. */
const within = [
  { name: 'policyd-weight', place: /policyd-weight|:12525$/ },
  { name: 'postgrey', place: /postgrey|:10023$|:60000$/ },
] as const

export function serviceOf(argument: string, { collect, value, place }: PostfixContext): Translated {
  const [server = '', ...options] = splitValue(withoutBraces(argument) ?? argument)
  const inside = within.find((one) => one.place.test(server))
  if (inside !== undefined) {
    const reason = `asked at ${server} before, within this program now; what was configured for it is set by \`${inside.name === 'postgrey' ? 'postgrey…' : 'weight…'}\` settings`
    collect.note(
      'differs',
      `check_policy_service ${inside.name}`,
      reason,
      place('smtpd_recipient_restrictions'),
    )
    return { kind: 'text', text: inside.name }
  }
  const path = /^unix:(.*)$/.exec(server)?.[1]
  const absolute =
    path === undefined || path.startsWith('/') ? server : `unix:${value('queue_directory')}/${path}`
  const text = options.length === 0 ? absolute : `{ ${[absolute, ...options].join(', ')} }`
  try {
    parsePolicyService(text)
    return { kind: 'text', text }
  } catch (error) {
    return { kind: 'fault', reason: error instanceof Error ? error.message : String(error) }
  }
}
