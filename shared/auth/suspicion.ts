// Whether an account behaves as if its password were stolen: it writes to many domains that it never wrote to, many other servers
// refuse its mail for good, it logs in from many countries. Then it is logged, or frozen, as `compromisedAccountAction` says. What
// cannot be counted is not held against anybody.
//
// Items: SENT#<account id> / to#<domain>, a domain that was written to; ttl. AUTH#countries#<account id> / countries: `at<CC>`, when it
// last logged in from there; ttl.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import { type Rate, usedOf } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import { bucketKey } from '#shared/rates/shared-buckets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Settings } from '#shared/settings/table.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'

/** Who logged in, as it stands in an Origin. */
export type Suspect = { readonly id: string; readonly login: string }

/** What is noted does not reject. */
export interface Suspicion {
  /** A message is about to be taken for these recipients; true where the account is frozen because of it. */
  noteRecipients(suspect: Suspect, addresses: readonly string[]): Promise<boolean>
  /** So many recipients were refused for good by other servers. */
  noteBounces(suspect: Suspect, recipients: number): Promise<void>
  /** It has logged in from this country (ISO 3166-1, two letters). */
  noteCountry(suspect: Suspect, country: string): Promise<void>
  /** What is held against it so far. */
  read(id: AccountId): Promise<SuspicionFacts>
  /** Begins anew with an account that is to send again; which domains it writes to stays known. Rejects where that is not possible. */
  forget(id: AccountId): Promise<void>
}

/** `used` of `limit` within the window; a limit of 0 is none. */
export type SuspicionCount = { readonly used: number; readonly limit: number }

export type SuspicionFacts = {
  readonly action: Settings['compromisedAccountAction']
  readonly windowMs: number
  /** Domains that it had not written to before. */
  readonly newDestinations: SuspicionCount
  /** Recipients that other servers refused for good. */
  readonly bounces: SuspicionCount
  /** Of logins, by the time of the last. */
  readonly countries: SuspicionCount & {
    readonly seen: readonly { readonly country: string; readonly lastMs: number }[]
  }
}

export type SuspicionSettings = Pick<
  Settings,
  | 'compromisedAccountAction'
  | 'accountNewDestinationLimit'
  | 'accountBounceLimit'
  | 'accountCountryLimit'
  | 'accountSuspicionWindow'
>

const DAY_MS = 86_400_000
/** How long a domain that was written to is known; noted anew when half of it is over. */
export const DESTINATION_KNOWN_DAYS = 180
/** Domains of an account that this process knows to be known, and countries. */
const REMEMBERED_MAX = 20_000
/** A country is noted again after this part of the window. */
const COUNTRY_NOTES_PER_WINDOW = 10

export function createSuspicion(deps: {
  readonly accounts: Pick<Accounts, 'freeze'>
  /** The `counters` table. */
  readonly counters: Table
  readonly rates: Pick<Rates, 'takeShared'>
  readonly settings: SuspicionSettings
  readonly clock: Clock
  readonly log: Log
}): Suspicion {
  const { accounts, counters, rates, settings, clock, log } = deps
  const { compromisedAccountAction: action, accountSuspicionWindow: windowMs } = settings
  const destinations = rate('account-new-destinations', settings.accountNewDestinationLimit)
  const bounces = rate('account-bounces', settings.accountBounceLimit)
  const known = new Recent(DAY_MS, clock)
  const noted = new Recent(windowMs / COUNTRY_NOTES_PER_WINDOW, clock)
  const told = new Recent(windowMs, clock)

  function rate(name: string, capacity: number): Rate {
    return { name, capacity, perMs: windowMs }
  }

  /** True where it is frozen now. */
  async function suspect({ id, login }: Suspect, reason: string): Promise<boolean> {
    const accountId = parseAccountId(id)
    if (accountId === undefined) return false
    if (action === 'freeze') {
      const isNew = await accounts.freeze(accountId, reason)
      if (isNew) log.error({ accountId, account: login, reason }, 'account frozen')
      return true
    }
    if (!told.has(`${id} ${reason}`)) {
      log.error({ accountId, account: login, reason }, 'account may be compromised')
    }
    told.add(`${id} ${reason}`)
    return false
  }

  async function quietly<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    if (action === 'ignore') return otherwise
    try {
      return await work()
    } catch (error) {
      log.warn({ error }, 'what an account does could not be counted')
      return otherwise
    }
  }

  /** Notes it, and says whether it is new. */
  async function isNewDestination(id: string, domain: string): Promise<boolean> {
    const nowSeconds = Math.floor(clock.now() / 1_000)
    const ttl = nowSeconds + DESTINATION_KNOWN_DAYS * (DAY_MS / 1_000)
    const update = { pk: `SENT#${id}`, sk: `to#${domain}` }
    try {
      await counters.write({
        update,
        changes: { set: { ttl } },
        if: { any: [{ absent: 'ttl' }, { attribute: 'ttl', is: '<', value: nowSeconds }] },
      })
      return true
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      const left = Number(error.failed[0]?.item?.ttl ?? ttl) - nowSeconds
      if (left * 2 < ttl - nowSeconds) await counters.write({ update, changes: { set: { ttl } } })
      return false
    }
  }

  return {
    noteRecipients: (who, addresses) =>
      quietly(async () => {
        if (destinations.capacity === 0) return false
        const domains = new Set(addresses.map(domainOf))
        let fresh = 0
        for (const domain of domains) {
          if (domain === '' || known.has(`${who.id} ${domain}`)) continue
          if (await isNewDestination(who.id, domain)) fresh++
          known.add(`${who.id} ${domain}`)
          // More than that changes nothing.
          if (fresh > destinations.capacity) break
        }
        if (fresh === 0 || (await rates.takeShared(destinations, who.id, fresh))) return false
        return suspect(who, `more than ${destinations.capacity} new destinations`)
      }, false),

    noteBounces: (who, recipients) =>
      quietly(async () => {
        if (bounces.capacity === 0 || recipients === 0) return
        if (await rates.takeShared(bounces, who.id, recipients)) return
        await suspect(who, `more than ${bounces.capacity} recipients refused`)
      }, undefined),

    noteCountry: (who, country) =>
      quietly(async () => {
        const limit = settings.accountCountryLimit
        if (limit === 0 || noted.has(`${who.id} ${country}`)) return
        noted.add(`${who.id} ${country}`)
        const nowMs = clock.now()
        const item = await counters.write({
          update: countriesKey(who.id),
          changes: {
            set: { [`at${country}`]: nowMs, ttl: Math.ceil((nowMs + 2 * windowMs) / 1_000) },
          },
        })
        const countries = countriesSince(item, nowMs - windowMs)
        if (countries.length <= limit) return
        await suspect(who, `logins from more than ${limit} countries: ${countries.join(', ')}`)
      }, undefined),

    async read(id) {
      const keys = [bucketKey(destinations, id), bucketKey(bounces, id), countriesKey(id)]
      const [sent, refused, logins] = await counters.batchGet(keys)
      const count = (bucket: Rate, item: Item | undefined) => ({
        used: usedOf(bucket, Number(item?.fullAtUs ?? 0), clock.now()),
        limit: bucket.capacity,
      })
      const seen = countriesSince(logins, clock.now() - windowMs).map((country) => ({
        country,
        lastMs: Number(logins?.[`at${country}`]),
      }))
      return {
        action,
        windowMs,
        newDestinations: count(destinations, sent),
        bounces: count(bounces, refused),
        countries: { used: seen.length, limit: settings.accountCountryLimit, seen },
      }
    },

    forget: (id) =>
      counters.batchWrite(
        [bucketKey(destinations, id), bucketKey(bounces, id), countriesKey(id)].map((key) => ({
          delete: key,
        })),
      ),
  }
}

const countriesKey = (id: string) => ({ pk: `AUTH#countries#${id}`, sk: 'countries' })

function countriesSince(item: Item | undefined, sinceMs: number): readonly string[] {
  return Object.entries(item ?? {})
    .filter(([name, value]) => /^at[A-Z]{2}$/.test(name) && Number(value) > sinceMs)
    .map(([name]) => name.slice(2))
    .sort()
}

/** In lower case; cut, as it becomes part of a key. '' where there is none. */
function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at === -1
    ? ''
    : address
        .slice(at + 1)
        .toLowerCase()
        .slice(0, 255)
}

/** Names that were noted a short time ago, so many of them. */
class Recent {
  readonly #forMs: number
  readonly #clock: Clock
  readonly #untilMs = new Map<string, number>()

  constructor(forMs: number, clock: Clock) {
    this.#forMs = forMs
    this.#clock = clock
  }

  has(name: string): boolean {
    return (this.#untilMs.get(name) ?? 0) > this.#clock.now()
  }

  add(name: string): void {
    this.#untilMs.delete(name)
    this.#untilMs.set(name, this.#clock.now() + this.#forMs)
    takeOldest(this.#untilMs, REMEMBERED_MAX)
  }
}
