// Where mail to an address goes: for `alias show`, and for warnings after a change that leads it nowhere.

import type { Core } from '#services/assembly/core.ts'
import type { Expansion, FailedRecipient } from '#shared/directory/expansion.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'

export type Route = {
  readonly accounts: readonly string[]
  readonly elsewhere: readonly string[]
  /** Each with its reason. */
  readonly nowhere: readonly string[]
}

const reasons = {
  unknown: 'no such address here',
  loop: 'its aliases lead back to themselves',
  'too-many': 'too many addresses',
  disabled: 'the account is disabled',
  'message-limit': 'too many addresses for one message',
} as const satisfies Record<FailedRecipient['reason'], string>

export async function routeOf(core: Core, addresses: readonly Address[]): Promise<Route> {
  const { local, remote, failed }: Expansion = await core.directory.expand(addresses)
  return {
    accounts: local.map(({ address }) => formatAddress(address)),
    elsewhere: remote.map(({ address }) => formatAddress(address)),
    nowhere: failed.map(({ address, reason }) => `${formatAddress(address)} (${reasons[reason]})`),
  }
}

export const routeLines = ({ accounts, elsewhere, nowhere }: Route): string[] => [
  `accounts   ${accounts.join(' ') || 'none'}`,
  `elsewhere  ${elsewhere.join(' ') || 'none'}`,
  ...(nowhere.length > 0 ? [`nowhere    ${nowhere.join(', ')}`] : []),
]
