// What follows `check_policy_service`: who is asked, and how (Postfix's SMTPD_POLICY_README).

import { duration, integer } from '../kinds.ts'
import { parseHostAndPort, parseSocketPath, type ServiceAddress } from '../service-address.ts'
import { splitList } from './split-list.ts'

export type PolicyService =
  /** Answered within, by a name such as `postgrey`. */
  | { readonly kind: 'within'; readonly name: string }
  | {
      readonly kind: 'server'
      readonly endpoint: ServiceAddress
      readonly overrides: Partial<PolicyServiceOptions>
    }

/** Times are milliseconds. */
export type PolicyServiceOptions = {
  readonly timeout: number
  readonly maxIdle: number
  readonly maxTtl: number
  /** Requests of one connection, 0 for no limit. */
  readonly requestLimit: number
  /** Attempts at one request. */
  readonly tryLimit: number
  readonly retryDelay: number
  /** What is done where the server does not answer: an action as in an access table. */
  readonly defaultAction: string
  /** Told to the server. */
  readonly policyContext: string
}

export const builtInServiceNames = ['policyd-weight', 'postgrey'] as const

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** The settings have the same. */
export const policyServiceKinds = {
  timeout: duration({ min: 1 * SECOND, max: 1 * HOUR }),
  maxIdle: duration({ min: 1 * SECOND, max: 24 * HOUR }),
  maxTtl: duration({ min: 1 * SECOND, max: 24 * HOUR }),
  requestLimit: integer({ min: 0, max: 1_000_000 }),
  tryLimit: integer({ min: 1, max: 10 }),
  retryDelay: duration({ min: 0, max: 60 * SECOND }),
} as const

const overrideNames = {
  timeout: 'timeout',
  max_idle: 'maxIdle',
  max_ttl: 'maxTtl',
  request_limit: 'requestLimit',
  try_limit: 'tryLimit',
  retry_delay: 'retryDelay',
  default_action: 'defaultAction',
  policy_context: 'policyContext',
} as const satisfies { readonly [name: string]: keyof PolicyServiceOptions }

type Overrides = { -readonly [Name in keyof PolicyServiceOptions]?: PolicyServiceOptions[Name] }

/** Throws an error that says what is wrong. */
export function parsePolicyService(argument: string): PolicyService {
  const [place = '', ...named] = splitList(inner(argument.trim()) ?? argument)
  const within = builtInServiceNames.find((name) => name === place.toLowerCase())
  if (within !== undefined) {
    if (named.length > 0) throw new Error(`${within} is answered within: its settings say how`)
    return { kind: 'within', name: within }
  }
  const endpoint = parseEndpoint(place)
  const overrides: Overrides = {}
  for (const text of named) override(overrides, text)
  return { kind: 'server', endpoint, overrides }
}

/** Of a text in braces. */
function inner(text: string): string | undefined {
  return text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1).trim() : undefined
}

function parseEndpoint(text: string): ServiceAddress {
  const [, kind = '', where = ''] = /^(inet|unix):(.*)$/is.exec(text) ?? []
  const isSocket = kind.toLowerCase() === 'unix'
  // Postfix's `inet:port` is one of this machine.
  const place = where.includes(':') ? where : `localhost:${where}`
  const address = isSocket ? parseSocketPath(where) : parseHostAndPort(place)
  if (kind !== '' && address !== undefined) return address
  if (isSocket && !where.startsWith('/')) throw new Error("the socket's path must begin with /")
  const names = builtInServiceNames.join(' or ')
  throw new Error(`'${text}' is no policy service: inet:host:port, unix:/path, ${names}`)
}

function override(overrides: Overrides, text: string): void {
  const plain = inner(text) ?? text
  const equals = plain.indexOf('=')
  const name = plain.slice(0, Math.max(0, equals)).trim()
  const value = plain.slice(equals + 1).trim()
  if (!isOverride(name)) {
    throw new Error(
      `${text} is no option of a policy service: ${Object.keys(overrideNames).join(', ')}`,
    )
  }
  const option = overrideNames[name]
  if (option === 'defaultAction' || option === 'policyContext') {
    overrides[option] = value
    return
  }
  const kind = policyServiceKinds[option]
  // To Postfix a bare number is seconds.
  const parsed = kind.parse(value) ?? kind.parse(`${value}s`)
  if (parsed === undefined) throw new Error(`${name}=${value}: must be ${kind.allowed}`)
  overrides[option] = parsed
}

function isOverride(name: string): name is keyof typeof overrideNames {
  return Object.hasOwn(overrideNames, name)
}
