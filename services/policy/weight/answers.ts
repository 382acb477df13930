// Questions of weighing to the DNS. Failures are counted: too many in one message, and it is not judged at all.

import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import { networkName, parseIpAddress } from '#shared/settings/networks.ts'

/** Both end the weighing of one message, and are caught where it began. */
export class TooManyFailures extends Error {}
/** There was no time left to ask the DNS lists. */
export class ListsUnasked extends Error {}

export class Answers {
  readonly dns: Resolver
  #failuresLeft: number

  constructor(dns: Resolver, failuresMax: number) {
    this.dns = dns
    this.#failuresLeft = failuresMax
  }

  /** `where`: for whoever reads why nothing was judged. */
  failed(where: string): void {
    this.#failuresLeft -= 1
    if (this.#failuresLeft <= 0) throw new TooManyFailures(where)
  }

  /** Undefined after a failure, which is counted. */
  recordsOf<T>(answer: DnsAnswer<T>, where: string): readonly T[] | undefined {
    if (answer.kind === 'failure') {
      this.failed(where)
      return undefined
    }
    return answer.kind === 'found' ? answer.records : []
  }
}

/** Both families, each in its one form. */
export function canonicalAddress(text: string): string {
  const address = parseIpAddress(text)
  return address === undefined ? text : networkName(address, address.bytes.length * 8)
}

/** Whether two addresses are of the same network: `near` is /24 or /64, `wide` /16 or /48. */
export function shareNetwork(one: string, other: string, width: 'near' | 'wide'): boolean {
  const [first, second] = [one, other].map((text) => networkOf(text, width))
  return first !== undefined && first === second
}

const prefixes = { near: { ipv4: 24, ipv6: 64 }, wide: { ipv4: 16, ipv6: 48 } } as const

function networkOf(text: string, width: 'near' | 'wide'): string | undefined {
  const address = parseIpAddress(text)
  return address && networkName(address, prefixes[width][address.family])
}
