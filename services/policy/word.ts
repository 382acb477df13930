// A word of a restriction list: what it is told, and how its file in restrictions/ defines it. Facts about it, such as its argument, stand
// in shared/settings/restrictions/words.ts.

import type { AccessTables } from '#shared/directory/access-tables.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { PolicyServers } from './delegation/servers.ts'
import type { DnsLists } from './dns-lists/dns-lists.ts'
import type { Known } from './known.ts'
import type { Decision, RestrictionList } from './restriction.ts'
import type { BuiltInServices } from './service.ts'
import type { Verification } from './verification.ts'

/** Collaborators of words; each takes what it needs. */
export type WordDeps = {
  readonly settings: Settings
  readonly directory: Directory
  readonly accessTables: AccessTables
  readonly counters: Table
  readonly clock: Clock
  readonly log: Log
  /** Absent where nobody may be asked about an address. */
  readonly verification?: Verification | undefined
  readonly dnsLists: DnsLists
  /** By the name that `check_policy_service` calls them by. */
  readonly services: BuiltInServices
  readonly policyServers: PolicyServers
  /** A list as it may be named by a table, by a policy server or by a restriction class. Throws for what is no list. */
  readonly compile: (text: string) => RestrictionList
}

export type Decide = (known: Known) => Decision | Promise<Decision>

export type Word = {
  readonly name: WordName
  /** `argument` as it stands in the list, '' where the word takes none. Throws for one that the grammar cannot judge. */
  readonly make: (argument: string, deps: WordDeps) => Decide
}

export const defineWord = (name: WordName, make: Word['make']): Word => ({ name, make })
