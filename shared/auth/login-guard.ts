// Slows guessing down, whatever the mechanism: who failed too often waits and is not looked at, and every refusal takes the same
// time.
//
// Failures count for the pair of account and network first: whoever guesses locks out himself and nobody else. Wider counters
// hold back only networks in which the account has never logged in: one for the network (guesses at many accounts), for IPv6 one for
// the /48 around it (guesses from 65,536 networks of one hand), one for the account (guesses from many networks). Where an account has logged in before, it is let in whatever others do, from there too.
//
// Deliberately: somebody in the same network as a user can learn that the user logs in from there, by being held back with all
// names but this one. The alternative would be that he locks the user out.

import type { LoginThrottled } from '#shared/contracts/authenticate.ts'
import { type Address, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { IPV6_NETWORK_BITS, IPV6_SITE_BITS } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createNetworkMatcher, networkName, parseIpAddress } from '#shared/settings/networks.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Item, Table } from '#shared/storage/ports.ts'
import { createFailureCounters, type Subject } from './failure-counters.ts'
import { createHeldBack } from './held-back.ts'
import { createKnownNetworks } from './known-networks.ts'
import type { WorkOwner } from './work-limit.ts'

export type GuardSettings = Pick<
  Settings,
  | 'defaultDomain'
  | 'authFailureDelay'
  | 'authFailureLimit'
  | 'authFailureLimitPerAddress'
  | 'authFailureLimitPerAccount'
  | 'authFailureWindow'
  | 'authMinimalBackoffTime'
  | 'authMaximalBackoffTime'
  | 'authTrustedNetworks'
>

/** Who wants to log in, as failures are counted. */
export type Applicant = {
  /** One IPv4 address, or the IPv6 network of one customer, who has 2^64 addresses to try from. */
  readonly client: string
  /** Of an IPv6 address: who has it can have as many networks of clients as there are IPv4 addresses in a /16. */
  readonly site: string | undefined
  /** Undefined when the login is none; then only the client is held to account. */
  readonly address: Address | undefined
  /** From a network of `authTrustedNetworks`: not counted, never held back. */
  readonly trusted: boolean
}

/** How an applicant stands in this moment. */
export type Standing = {
  readonly throttled: LoginThrottled | undefined
  /** Whom a failure now counts for. */
  readonly subjects: readonly Subject[]
  /** Where this account has logged in, as it was read. */
  readonly networks: Item | undefined
  /** The account has logged in from there before, or the network is trusted. */
  readonly known: boolean
}

export interface LoginGuard {
  applicant(attempt: { readonly login: string; readonly remoteAddress: string }): Applicant
  /** One batch of reads, whoever it is. */
  look(applicant: Applicant): Promise<Standing>
  /**
   * For whom work is done. Who comes from where the account has logged in before does not wait behind those who guess at it from
   * elsewhere.
   */
  turn(applicant: Applicant, standing: Standing): WorkOwner
  /** Counts a failure. */
  fail(standing: Standing): Promise<void>
  /** Remembers where somebody logged in. Never rejects: the login is good without. */
  succeed(applicant: Applicant, standing: Standing): Promise<void>
  /** The same time for every reason of a refusal, so that it does not tell the reason. */
  slowly<T extends { readonly kind: string }>(decide: () => Promise<T>): Promise<T>
}

/** To a network's limit; a provider may make a site of many customers. */
const SITE_LIMIT_FACTOR = 16

const unhindered: Standing = {
  throttled: undefined,
  subjects: [],
  networks: undefined,
  known: false,
}

export function createLoginGuard(deps: {
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: GuardSettings
  readonly clock: Clock
  readonly log: Log
}): LoginGuard {
  const { settings, clock, log } = deps
  const defaultDomain = parseDomain(settings.defaultDomain)
  const isTrusted = createNetworkMatcher(settings.authTrustedNetworks)
  const known = createKnownNetworks(deps.counters, clock)
  const held = createHeldBack(deps)
  const counters = createFailureCounters(deps.counters, clock, {
    windowMs: settings.authFailureWindow,
    minimalMs: settings.authMinimalBackoffTime,
    maximalMs: settings.authMaximalBackoffTime,
  })

  async function look({ client, site, address, trusted }: Applicant): Promise<Standing> {
    if (trusted) return { ...unhindered, known: true }
    const limit = settings.authFailureLimitPerAddress
    const place = (name: string, limit: number) => ({ name, limit, network: networkOf(name) })
    const places = [place(client, limit)]
    if (site !== undefined) places.push(place(site, SITE_LIMIT_FACTOR * limit))
    if (address === undefined) {
      const items = await deps.counters.batchGet(places.map(counters.key), { consistent: true })
      return standing(places, items)
    }
    const name = accountName(address)
    const of = { account: heldName(address) }
    const pair = {
      ...{ name: `${name}#${client}`, limit: settings.authFailureLimit },
      ...{ ...of, network: networkOf(client) },
    }
    const account = { ...of, name, limit: settings.authFailureLimitPerAccount }
    const subjects = [pair, account, ...places]
    const [networks, ...items] = await deps.counters.batchGet(
      [known.key(name), ...subjects.map(counters.key)],
      { consistent: true },
    )
    // What fails at home is no sign of somebody who tries names or places.
    return known.isKnown(client, networks)
      ? { ...standing([pair], items), networks, known: true }
      : { ...standing(subjects, items), networks }
  }

  function standing(subjects: readonly Subject[], items: readonly (Item | undefined)[]): Standing {
    const waitMs = Math.max(...subjects.map((subject, i) => counters.waitMs(subject, items[i])))
    const throttled: LoginThrottled | undefined =
      waitMs <= 0 ? undefined : { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1_000) }
    return { ...unhindered, throttled, subjects }
  }

  return {
    applicant({ login, remoteAddress }) {
      const plain = remoteAddress.replace(/%.*/, '')
      return {
        ...placesOf(plain),
        address: parseAddress(login, defaultDomain),
        trusted: isTrusted(plain),
      }
    },
    look,
    turn({ client, address }, { known }) {
      const account = address === undefined ? '' : accountName(address)
      return { client, account: known ? `${account}#${client}` : account }
    },
    async fail({ subjects }) {
      const waiting = await counters.record(subjects)
      for (const { name } of waiting) log.warn({ subject: name }, 'too many failed logins')
      if (waiting.length === 0) return
      try {
        await held.note(waiting)
      } catch (error) {
        log.warn({ error }, 'who is held back could not be noted')
      }
    },
    async succeed({ client, address, trusted }, { networks }) {
      if (trusted || address === undefined) return
      try {
        await known.note(accountName(address), client, networks)
      } catch (error) {
        log.warn({ error }, 'the network of a login could not be noted')
      }
    },
    async slowly(decide) {
      const beganMs = clock.now()
      const result = await decide()
      const delayMs = settings.authFailureDelay
      if (result.kind !== 'refused' || delayMs === 0) return result
      // Work that takes longer than the delay is rounded up to the next one, so that its time tells little.
      const workedMs = clock.now() - beganMs
      const dueMs = Math.max(1, Math.ceil(workedMs / delayMs)) * delayMs
      if (dueMs > workedMs) await clock.sleep(dueMs - workedMs)
      return result
    },
  }
}

export const accountName = (address: Address): string => `account#${heldName(address)}`

/** What an account is called where it is held back. */
export const heldName = ({ local, domain }: Address): string => `${lookupKey(local)}@${domain}`

const PLACE = 'address#'
/** As entries of who is held back have it. */
export const networkOf = (place: string) => place.slice(PLACE.length)

/** What is counted for whoever comes from an address, or from a network in CIDR notation; undefined: it is neither. */
export function placesNamed(text: string): readonly string[] | undefined {
  const [plain = '', prefix, ...more] = text.split('/')
  const address = parseIpAddress(plain)
  if (address === undefined || more.length > 0) return undefined
  const { client, site } = placesOf(plain)
  const all = [client, ...(site === undefined ? [] : [site])]
  return prefix === undefined ? all : all.filter((one) => one.endsWith(`/${prefix}`))
}

function placesOf(remoteAddress: string): Pick<Applicant, 'client' | 'site'> {
  const address = parseIpAddress(remoteAddress)
  if (address === undefined) return { client: `${PLACE}unknown`, site: undefined }
  const name = (bits: number) => `${PLACE}${networkName(address, bits)}`
  if (address.family === 'ipv4') return { client: name(32), site: undefined }
  return { client: name(IPV6_NETWORK_BITS), site: name(IPV6_SITE_BITS) }
}
