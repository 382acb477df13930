// Which scripts an account's mail goes through: the administrator's before it, its own or one for all who have none, and the administrator's
// behind it, as Pigeonhole has them. Cleanup asks too: whose mail goes through one is left to delivery, which may read it.

import type { Domain } from '#shared/mail/domain.ts'
import type { Settings } from '#shared/settings/table.ts'

export type SiteScriptOptions = Pick<
  Settings,
  'sieveBefore' | 'sieveAfter' | 'sieveDefault' | 'sieveDomainDefaults'
>

export interface SiteScripts {
  /** Whether mail for accounts of this domain goes through a script, whatever they have themselves. */
  concern(domain: Domain | undefined): boolean
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** For accounts of this domain that have none; undefined: none. */
  defaultOf(domain: Domain | undefined): string | undefined
}

export function createSiteScripts(options: SiteScriptOptions): SiteScripts {
  const { sieveBefore: before, sieveAfter: after, sieveDefault, sieveDomainDefaults } = options
  const ofDomain = new Map<string, string>(
    sieveDomainDefaults.map(({ domain, script }) => [domain, script]),
  )

  function defaultOf(domain: Domain | undefined): string | undefined {
    const name = (domain && ofDomain.get(domain)) ?? sieveDefault
    return name === '' ? undefined : name
  }

  return {
    before,
    after,
    defaultOf,
    concern: (domain) => before.length > 0 || after.length > 0 || defaultOf(domain) !== undefined,
  }
}
