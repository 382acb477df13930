// The directory: domains against their addresses, addresses against their accounts.

import {
  accountKey,
  addressKey,
  canonical,
  type DomainRecord,
  domainKey,
  domainsPk,
  readAccount,
  readAddress,
  readDomain,
} from '#shared/directory/records.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { CheckFinding } from './finding.ts'
import { type CheckDeps, itemsOf, nameOf } from './reading.ts'

type Counts = { accounts: number; aliases: number }

export async function* checkDirectory(deps: CheckDeps): AsyncGenerator<CheckFinding> {
  const domains = new Map<string, DomainRecord>()
  for await (const item of itemsOf(deps, 'directory', domainsPk)) {
    domains.set(item.sk, readDomain(item))
  }
  const counts = new Map<string, Counts>()
  for await (const item of itemsOf(deps, 'directory', 'D#')) {
    const { name, account, targets } = readAddress(item)
    const of = nameOf(item)
    const found = counts.get(name.domain) ?? { accounts: 0, aliases: 0 }
    counts.set(name.domain, found)
    if (account !== null) found.accounts++
    if (targets !== null) found.aliases++
    if (account === null) continue
    const profile = await deps.reading.get('directory', accountKey(account.id))
    if (profile === undefined) {
      yield { kind: 'address-without-account', of, found: `its account ${account.id} is not there` }
      continue
    }
    const { enabled, quotaBytes } = readAccount(profile)
    if (enabled === account.enabled && quotaBytes === account.quotaBytes) continue
    const key = { pk: item.pk, sk: item.sk }
    // The account is what an administrator sees.
    const mend = () =>
      deps.tables.directory.write({
        update: key,
        changes: { set: { enabled, quotaBytes } },
        if: { attribute: 'accountId', is: '=', value: account.id },
      })
    yield { kind: 'account-differs', of, found: 'says otherwise than its account', mend }
  }
  yield* checkCounts(deps, domains, counts)
  yield* checkProfiles(deps)
}

async function* checkCounts(
  { tables }: CheckDeps,
  domains: ReadonlyMap<string, DomainRecord>,
  counts: ReadonlyMap<string, Counts>,
): AsyncGenerator<CheckFinding> {
  for (const [domain, { accounts, aliases }] of counts) {
    if (domains.has(domain)) continue
    const found = `${accounts} accounts and ${aliases} aliases of no domain of ours`
    yield { kind: 'address-without-domain', of: domain, found }
  }
  for (const { domain, accounts, aliases } of domains.values()) {
    const counted = counts.get(domain) ?? { accounts: 0, aliases: 0 }
    if (counted.accounts === accounts && counted.aliases === aliases) continue
    const mend = () =>
      tables.directory.write({
        update: domainKey(domain),
        changes: { set: counted },
        if: {
          all: [
            { attribute: 'accounts', is: '=', value: accounts },
            { attribute: 'aliases', is: '=', value: aliases },
          ],
        },
      })
    const found = `says ${accounts} accounts and ${aliases} aliases, there are ${counted.accounts} and ${counted.aliases}`
    yield { kind: 'domain-counts', of: domain, found, mend }
  }
}

async function* checkProfiles(deps: CheckDeps): AsyncGenerator<CheckFinding> {
  for await (const item of itemsOf(deps, 'directory', 'ACC#')) {
    if (item.sk !== 'PROFILE') continue
    const { id, address } = readAccount(item)
    const parsed = parseAddress(formatAddress(address))
    const owner = parsed && (await deps.reading.get('directory', addressKey(canonical(parsed))))
    if (owner?.accountId === id) continue
    const found = `its address ${formatAddress(address)} does not lead to it`
    yield { kind: 'account-without-address', of: nameOf(item), found }
  }
}
