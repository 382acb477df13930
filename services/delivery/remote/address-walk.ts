// The addresses to try for a next hop, one after the other: by the preference of their hosts, shared by lot within one, and both families in
// turn, so that a host without a way by one of them is reached by the other. Names are looked up no sooner than they are needed.

import { isIP, isIPv6 } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import type { Targets } from '#shared/net/targets.ts'
import type { NextHopChoice } from './hop-choice.ts'
import { failAsLoop, findMailHosts, lookupFailure, notFound } from './mail-hosts.ts'
import type { ObstacleSink } from './obstacles.ts'
import { defer, fail } from './outcome.ts'
import { shuffle } from './shuffle.ts'

/** Hosts whose addresses are looked up for one transfer to one hop. */
export const HOSTS_TRIED_MAX = 10

export type Target = {
  readonly host: string
  readonly address: string
  /** No host is preferred to this one. */
  readonly isBest: boolean
}

export type AddressWalkDeps = NextHopChoice & {
  readonly targets: Targets
  readonly obstacles: ObstacleSink
}

export class AddressWalk {
  readonly #hop: NextHop
  readonly #isOurs: boolean
  readonly #deps: AddressWalkDeps
  /** It leads back to us: nobody else is to be asked either. */
  loops = false
  /** We are one of its mail hosts. */
  weAreOne = false
  #addressesTried = 0
  readonly #triedOf = { v4: 0, v6: 0 }

  /** `isOurs`: an administrator has named it, and it may be anywhere. */
  constructor(hop: NextHop, isOurs: boolean, deps: AddressWalkDeps) {
    this.#hop = hop
    this.#isOurs = isOurs
    this.#deps = deps
  }

  /** What stands in the way is told to the obstacles. */
  async *addresses(): AsyncGenerator<Target, void> {
    const { obstacles } = this.#deps
    const found = await findMailHosts(this.#hop, this.#deps)
    if (found.kind !== 'hosts') {
      this.loops = found.status === '5.4.6'
      obstacles.add('lookup', found)
      return
    }
    this.weAreOne = found.weAreOne
    const putOff: Target[] = []
    let hostsLeft = HOSTS_TRIED_MAX
    for (const [n, level] of found.levels.entries()) {
      const hosts = level.slice(0, hostsLeft)
      hostsLeft -= hosts.length
      const { targets, endsRoute } = await this.#lookUp(hosts, n === 0)
      for (const target of targets) {
        if (this.#isFull) return
        if (this.#crowdsOut(target)) putOff.push(target)
        else yield this.#tried(target)
      }
      if (endsRoute) return
    }
    for (const target of putOff) {
      if (this.#isFull) return
      yield this.#tried(target)
    }
    if (found.weAreOne && this.#addressesTried === 0) {
      // Those before us cannot be found now, and they are who should have it.
      const { host } = this.#hop
      obstacles.add('target', defer('4.4.4', `no better mail host of ${host} than we are is found`))
    }
  }

  get #isFull(): boolean {
    return this.#addressesTried >= this.#deps.mxAddressLimit
  }

  /** As Postfix (smtp_balance_inet_protocols): the last place is not for a family that has had all the others. */
  #crowdsOut({ address }: Target): boolean {
    if (this.#deps.mxAddressLimit < 2) return false
    return this.#triedOf[familyOf(address)] >= this.#deps.mxAddressLimit - 1
  }

  #tried(target: Target): Target {
    this.#addressesTried += 1
    this.#triedOf[familyOf(target.address)] += 1
    return target
  }

  async #lookUp(
    hosts: readonly string[],
    isBest: boolean,
  ): Promise<{ readonly targets: readonly Target[]; readonly endsRoute: boolean }> {
    const found = await Promise.all(hosts.map((host) => this.#addressesOf(host)))
    const v4: Target[] = []
    const v6: Target[] = []
    let endsRoute = false
    for (const [n, host] of hosts.entries()) {
      const addresses = found[n] ?? []
      if ('kind' in addresses) {
        this.#deps.obstacles.add('lookup', addresses)
        continue
      }
      const permitted = this.#permit(host, addresses)
      endsRoute ||= permitted === 'own'
      for (const address of permitted === 'own' ? [] : permitted) {
        const family = isIPv6(address) ? v6 : v4
        family.push({ host, address, isBest })
      }
    }
    if (endsRoute) {
      // What stands beside this machine, or behind it, is no better (RFC 5321 §5.1).
      this.loops = true
      this.#deps.obstacles.add('target', failAsLoop(this.#hop.host))
      return { targets: [], endsRoute }
    }
    return { targets: this.#inTurn(v4, v6), endsRoute }
  }

  /** What of a host's addresses mail may be taken to. */
  #permit(host: string, addresses: readonly string[]): readonly string[] | 'own' {
    if (this.#isOurs) return addresses
    const kinds = addresses.map(this.#deps.targets)
    if (kinds.includes('own')) return 'own'
    const permitted = addresses.filter((_, i) => kinds[i] === 'public')
    if (permitted.length === 0) {
      const text = `host ${host} has no public address (${addresses.join(', ')})`
      this.#deps.obstacles.add('target', fail('5.4.4', text))
    }
    return permitted
  }

  #inTurn(v4: readonly Target[], v6: readonly Target[]): readonly Target[] {
    const { random, addressPreference } = this.#deps
    const startsWith4 =
      addressPreference === 'ipv4' || (addressPreference === 'any' && random() < 0.5)
    const [first, second] = startsWith4 ? [v4, v6] : [v6, v4]
    const all: Target[] = []
    const one = shuffle(first, random)
    const other = shuffle(second, random)
    for (let i = 0; i < Math.max(one.length, other.length); i++) {
      all.push(...one.slice(i, i + 1), ...other.slice(i, i + 1))
    }
    return all
  }

  async #addressesOf(host: string): Promise<readonly string[] | Undelivered> {
    if (isIP(host)) return [host]
    const { resolver, inetProtocols } = this.#deps
    const answers: DnsAnswer<string>[] = await Promise.all([
      ...(inetProtocols === 'ipv6' ? [] : [resolver.resolve4(host)]),
      ...(inetProtocols === 'ipv4' ? [] : [resolver.resolve6(host)]),
    ])
    const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
    if (addresses.length > 0) return addresses
    const type = inetProtocols === 'ipv6' ? 'AAAA' : 'A'
    for (const answer of answers) {
      if (answer.kind === 'failure') return lookupFailure(host, type, answer)
    }
    return notFound(host, type)
  }
}

const familyOf = (address: string) => (isIPv6(address) ? 'v6' : 'v4')
