// Where mail for a domain goes: to a mailbox here, on to the mail host of a domain that we take mail for (`relayDomains`), or to anybody
// else's, which is only for whoever may relay.

import { addressKeys, domainKeys, isSenderRouted } from '#shared/directory/access-questions.ts'
import type { AccessTables } from '#shared/directory/access-tables.ts'
import type { Directory, Recipient } from '#shared/directory/directory.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { TableList } from '#shared/settings/restrictions/table-kinds.ts'
import { anyHas } from './access/membership.ts'

export type Destination = 'local' | 'relay' | 'remote'

export interface Destinations {
  destinationOf(domain: Domain): Promise<Destination>
  /** The same where the directory was asked already. Remote where the sender says the way: it does not end where it seems to. */
  destinationOfRecipient(recipient: {
    readonly address: Address
    readonly found: Recipient
  }): Promise<Destination>
  /** Whether an address in one of `relayDomains` is there, as far as we were told. */
  isRelayRecipient(address: Address): Promise<boolean>
}

export type DestinationDeps = {
  readonly directory: Pick<Directory, 'resolve'>
  readonly accessTables: AccessTables
  readonly settings: {
    readonly relayDomains: TableList
    readonly relayRecipientMaps: TableList
    readonly recipientDelimiter: string
  }
}

export function createDestinations(deps: DestinationDeps): Destinations {
  const { directory, accessTables, settings } = deps
  const { relayDomains, relayRecipientMaps, recipientDelimiter } = settings

  async function elsewhere(domain: Domain): Promise<Destination> {
    const isRelay = await anyHas(accessTables, relayDomains, domainKeys(domain))
    return isRelay ? 'relay' : 'remote'
  }

  return {
    async destinationOf(domain) {
      // Whoever it is, only the domain counts.
      const { kind } = await directory.resolve({ local: 'postmaster', domain })
      return kind === 'remote' ? elsewhere(domain) : 'local'
    },

    async destinationOfRecipient({ address: { local, domain }, found }) {
      const isSomebody =
        found.kind === 'account' ||
        found.kind === 'disabled' ||
        // What it stands for may have such characters; it is signed by us.
        (found.kind === 'alias' && found.isBounceAddress === true)
      if (isSenderRouted(local) && !isSomebody) return 'remote'
      return found.kind === 'remote' ? elsewhere(domain) : 'local'
    },

    async isRelayRecipient(address) {
      if (relayRecipientMaps.length === 0) return true
      return anyHas(accessTables, relayRecipientMaps, relayKeys(address, recipientDelimiter))
    },
  }
}

/** As Postfix looks for them: the address, without its extension, anybody of its domain. */
function relayKeys(address: Address, recipientDelimiter: string): readonly string[] {
  const { domain } = address
  const addresses = addressKeys(formatAddress(address), recipientDelimiter)
  return [...addresses.filter((key) => key.endsWith(`@${domain}`)), `@${domain}`]
}
