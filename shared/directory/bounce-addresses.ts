// Addresses of ours that stand for somebody else's (shared/mail/srs.ts): the envelope sender of mail that is forwarded, and the address that
// its bounces come back to. To the directory such an address is an alias with one target, as long as it is one that we have made.

import { type Address, formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { looksLikeSrs, type Unwrapped, unwrapSender, wrapSender } from '#shared/mail/srs.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import { domainKeys } from './access-questions.ts'
import { lookUpMaps, type Maps } from './maps.ts'
import type { SrsSecrets } from './srs-secrets.ts'

export interface BounceAddresses {
  /** Whether it may be one; the directory has nobody else of that name who is asked first. */
  isOne(address: Address): boolean
  /** Undefined where none was ever made: then it is an address as any. */
  unwrap(address: Address): Promise<Unwrapped | undefined>
  /** The sender that forwarded mail leaves with; as it is where it is not to be rewritten, or cannot be. Not of domains of ours. */
  wrap(sender: string): Promise<string>
}

export type BounceAddressOptions = {
  readonly srs: boolean
  readonly domain: Domain | undefined
  readonly srsHashLength: number
  readonly srsExcludeDomains: readonly TableRef[]
}

export function createBounceAddresses(deps: {
  readonly secrets: SrsSecrets
  readonly maps: Maps
  readonly options: BounceAddressOptions
  readonly clock: Pick<Clock, 'now'>
}): BounceAddresses {
  const { secrets, maps, clock } = deps
  const { srs, domain, srsHashLength: hashLength, srsExcludeDomains } = deps.options

  const isOne = (address: Address) => address.domain === domain && looksLikeSrs(address.local)

  return {
    isOne,

    async unwrap({ local }) {
      const known = await secrets.forVerifying()
      const found = unwrapSender(local, { secrets: known, hashLength }, clock.now())
      if (known.length > 0 && found.kind !== 'forged') return found
      // Another process may have made another secret a moment ago.
      const newer = await secrets.newer()
      if (newer === undefined) return known.length > 0 ? found : undefined
      if (newer.length === 0) return undefined
      return unwrapSender(local, { secrets: newer, hashLength }, clock.now())
    },

    async wrap(text) {
      const sender = parseAddress(text)
      if (!srs || domain === undefined || sender === undefined) return text
      if (sender.domain === domain) return text
      const keys = domainKeys(sender.domain)
      if ((await lookUpMaps(maps, srsExcludeDomains, keys)) !== undefined) return text
      const signing = await secrets.forSigning()
      const wrapped = wrapSender(sender, { domain, secrets: signing, hashLength }, clock.now())
      return wrapped === undefined ? text : formatAddress(wrapped)
    },
  }
}

/** As an entry of the directory is named. */
export const nameOfBounceAddress = ({ local, domain }: Address) => ({
  local: lookupKey(local),
  domain,
})
