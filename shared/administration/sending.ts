// How much an account has sent of what it may, and what is held against it: so that somebody sees why its mail is refused, and lets it begin
// anew.

import type { SuspicionFacts } from '#shared/auth/suspicion.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { accountRates } from '#shared/rates/account-rates.ts'
import { usedOf } from '#shared/rates/rate.ts'
import { dayLimits, sentKey } from '#shared/rates/sent-by-day.ts'
import { bucketKey } from '#shared/rates/shared-buckets.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import type { BadValue, NoSuchAccount } from './refusals.ts'

export interface SendingAdministration {
  show(address: string): Promise<SendingShown | BadValue | NoSuchAccount>
  /** It begins anew: nothing was sent, nothing is suspected. What is frozen stays so. */
  forget(address: string): Promise<SendingForgotten | BadValue | NoSuchAccount>
}

/** A limit of 0 is none. */
export type SendingCount = {
  readonly what: string
  readonly used: number
  readonly limit: number
  readonly windowMs: number
}

export type SendingShown = {
  readonly kind: 'sending'
  readonly address: string
  /** Why it may not send at all; null: it may. */
  readonly frozen: string | null
  /** Since midnight in UTC. */
  readonly day: readonly SendingCount[]
  /** Within a short time, as far as listeners have told: by tenths of the limit. */
  readonly rates: readonly SendingCount[]
  readonly suspicion: SuspicionFacts
}

export type SendingForgotten = { readonly kind: 'sending-forgotten'; readonly address: string }

const DAY_MS = 86_400_000

export function createSendingAdministration(
  deps: Pick<
    AdministrationDeps,
    'counters' | 'directory' | 'suspicion' | 'clock' | 'settings' | 'record'
  >,
  fields: Fields,
): SendingAdministration {
  const { counters, directory, suspicion, clock, settings, record } = deps
  const rates = accountRates(settings)

  const keysOf = (id: AccountId, login: string) => ({
    day: sentKey(id, clock.now()),
    rates: rates.map((rate) => bucketKey(rate, login)),
  })

  return {
    async show(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address, frozen } = found.account
      const keys = keysOf(id, formatAddress(address))
      const [[day, ...buckets], held] = await Promise.all([
        counters.batchGet([keys.day, ...keys.rates]),
        suspicion.read(id),
      ])
      return {
        kind: 'sending',
        address: formatAddress(address),
        frozen: frozen?.reason ?? null,
        day: dayLimits(settings).map(({ name, max }) => ({
          what: name,
          used: Number(day?.[name] ?? 0),
          limit: max,
          windowMs: DAY_MS,
        })),
        rates: rates.map((rate, i) => ({
          what: rate.name.slice('account-'.length),
          used: usedOf(rate, Number(buckets[i]?.fullAtUs ?? 0), clock.now()),
          limit: rate.capacity,
          windowMs: rate.perMs,
        })),
        suspicion: held,
      }
    },

    async forget(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id } = found.account
      const address = formatAddress(found.account.address)
      const keys = keysOf(id, address)
      await Promise.all([
        counters.batchWrite([keys.day, ...keys.rates].map((key) => ({ delete: key }))),
        suspicion.forget(id),
      ])
      record({ what: 'sending', name: address, before: { counted: true }, after: null })
      return { kind: 'sending-forgotten', address }
    },
  }
}
