// Addresses as names of the DNS: turned round, for PTR records and for lists of addresses.

import { isIPv4, isIPv6 } from 'node:net'

const NIBBLES_PER_GROUP = 4
const GROUPS = 8
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/** The name that has the PTR record of an address (RFC 1035 §3.5, RFC 3596 §2.5), undefined for what is no address. */
export function reverseName(address: string): string | undefined {
  const turned = turnedAddress(address)
  if (turned === undefined) return undefined
  return turned.family === 4 ? `${turned.labels}.in-addr.arpa` : `${turned.labels}.ip6.arpa`
}

/** Four numbers or 32 nibbles, last first. An IPv4 address mapped into IPv6 is the IPv4 address that it is. */
export function turnedAddress(
  address: string,
): { readonly family: 4 | 6; readonly labels: string } | undefined {
  if (isIPv4(address)) return { family: 4, labels: address.split('.').reverse().join('.') }
  if (!isIPv6(address) || address.includes('%')) return undefined
  // The URL parser writes an IPv6 address in its one shortest form (RFC 5952), without dotted numbers.
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const mapped = MAPPED.exec(shortest)
  if (mapped) return turnedAddress(dotted(mapped.slice(1)))
  const [head = '', tail = ''] = shortest.split('::')
  const [before, after] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => '')
  const nibbles = [...before, ...zeros, ...after].flatMap((group) => [
    ...group.padStart(NIBBLES_PER_GROUP, '0'),
  ])
  return { family: 6, labels: nibbles.reverse().join('.') }
}

const groups = (text: string) => (text === '' ? [] : text.split(':'))

function dotted(pairs: readonly string[]): string {
  return pairs
    .map((pair) => Number.parseInt(pair, 16))
    .flatMap((value) => [value >> 8, value & 255])
    .join('.')
}
