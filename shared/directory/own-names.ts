// Addresses that are ours without standing in the directory: users under the names of this host (Postfix's mydestination), and those
// whom every mail domain must have, postmaster (RFC 5321 §4.5.1) and, by setting, abuse and others of RFC 2142.

import { type Address, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { homeDomain } from '#shared/settings/own-domains.ts'
import type { AddressRecord } from './records.ts'

export type OwnNameSettings = {
  readonly hostname: string
  readonly defaultDomain: string
  readonly mydestination: readonly string[]
  /** '' for none. */
  readonly postmasterAddress: string
  readonly postmasterAliases: readonly string[]
}

export type OwnNames = {
  /** Whose users are looked up in the home domain. */
  readonly hosts: ReadonlySet<Domain>
  readonly home: Domain | undefined
  readonly postmaster: Address | undefined
  /** Local parts that lead to postmaster where nobody has them, postmaster among them. */
  readonly roles: ReadonlySet<string>
}

const POSTMASTER = 'postmaster'

export function ownNames(settings: OwnNameSettings): OwnNames {
  const home = parseDomain(homeDomain(settings))
  const hosts = [settings.hostname, `localhost.${home}`, ...settings.mydestination]
  return {
    hosts: new Set(hosts.flatMap((name) => parseDomain(name) ?? [])),
    home,
    postmaster: parseAddress(settings.postmasterAddress),
    roles: new Set([POSTMASTER, ...settings.postmasterAliases.map(lookupKey)]),
  }
}

/** The alias that such an address is; undefined where there is nobody. */
export function roleEntry(
  { local, domain }: Address,
  whom: {
    readonly names: OwnNames
    /** The home domain is in the directory. */
    readonly homeIsOurs: boolean
    readonly firstAccount: Address | undefined
  },
): AddressRecord | undefined {
  const { postmaster, home } = whom.names
  const name = { local: lookupKey(local), domain }
  const next = () => {
    if (name.local !== POSTMASTER) return { local: POSTMASTER, domain }
    if (postmaster !== undefined) return postmaster
    const isHome = domain === home || !whom.homeIsOurs
    return isHome || home === undefined ? whom.firstAccount : { local: POSTMASTER, domain: home }
  }
  const target = next()
  return target && { name, account: null, targets: [target] }
}
