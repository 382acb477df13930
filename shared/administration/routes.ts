// Where mail to an address goes in the end: accounts here, addresses elsewhere, and what leads nowhere.

import type { Directory } from '#shared/directory/directory.ts'
import type { FailedRecipient } from '#shared/directory/expansion.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'

export type DeadEnd = { readonly address: string; readonly reason: FailedRecipient['reason'] }

export type Route = {
  readonly accounts: readonly string[]
  readonly elsewhere: readonly string[]
  readonly nowhere: readonly DeadEnd[]
}

export async function findRoute(
  directory: Pick<Directory, 'expand'>,
  addresses: readonly Address[],
): Promise<Route> {
  const { local, remote, failed } = await directory.expand(addresses)
  return {
    accounts: local.map(({ address }) => formatAddress(address)),
    elsewhere: remote.map(({ address }) => formatAddress(address)),
    nowhere: failed.map(({ address, reason }) => ({ address: formatAddress(address), reason })),
  }
}
