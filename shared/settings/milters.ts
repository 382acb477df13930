// How filters are named in `smtpdMilters`, as Postfix's smtpd_milters has them: `inet:host:port` or `unix:path`, with parameters of its own
// in braces: `{ inet:localhost:8891, connect_timeout=10s, default_action=accept }`.

import { duration } from './kinds.ts'
import { ListFault, splitList } from './restrictions/split-list.ts'
import { parseHostAndPort, parseSocketPath, type ServiceAddress } from './service-address.ts'
import type { Kind } from './setting.ts'

export const milterDefaultActions = [
  'tempfail',
  'reject',
  'accept',
  'quarantine',
  'shutdown',
] as const
export type MilterDefaultAction = (typeof milterDefaultActions)[number]

export const milterProtocols = ['2', '3', '4', '6'] as const
export type MilterProtocol = (typeof milterProtocols)[number]

/** One filter, and what differs from what all have. */
export type MilterEntry = {
  /** As it stands there. */
  readonly name: string
  readonly address: ServiceAddress
  readonly connectTimeoutMs?: number
  readonly commandTimeoutMs?: number
  readonly contentTimeoutMs?: number
  readonly defaultAction?: MilterDefaultAction
  readonly protocol?: MilterProtocol
}

export const MILTERS_MAX = 20
export const milterTime = duration({ min: 1, max: 3_600_000 })

export const milters: Kind<readonly MilterEntry[]> = {
  name: 'milters',
  allowed:
    'milters as inet:host:port or unix:/path, separated by commas or spaces, each alone or as { inet:host:port, connect_timeout=30s, command_timeout=30s, content_timeout=300s, default_action=tempfail, protocol=6 }; or nothing',
  list: true,
  parse(text) {
    const entries = trySplitList(text)?.map(parseEntry)
    const sound = entries !== undefined && entries.length <= MILTERS_MAX
    return sound && entries.every((entry) => entry !== undefined) ? entries : undefined
  },
  format: (value) => value.map(formatEntry).join(', '),
}

const MACROS_MAX = 100
const MACRO_NAME = /^(?:[A-Za-z_]|\{[A-Za-z_][A-Za-z0-9_]{0,60}\})$/

export const milterMacros: Kind<readonly string[]> = {
  name: 'macros',
  allowed: 'names of Sendmail macros such as i or {auth_type}, separated by spaces, or nothing',
  list: true,
  parse(text) {
    const names = text.split(/[\s,]+/).filter((name) => name !== '')
    const sound = names.length <= MACROS_MAX && names.every((name) => MACRO_NAME.test(name))
    return sound ? names : undefined
  },
  format: (value) => value.join(' '),
}

function trySplitList(text: string): readonly string[] | undefined {
  try {
    return splitList(text)
  } catch (error) {
    if (error instanceof ListFault) return undefined
    throw error
  }
}

function parseEntry(text: string): MilterEntry | undefined {
  const words = text.replace(/^\{|\}$/g, '').split(/[\s,]+/)
  const [name = '', ...parameters] = words.filter((word) => word !== '')
  const address = parseAddress(name)
  if (address === undefined) return undefined
  let entry: MilterEntry = { name, address }
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=', 2)
    const change = parameterOf(key, value)
    if (change === undefined) return undefined
    entry = { ...entry, ...change }
  }
  return entry
}

function parameterOf(key: string, value: string): Partial<MilterEntry> | undefined {
  const ms = milterTime.parse(value)
  switch (key) {
    case 'connect_timeout':
      return ms === undefined ? undefined : { connectTimeoutMs: ms }
    case 'command_timeout':
      return ms === undefined ? undefined : { commandTimeoutMs: ms }
    case 'content_timeout':
      return ms === undefined ? undefined : { contentTimeoutMs: ms }
    case 'default_action': {
      const defaultAction = milterDefaultActions.find((one) => one === value)
      return defaultAction && { defaultAction }
    }
    case 'protocol': {
      const protocol = milterProtocols.find((one) => one === value)
      return protocol && { protocol }
    }
    default:
      return undefined
  }
}

function parseAddress(text: string): ServiceAddress | undefined {
  const [, path] = /^(?:unix|local):(.*)$/s.exec(text) ?? []
  if (path !== undefined) return parseSocketPath(path)
  return text.startsWith('inet:') ? parseHostAndPort(text.slice('inet:'.length)) : undefined
}

function formatEntry(entry: MilterEntry): string {
  const { name, connectTimeoutMs, commandTimeoutMs, contentTimeoutMs } = entry
  const parameters = [
    ['connect_timeout', connectTimeoutMs],
    ['command_timeout', commandTimeoutMs],
    ['content_timeout', contentTimeoutMs],
    ['default_action', entry.defaultAction],
    ['protocol', entry.protocol],
  ] as const
  const written = parameters.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key}=${typeof value === 'number' ? milterTime.format(value) : value}`],
  )
  return written.length === 0 ? name : `{ ${[name, ...written].join(', ')} }`
}
