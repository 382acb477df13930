// Where mail for the sender's domain and for the HELO name goes, and what addresses these names have: does the client stand among them?
// First the sender's domain and what is above it, then HELO's, until the client is found.

import { isIP } from 'node:net'
import type { DnsAnswer, MxRecord } from '#shared/dns/resolver.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Scores } from '#shared/settings/restrictions/weights.ts'
import { type Answers, canonicalAddress, shareNetwork } from './answers.ts'
import type { Scorecard } from './scorecard.ts'

export type Servers = {
  /** The client is an MX of the sender's domain; of either; an address of the sender's domain. */
  readonly isSenderMx: boolean
  readonly isMx: boolean
  readonly isSenderAddress: boolean
  readonly isFound: boolean
  /** The DNS has said something, if only that there is nothing. */
  readonly hasAnswers: boolean
  /** All addresses that were found, and those of the sender's domain and its servers. */
  readonly addresses: readonly string[]
  readonly senderAddresses: readonly string[]
  readonly senderMxNames: readonly string[]
  /** The sender's domain has no server that can be reached; what that weighed. */
  readonly isBogus: boolean
  readonly bogusPoints: number
}

export type ServerQuestion = {
  readonly clientAddress: string
  readonly helo: string
  readonly senderDomain: string
}

/** A name that is asked about, and the servers of one. */
const NAMES_MAX = 6
const EXCHANGES_MAX = 10

/** Nobody outside can send anything there. */
const isUnreachable = createNetworkMatcher([
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
])

export async function findServers(
  question: ServerQuestion,
  deps: { readonly answers: Answers; readonly card: Scorecard; readonly scores: Scores },
): Promise<Servers> {
  const search = new Search(question, deps)
  for (const name of namesAbove(question.senderDomain)) {
    if (!search.isFound) await search.askAbout('FROM', name)
  }
  for (const name of namesAbove(question.helo)) {
    if (!search.isFound) await search.askAbout('HELO', name)
  }
  return search
}

/** The name and what is above it, the top level aside; of very long names the last ones. */
function namesAbove(name: string): readonly string[] {
  if (/[[\]]/.test(name) || isIP(name) !== 0) return []
  const labels = name.split('.')
  const names = labels.slice(0, -1).map((_, n) => labels.slice(n).join('.'))
  return names.length <= NAMES_MAX ? names : [name, ...names.slice(1 - NAMES_MAX)]
}

class Search implements Servers {
  isSenderMx = false
  isMx = false
  isSenderAddress = false
  isFound = false
  hasAnswers: boolean
  readonly addresses: string[]
  readonly senderAddresses: string[] = []
  readonly senderMxNames: string[] = []
  isBogus = false
  bogusPoints = 0
  #badMx = false
  #badMxCounted = false
  readonly #client: string
  readonly #answers: Answers
  readonly #card: Scorecard
  readonly #scores: Scores

  constructor(
    question: ServerQuestion,
    deps: { readonly answers: Answers; readonly card: Scorecard; readonly scores: Scores },
  ) {
    this.#answers = deps.answers
    this.#card = deps.card
    this.#scores = deps.scores
    this.#client = canonicalAddress(question.clientAddress)
    this.addresses = [question.helo]
    // There is nothing to ask about an address.
    this.hasAnswers = isIP(question.helo) !== 0
  }

  async askAbout(whose: 'FROM' | 'HELO', name: string): Promise<void> {
    const { dns } = this.#answers
    const mx = await dns.resolveMx(name)
    const servers = this.#answers.recordsOf(mx, `${whose} MX lookups for ${name}`)
    if (servers === undefined) return
    this.hasAnswers = true
    await this.#askServers(whose, servers.slice(0, EXCHANGES_MAX))
    if (whose === 'FROM' && this.#hasBogus()) this.#badMx = true
    if (!this.isFound) await this.#askAddresses(whose, name, mx)
    this.#countBogus(whose)
  }

  async #askServers(whose: 'FROM' | 'HELO', servers: readonly MxRecord[]): Promise<void> {
    const named = servers.filter(({ exchange }) => exchange !== '')
    const found = await Promise.all(named.map(({ exchange }) => this.#addressesOf(exchange)))
    for (const [n, families] of found.entries()) {
      const exchange = named[n]?.exchange ?? ''
      for (const answer of families) {
        const where = `${whose} MX -> A lookups`
        for (const address of this.#answers.recordsOf(answer, where) ?? []) {
          if (whose === 'FROM') this.senderMxNames.push(exchange)
          this.#add(whose, address)
          if (!this.#isClient(address)) continue
          this.#card.add(`CL_IP_EQ_${whose}_MX`, this.#scores.helo_from_mx_eq_ip.miss)
          this.isFound = true
          this.isMx = true
          if (whose === 'FROM') this.isSenderMx = true
          break
        }
      }
      if (this.isFound) return
    }
  }

  async #askAddresses(
    whose: 'FROM' | 'HELO',
    name: string,
    mx: DnsAnswer<MxRecord>,
  ): Promise<void> {
    // Of a name that does not exist there are no addresses either.
    if (mx.kind === 'nxdomain') return
    for (const answer of await this.#addressesOf(name)) {
      const where = `${whose} A lookup for ${name}`
      for (const address of this.#answers.recordsOf(answer, where) ?? []) {
        this.#add(whose, address)
        if (!this.#isClient(address)) continue
        this.#card.add(`CL_IP_EQ_${whose}_IP`, this.#scores.helo.miss)
        this.isFound = true
        this.#badMx = false
        if (whose === 'FROM') this.isSenderAddress = true
        break
      }
    }
  }

  #addressesOf(name: string): Promise<readonly [DnsAnswer<string>, DnsAnswer<string>]> {
    const { dns } = this.#answers
    return Promise.all([dns.resolve4(name), dns.resolve6(name)])
  }

  #add(whose: 'FROM' | 'HELO', address: string): void {
    this.addresses.push(address)
    if (whose === 'FROM') this.senderAddresses.push(address)
  }

  #isClient(address: string): boolean {
    return canonicalAddress(address) === this.#client
  }

  #hasBogus(): boolean {
    return this.senderAddresses.length === 0 || this.senderAddresses.some(isUnreachable)
  }

  #countBogus(whose: 'FROM' | 'HELO'): void {
    const { bogus_mx } = this.#scores
    const { listedPoints } = this.#card
    if (this.#badMx && !this.#badMxCounted && listedPoints * bogus_mx.hit !== 0) {
      this.#card.add('BAD_MX', bogus_mx.hit * listedPoints)
      this.#badMxCounted = true
    }
    if (whose === 'FROM' && !this.isBogus && this.#hasBogus()) {
      this.isBogus = true
      this.bogusPoints = bogus_mx.hit + listedPoints
      this.#card.add('BOGUS_MX', this.bogusPoints)
    }
  }
}

/** Whether an address that was found is of the client's network. */
export function isNear(
  addresses: readonly string[],
  client: string,
  width: 'near' | 'wide',
): boolean {
  return addresses.some((address) => shareNetwork(address, client, width))
}
