// Names of accounts for listeners, from the directory.

import type { People, Person } from '#shared/contracts/people.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Accounts } from './accounts.ts'
import type { AccountRecord } from './records.ts'

/** Accounts read at a time. */
const READS_AT_ONCE = 16

export function createPeople(
  accounts: Pick<Accounts, 'get' | 'byId'>,
  settings: { readonly defaultDomain: string },
): People {
  const defaultDomain = parseDomain(settings.defaultDomain)
  return {
    async find(login) {
      const address = parseAddress(login, defaultDomain)
      const account = address && (await accounts.get(address))
      return account && personOf(account)
    },
    async byIds(ids) {
      const found = new Map<AccountRecord['id'], Person>()
      await concurrently([...new Set(ids)], READS_AT_ONCE, async (id) => {
        const account = await accounts.byId(id)
        if (account !== undefined) found.set(id, personOf(account))
      })
      return found
    },
  }
}

const personOf = ({ id, address, shared }: AccountRecord): Person => ({
  id,
  address: formatAddress(address),
  shared,
})
