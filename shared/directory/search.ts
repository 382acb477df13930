// Accounts, aliases and domains found by words that something of them begins with: parts of an address, of a name, labels of a domain. A few of each
// with the number of the rest, within what whoever asks may see.
//
// Implementation notes: words are read in their order, SCANNED_MAX at most for each word asked for; where there are more the answer says so. Who sees
// some domains only is answered from these: whole words and beginnings of local parts are found by key, other beginnings among the words that are
// read. What is found is confirmed at the account, alias or domain itself.

import { type Address, lookupKey } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { SortRange, Table } from '#shared/storage/ports.ts'
import {
  accountKey,
  addressesPk,
  addressKey,
  domainKey,
  domainsPk,
  readAccount,
  readAddress,
} from './records.ts'
import {
  foldWord,
  readWord,
  type WordKind,
  type WordTarget,
  wordPk,
  wordsStateKey,
} from './words.ts'

export interface DirectorySearch {
  find(question: SearchQuestion): Promise<DirectoryFound>
}

export type SearchQuestion = {
  readonly text: string
  /** Undefined: all. */
  readonly domains?: readonly Domain[] | undefined
}

export type DirectoryFound = {
  readonly accounts: Found<AccountHit>
  readonly aliases: Found<Address>
  readonly domains: Found<Domain>
  /** False while words of what was there before are still being written. */
  readonly isComplete: boolean
}

/** `rest`: how many there are beside the hits; `isMore`: and more than that, which nobody counted. */
export type Found<T> = {
  readonly hits: readonly T[]
  readonly rest: number
  readonly isMore: boolean
}

export type AccountHit = { readonly address: Address; readonly displayName: string }

export const HITS_MAX = 5
/** Words read for one word that is asked for. */
export const SCANNED_MAX = 1_000
const WORDS_ASKED_MAX = 3
/** Of an address that is not written to its end. */
const DOMAINS_LOOKED_MAX = 20

type Candidates = {
  readonly targets: Map<string, WordTarget>
  isMore: boolean
  scanned: number
}

const noCandidates = (): Candidates => ({ targets: new Map(), isMore: false, scanned: 0 })

export function createDirectorySearch(table: Table): DirectorySearch {
  async function* read(pk: string, sk: SortRange) {
    let after: string | undefined
    do {
      const page = await table.query({ pk, sk, ...(after !== undefined && { after }) })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  /** Of everything that has a word with this beginning. */
  async function byWord(word: string, domains: readonly Domain[] | undefined): Promise<Candidates> {
    const found = noCandidates()
    const pk = wordPk(word)
    for (const domain of domains ?? []) {
      await gather(found, read(pk, { prefix: `${word} ${domain} ` }), domains)
      await gatherLocals(found, word, domain)
    }
    await gather(found, read(pk, { prefix: word }), domains)
    return found
  }

  async function gather(
    found: Candidates,
    items: AsyncIterable<{ readonly sk: string }>,
    domains: readonly Domain[] | undefined,
  ): Promise<void> {
    for await (const { sk } of items) {
      if (++found.scanned > SCANNED_MAX) {
        found.isMore = true
        return
      }
      const word = readWord(sk)
      if (word === undefined || domains?.includes(word.target.domain) === false) continue
      found.targets.set(nameOf(word.target), word.target)
    }
  }

  /** Accounts and aliases of a domain whose local part begins so. */
  async function gatherLocals(found: Candidates, local: string, domain: Domain): Promise<void> {
    for await (const item of read(addressesPk(domain), { prefix: `L#${local}` })) {
      if (++found.scanned > SCANNED_MAX) {
        found.isMore = true
        return
      }
      const { name, account, targets } = readAddress(item)
      if (name.local === null) continue
      const add = (kind: WordKind) => {
        const target = { kind, domain, local: name.local ?? '' }
        found.targets.set(nameOf(target), target)
      }
      if (account !== null) add('A')
      if (targets !== null) add('L')
    }
  }

  async function byAddress(
    text: string,
    domains: readonly Domain[] | undefined,
  ): Promise<Candidates> {
    const found = noCandidates()
    const at = text.lastIndexOf('@')
    const [local, name] = [lookupKey(text.slice(0, at)), text.slice(at + 1).toLowerCase()]
    let looked = 0
    for await (const { sk } of read(domainsPk, name === '' ? {} : { prefix: name })) {
      const domain = parseDomain(sk)
      if (domain === undefined || domains?.includes(domain) === false) continue
      if (++looked > DOMAINS_LOOKED_MAX) {
        found.isMore = true
        break
      }
      await gatherLocals(found, local, domain)
    }
    return found
  }

  async function candidates({ text, domains }: SearchQuestion): Promise<Candidates> {
    if (text.includes('@')) return await byAddress(text, domains)
    const words = text.split(/\s/).map(foldWord).filter(Boolean).slice(0, WORDS_ASKED_MAX)
    const found = await Promise.all(words.map((word) => byWord(word, domains)))
    const [first, ...others] = found
    if (first === undefined) return noCandidates()
    const targets = [...first.targets].filter(([name]) =>
      others.every((other) => other.targets.has(name)),
    )
    const isMore = found.some((each) => each.isMore)
    return { ...noCandidates(), targets: new Map(targets), isMore }
  }

  async function confirmed(targets: readonly WordTarget[]): Promise<readonly WordTarget[]> {
    const keys = targets.map(({ kind, domain, local }) =>
      kind === 'D' ? domainKey(domain) : addressKey({ local, domain }),
    )
    const items = await table.batchGet(keys)
    return targets.filter(({ kind }, i) => {
      const item = items[i]
      if (item === undefined) return false
      if (kind === 'D') return true
      const { account, targets: to } = readAddress(item)
      return kind === 'A' ? account !== null : to !== null
    })
  }

  /** In their order, the first few; what was not there when looked at is left out. */
  async function some(
    { targets, isMore }: Candidates,
    wanted: WordKind,
    text: string,
  ): Promise<Found<WordTarget>> {
    const all = [...targets.values()]
      .filter(({ kind }) => kind === wanted)
      .sort((a, b) => rank(a, text) - rank(b, text) || (nameOf(a) < nameOf(b) ? -1 : 1))
    const hits = await confirmed(all.slice(0, HITS_MAX))
    return { hits, rest: Math.max(0, all.length - HITS_MAX), isMore }
  }

  async function accountHits(targets: readonly WordTarget[]): Promise<readonly AccountHit[]> {
    const entries = await table.batchGet(targets.map(addressKey))
    const ids = entries.flatMap((item) => (item ? (readAddress(item).account?.id ?? []) : []))
    const profiles = await table.batchGet(ids.map(accountKey))
    return profiles.flatMap((item) => {
      if (item === undefined) return []
      const { address, displayName } = readAccount(item)
      return { address, displayName }
    })
  }

  return {
    async find(question) {
      const text = question.text.trim()
      const [found, state] = await Promise.all([
        candidates({ ...question, text }),
        table.get(wordsStateKey),
      ])
      const [accounts, aliases, domains] = await Promise.all([
        some(found, 'A', text),
        some(found, 'L', text),
        some(found, 'D', text),
      ])
      return {
        accounts: { ...accounts, hits: await accountHits(accounts.hits) },
        aliases: { ...aliases, hits: aliases.hits.map(({ local, domain }) => ({ local, domain })) },
        domains: { ...domains, hits: domains.hits.map(({ domain }) => domain) },
        isComplete: state !== undefined,
      }
    },
  }
}

const nameOf = ({ kind, domain, local }: WordTarget) => `${kind} ${local} ${domain}`

/** What is exactly so comes first, then what begins so. */
function rank({ kind, domain, local }: WordTarget, text: string): number {
  const name = kind === 'D' ? domain : text.includes('@') ? `${local}@${domain}` : local
  const wanted = text.toLowerCase()
  if (name === wanted) return 0
  return name.startsWith(wanted) ? 1 : 2
}
