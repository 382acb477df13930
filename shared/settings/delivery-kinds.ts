// The kinds of values that say how much of our mail a destination gets at a time, as Postfix's qmgr(8) knows them.

import { formatRoute, parseRoute } from '#shared/mail/route.ts'
import { duration, integer } from './kinds.ts'
import type { Kind } from './setting.ts'

/** By how much one delivery changes how many go to its destination at a time: `base`, divided by what `per` says of their number. */
export type Feedback = {
  readonly base: number
  readonly per: 'one' | 'concurrency' | 'sqrt_concurrency'
}

const FEEDBACK =
  /^(\d{1,6}(?:\.\d{1,20})?)\s*(?:\/\s*(?:(\d{1,7}(?:\.\d{1,20})?)|(concurrency|sqrt_concurrency)))?$/
/** Less is written with an exponent, which nobody reads. */
const FEEDBACK_MIN = 1e-6

/** postconf(5), default_destination_concurrency_positive_feedback. */
export const feedback: Kind<Feedback> = {
  name: 'feedback',
  allowed:
    'a number from 0 to 1, number/number, number/concurrency or number/sqrt_concurrency, such as 1, 1/5 or 1/concurrency',
  parse(text) {
    const [, first, divisor = '1', word] = FEEDBACK.exec(text.trim()) ?? []
    if (first === undefined) return undefined
    const base = Number(first) / Number(divisor)
    if (base !== 0 && !(base >= FEEDBACK_MIN && base <= 1)) return undefined
    const per = word === 'concurrency' || word === 'sqrt_concurrency' ? word : 'one'
    return { base, per }
  },
  format: ({ base, per }) => (per === 'one' ? formatFraction(base) : `${base}/${per}`),
}

/** 0.2 as 1/5, so that what was written as a fraction is read as the same number again. */
function formatFraction(base: number): string {
  const divisor = Math.round(1 / base)
  return base > 0 && divisor > 1 && 1 / divisor === base ? `1/${divisor}` : String(base)
}

/** What holds for one transport or one next hop instead of the defaults. */
export type TransportLimit = {
  /** `smtp`, `lmtp`, `ses`, or the route of a next hop as `formatRoute` writes it. */
  readonly of: string
  /** Deliveries to one destination at a time, 0 for no limit; Postfix's transport_destination_concurrency_limit. */
  readonly concurrency?: number
  /** As many at first; transport_initial_destination_concurrency. */
  readonly initial?: number
  /** Between the end of a delivery to a destination and the next; transport_destination_rate_delay. */
  readonly rateDelayMs?: number
  /** Deliveries by one transport to all destinations together, its maxproc in master.cf(5). */
  readonly processes?: number
}

const ENTRIES_MAX = 1_000
export const CONCURRENCY_MAX = 10_000
export const RATE_DELAY_MS_MAX = 24 * 3_600_000

const concurrency = integer({ min: 0, max: CONCURRENCY_MAX })
const atLeastOne = integer({ min: 1, max: CONCURRENCY_MAX })
const rateDelay = duration({ min: 0, max: RATE_DELAY_MS_MAX })
const transports: readonly string[] = ['smtp', 'lmtp', 'ses']

/** `ses concurrency=14, [relay.example]:587 concurrency=2 rateDelay=1s` */
export const transportLimits: Kind<readonly TransportLimit[]> = {
  name: 'transport limits',
  allowed:
    'entries separated by commas, each a transport (smtp, lmtp, ses) or a next hop as a route has it ([relay.example]:587, example.net, lmtp:[host]:24), and behind it one or more of concurrency=N (0: no limit), initial=N, rateDelay=TIME, and processes=N, which a transport alone has',
  list: true,
  parse(text) {
    const entries = text.split(',').filter((entry) => entry.trim() !== '')
    if (entries.length > ENTRIES_MAX) return undefined
    const limits: TransportLimit[] = []
    for (const entry of entries) {
      const limit = parseLimit(entry)
      if (limit === undefined) return undefined
      limits.push(limit)
    }
    const isTwice = new Set(limits.map((limit) => limit.of)).size < limits.length
    return isTwice ? undefined : limits
  },
  format: (value) => value.map(formatLimit).join(', '),
}

function parseLimit(entry: string): TransportLimit | undefined {
  const [name = '', ...facts] = entry.trim().split(/\s+/)
  const of = parseName(name)
  if (of === undefined || facts.length === 0) return undefined
  const limit: { -readonly [name in keyof TransportLimit]: TransportLimit[name] } = { of }
  for (const fact of facts) {
    const at = fact.indexOf('=')
    const value = fact.slice(at + 1)
    const parsed = parseFact(fact.slice(0, Math.max(0, at)), value, of)
    if (parsed === undefined) return undefined
    const [key, number] = parsed
    if (limit[key] !== undefined) return undefined
    limit[key] = number
  }
  return limit
}

type Fact = readonly [name: Exclude<keyof TransportLimit, 'of'>, value: number]

function parseFact(name: string, value: string, of: string): Fact | undefined {
  const named = (key: Fact[0], number: number | undefined) =>
    number === undefined ? undefined : ([key, number] as const)
  switch (name) {
    case 'concurrency':
      return named('concurrency', concurrency.parse(value))
    case 'initial':
      return named('initial', atLeastOne.parse(value))
    case 'rateDelay':
      return named('rateDelayMs', rateDelay.parse(value))
    case 'processes':
      return transports.includes(of) ? named('processes', atLeastOne.parse(value)) : undefined
    default:
      return undefined
  }
}

function parseName(name: string): string | undefined {
  if (transports.includes(name)) return name
  const route = parseRoute(name)
  if (typeof route === 'string') return undefined
  return route.kind === 'smtp' || route.kind === 'lmtp' || route.kind === 'ses'
    ? formatRoute(route)
    : undefined
}

function formatLimit({ of, concurrency: limit, initial, rateDelayMs, processes }: TransportLimit) {
  return [
    of,
    ...(limit === undefined ? [] : [`concurrency=${limit}`]),
    ...(initial === undefined ? [] : [`initial=${initial}`]),
    ...(rateDelayMs === undefined ? [] : [`rateDelay=${rateDelay.format(rateDelayMs)}`]),
    ...(processes === undefined ? [] : [`processes=${processes}`]),
  ].join(' ')
}
