// What an alias does to mail that was perhaps not meant: said after it was made or changed.

import type { Core } from '#services/assembly/core.ts'
import { postmasterWarnings } from '#shared/administration/postmaster.ts'
import { routeOf } from '#shared/administration/routes.ts'
import type { Alias } from '#shared/directory/aliases.ts'
import type { AliasName } from '#shared/directory/records.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'

/** Undefined for a catch-all, which is no address. */
export const ownAddress = ({ local, domain }: AliasName): Address | undefined =>
  local === null ? undefined : { local, domain }

export function aliasText(name: AliasName): string {
  const address = ownAddress(name)
  return address === undefined ? `@${name.domain}` : formatAddress(address)
}

export async function aliasWarnings({ name, targets }: Alias, core: Core): Promise<string[]> {
  const address = ownAddress(name)
  const route = await routeOf(core, address === undefined ? targets : [address])
  const account = address && (await core.directory.accounts.get(address))
  const own = account && formatAddress(account.address)
  return [
    ...(own === undefined || route.accounts.includes(own)
      ? []
      : [
          `${own} is an account too, which gets no mail now; name it among the targets to keep a copy there`,
        ]),
    ...route.nowhere.map((end) => `mail to ${aliasText(name)} fails: ${end}`),
  ]
}

const NAMES_SHOWN_MAX = 5

/** After an address went: mail to these fails now. */
export async function leftBehind(gone: Address, core: Core): Promise<string[]> {
  return [...(await postmasterWarnings(gone.domain, core)), ...(await leadingThere(gone, core))]
}

async function leadingThere(gone: Address, core: Core): Promise<string[]> {
  const isGone = ({ local, domain }: Address) =>
    domain === gone.domain && lookupKey(local) === lookupKey(gone.local)
  const { kind } = await core.directory.resolve(gone)
  // Another takes its mail: the catch-all, or an alias that it was as well.
  if (kind !== 'unknown') return []
  const names: string[] = []
  for await (const { name, targets } of core.directory.aliases.list()) {
    if (targets.some(isGone)) names.push(aliasText(name))
  }
  if (names.length === 0) return []
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(' ')
  const more = names.length - NAMES_SHOWN_MAX
  return [
    `aliases still lead to ${formatAddress(gone)}: ${shown}${more > 0 ? ` and ${more} more` : ''}`,
  ]
}
