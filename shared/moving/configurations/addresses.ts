// Accounts and aliases of another system put together: which of its names are mailboxes, what leads where, and what of that can be said
// here. An alias on an account's own address becomes that account's forward; an alias of a whole domain becomes one of each address in it.

import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type Collector, noteLocked } from './collect.ts'
import type { Place, PlannedAccount } from './plan.ts'

export type AddressBook = {
  readonly domain: (name: string, from: Place) => void
  readonly hasDomain: (name: string) => boolean
  readonly account: (account: Omit<PlannedAccount, 'kind'>) => void
  readonly hasAccount: (address: string) => boolean
  /** `name`: an address or `@domain`. Targets are addresses, or `@domain` for the same user there. The first for a name counts. */
  readonly alias: (name: string, targets: readonly string[], from: Place) => void
  /** All that was told, into the plan. */
  readonly finish: () => void
}

type FoundAlias = { readonly targets: readonly string[]; readonly from: Place }

const domainIn = (name: string) => name.slice(name.lastIndexOf('@') + 1)

export function createAddressBook(collect: Collector): AddressBook {
  const domains = new Map<string, Place>()
  const accounts = new Map<string, Omit<PlannedAccount, 'kind'>>()
  const aliases = new Map<string, FoundAlias>()
  const keyOf = (text: string) => lookupKey(text)

  function finishAlias(name: string, { targets, from }: FoundAlias): void {
    const own = name.startsWith('@') ? undefined : parseAddress(name)
    const user = own?.local
    // `@other` behind an address is the same user there.
    const whole = targets.map((target) =>
      target.startsWith('@') && user !== undefined ? `${user}${target}` : target,
    )
    if (name.startsWith('@') && whole.some((target) => target.startsWith('@'))) {
      finishDomainAlias(name.slice(1), whole, from)
      return
    }
    const sound = whole.flatMap((target) => {
      const address = parseAddress(target)
      if (address !== undefined) return [formatAddress(address)]
      collect.note('faulty', name, `'${target.slice(0, 80)}' is no address`, from)
      return []
    })
    const others = [...new Set(sound)].filter((target) => keyOf(target) !== keyOf(name))
    const keep = sound.length > others.length
    if (accounts.has(keyOf(name))) {
      if (others.length > 0) {
        collect.add({ kind: 'forward', address: keyOf(name), targets: others, keep, from })
      }
      return
    }
    if (others.length > 0) collect.add({ kind: 'alias', alias: name, targets: others, from })
    if (keep || others.length === 0) {
      const reason = keep
        ? 'it leads to itself too, and there is no such account'
        : 'nothing is left of what it leads to'
      collect.note('not-supported', name, reason, from)
    }
  }

  /** By domain, once all are known. */
  let grouped: ReadonlyMap<string, readonly string[]> | undefined
  const namesIn = (domain: string): readonly string[] => {
    grouped ??= Map.groupBy(new Set([...accounts.keys(), ...aliases.keys()]), domainIn)
    return grouped.get(domain) ?? []
  }

  /** `@domain @other`: every address that is there now; one that comes later needs an alias of its own. `seen`: domains on the way here. */
  function finishDomainAlias(
    domain: string,
    targets: readonly string[],
    from: Place,
    seen: readonly string[] = [],
  ): void {
    const [target = ''] = targets
    const other = target.slice(1).toLowerCase()
    const refused =
      targets.length > 1
        ? 'a catch-all leads to one domain, or to addresses'
        : seen.includes(other) || other === domain
          ? 'domains lead to each other in a circle'
          : domains.has(other)
            ? undefined
            : `${other} is none of the domains here: aliases lead to addresses`
    if (refused !== undefined) {
      const about = `@${domain} ${targets.join(', ')}`.slice(0, 200)
      collect.note('not-supported', about, refused, from)
      return
    }
    let count = 0
    for (const name of namesIn(other)) {
      if (name.startsWith('@')) continue
      const mapped = `${name.slice(0, name.lastIndexOf('@'))}@${domain}`
      if (accounts.has(mapped) || aliases.has(mapped)) continue
      if (!collect.spend(1)) return
      count++
      collect.add({ kind: 'alias', alias: mapped, targets: [name], from })
    }
    const rest = aliases.get(`@${other}`)?.targets ?? []
    if (rest.some((one) => one.startsWith('@'))) {
      finishDomainAlias(domain, rest, from, [...seen, other])
    } else if (rest.length > 0) finishAlias(`@${domain}`, { targets: rest, from })
    const reason = `an alias for each of the ${count} addresses of ${other}; one that is added there later needs its own`
    collect.note('differs', `@${domain} @${other}`, reason, from)
  }

  return {
    domain(name, from) {
      const domain = parseDomain(name)
      if (domain === undefined || !domain.includes('.')) {
        collect.note('faulty', name.slice(0, 200), 'no domain that could be here', from)
      } else if (!domains.has(domain)) domains.set(domain, from)
    },
    hasDomain: (name) => domains.has(parseDomain(name) ?? ''),
    account(account) {
      const key = keyOf(account.address)
      const before = accounts.get(key)
      accounts.set(key, {
        ...account,
        address: key,
        hash: account.hash ?? before?.hash ?? null,
        quotaBytes: account.quotaBytes ?? before?.quotaBytes ?? null,
        enabled: account.enabled && before?.enabled !== false,
      })
    },
    hasAccount: (address) => accounts.has(keyOf(address)),
    alias(name, targets, from) {
      const key = keyOf(name)
      const domain = key.slice(key.lastIndexOf('@') + 1)
      if (!domains.has(domain)) {
        const reason = `${domain} is none of the domains here, and aliases are of these alone`
        collect.note('not-supported', name.slice(0, 200), reason, from)
      } else if (aliases.has(key)) {
        const reason = `it stands in ${aliases.get(key)?.from.file}, line ${aliases.get(key)?.from.line}, before, and that counts`
        collect.note('not-needed', name.slice(0, 200), reason, from)
      } else aliases.set(key, { targets, from })
    },
    finish() {
      for (const [domain, from] of domains) collect.add({ kind: 'domain', domain, from })
      for (const [key, account] of accounts) {
        if (!domains.has(key.slice(key.lastIndexOf('@') + 1))) {
          const reason = 'its domain is none of those here; import the domain first, or name it'
          collect.note('to-do', key, reason, account.from)
        }
        collect.add({ kind: 'account', ...account })
      }
      noteLocked(collect, accounts.values())
      for (const [name, found] of aliases) finishAlias(name, found)
    },
  }
}
