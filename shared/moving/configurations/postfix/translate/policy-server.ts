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

/** What is done here without being asked for: at the names and ports of everybody's guides. */
const always = [
  { place: /quota-status$|:12340$/, because: 'an account that is full takes nothing at RCPT' },
  { place: /policyd?-spf$/, because: 'SPF is found out here always (`mailAuthentication`)' },
] as const

export function serviceOf(argument: string, context: PostfixContext): Translated {
  const { collect, value, place } = context
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
  const because = always.find((one) => one.place.test(server))?.because
  if (because !== undefined) return { kind: 'fault', reason: because }
  const program = programOf(server, context)
  if (program !== undefined) {
    return { kind: 'fault', reason: `no program is started for it: ${program}` }
  }
  const path = /^unix:(.*)$/.exec(server)?.[1]
  const absolute =
    path === undefined || path.startsWith('/') ? server : `unix:${value('queue_directory')}/${path}`
  const text = options.length === 0 ? absolute : `{ ${[absolute, ...options].join(', ')} }`
  try {
    parsePolicyService(text)
    const reason = 'it is asked as before: it has to run for this system too, or mail is deferred'
    collect.note('to-do', `check_policy_service ${server.slice(0, 100)}`, reason, {
      ...place('smtpd_recipient_restrictions'),
    })
    return { kind: 'text', text }
  } catch (error) {
    return { kind: 'fault', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Of one that Postfix starts itself (spawn(8)), by the name of its socket. */
function programOf(server: string, { master }: PostfixContext): string | undefined {
  const name = /^unix:private\/(.*)$/.exec(server)?.[1]
  const service = master?.services.find((one) => one.name === name && one.command === 'spawn')
  return service?.words.join(' ').slice(0, 100)
}
