// What was done as it was asked for, and perhaps is not what was meant: found after a change, told beside its result.

import { formatAccessKey } from '#shared/directory/access-key.ts'
import type { AccessEntry } from '#shared/directory/access-records.ts'
import type { Alias } from '#shared/directory/aliases.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { isBareCode } from '#shared/settings/restrictions/result-fault.ts'
import { addressOfAlias, formatAliasName } from './fields.ts'
import { findPostmaster } from './postmaster.ts'
import { type DeadEnd, findRoute } from './routes.ts'

export type Warning =
  /** Mail to postmaster of this domain is refused (RFC 5321 §4.5.1). */
  | { readonly kind: 'no-postmaster'; readonly domain: Domain }
  /** A new account whose address is an alias: its mail goes where that leads. */
  | { readonly kind: 'alias-comes-first'; readonly address: string }
  /** A new alias whose address is an account that is not among its targets. */
  | { readonly kind: 'account-gets-nothing'; readonly address: string }
  | { readonly kind: 'mail-fails'; readonly alias: string; readonly end: DeadEnd }
  /** `aliases`: the first of `count`. */
  | {
      readonly kind: 'still-led-to'
      readonly address: string
      readonly aliases: readonly string[]
      readonly count: number
    }
  /** Of what was released as no spam: no access table is set for it (`quarantineAllowTable`). */
  | { readonly kind: 'no-allow-table'; readonly sender: string }
  /** The one that is set takes no such sender. */
  | { readonly kind: 'sender-not-allowed'; readonly sender: string; readonly table: string }
  /** An entry of an access table: a number without a text is OK. */
  | { readonly kind: 'code-permits'; readonly key: string; readonly result: string }
  /** Of an import: the network was never asked for behind the one it is in, and is asked for first now. */
  | { readonly kind: 'network-order'; readonly key: string; readonly within: string }

export function warnOfAccessEntry({ key, result }: AccessEntry): readonly Warning[] {
  return isBareCode(result) ? [{ kind: 'code-permits', key: formatAccessKey(key), result }] : []
}

export async function warnOfAlias(
  directory: Directory,
  { name, targets }: Alias,
): Promise<readonly Warning[]> {
  const address = addressOfAlias(name)
  const route = await findRoute(directory, address === undefined ? targets : [address])
  const account = address && (await directory.accounts.get(address))
  const own = account && formatAddress(account.address)
  return [
    ...(own === undefined || route.accounts.includes(own)
      ? []
      : [{ kind: 'account-gets-nothing', address: own } as const]),
    ...route.nowhere.map(
      (end) => ({ kind: 'mail-fails', alias: formatAliasName(name), end }) as const,
    ),
  ]
}

/** After an account was disabled or an address went. */
export async function warnOfPostmaster(
  directory: Directory,
  domain: Domain,
): Promise<readonly Warning[]> {
  const { kind } = await findPostmaster(directory, domain)
  return kind === 'nobody' ? [{ kind: 'no-postmaster', domain }] : []
}

/** After an address went. */
export async function warnOfGone(directory: Directory, gone: Address): Promise<readonly Warning[]> {
  return [
    ...(await warnOfPostmaster(directory, gone.domain)),
    ...(await warnOfAliasesTo(directory, gone)),
  ]
}

const NAMES_TOLD_MAX = 5

async function warnOfAliasesTo(directory: Directory, gone: Address): Promise<readonly Warning[]> {
  const isGone = ({ local, domain }: Address) =>
    domain === gone.domain && lookupKey(local) === lookupKey(gone.local)
  // Another may take its mail: the catch-all, or an alias that it was as well.
  if ((await directory.resolve(gone)).kind !== 'unknown') return []
  const aliases: string[] = []
  let count = 0
  for await (const { name, targets } of directory.aliases.list()) {
    if (!targets.some(isGone)) continue
    count++
    if (aliases.length < NAMES_TOLD_MAX) aliases.push(formatAliasName(name))
  }
  if (count === 0) return []
  return [{ kind: 'still-led-to', address: formatAddress(gone), aliases, count }]
}
