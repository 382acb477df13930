// The words of what was made before there were words: written by a job, some entries at a time, beside whoever changes the directory. What
// is removed meanwhile may leave words behind, which searches do not confirm.

import type { Domain } from '#shared/mail/domain.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Alias } from './aliases.ts'
import type { AccountRecord } from './records.ts'
import {
  accountTarget,
  addWords,
  aliasTarget,
  domainTarget,
  domainWords,
  wordsOf,
  wordsStateKey,
} from './words.ts'

export interface WordIndex {
  isComplete(): Promise<boolean>
  addAccounts(accounts: readonly AccountRecord[]): Promise<void>
  addAliases(aliases: readonly Alias[]): Promise<void>
  addDomains(domains: readonly Domain[]): Promise<void>
  complete(): Promise<void>
}

export function createWordIndex(table: Table): WordIndex {
  const put = (writes: ReturnType<typeof addWords>) => table.batchWrite(writes)
  return {
    isComplete: async () => (await table.get(wordsStateKey)) !== undefined,
    addAccounts: (accounts) =>
      put(
        accounts.flatMap(({ address, displayName }) =>
          addWords(wordsOf(address.local, displayName), accountTarget(address)),
        ),
      ),
    addAliases: (aliases) =>
      put(
        aliases.flatMap(({ name: { local, domain } }) =>
          local === null ? [] : addWords(wordsOf(local), aliasTarget({ local, domain })),
        ),
      ),
    addDomains: (domains) =>
      put(domains.flatMap((domain) => addWords(domainWords(domain), domainTarget(domain)))),
    complete: async () => void (await table.write({ put: { ...wordsStateKey, version: 1 } })),
  }
}
