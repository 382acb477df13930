// Addresses of hosts and networks: parsing, comparing and the networks of a `mynetworks` list.

import { BlockList, isIP } from 'node:net'

export type IpAddress = { readonly family: 'ipv4' | 'ipv6'; readonly bytes: Uint8Array }

/** A client is asked about many times in a row. */
let last: { readonly text: string; readonly address: IpAddress | undefined } | undefined

/** An address in binary; an IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is given as the IPv4 address it is. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (last?.text !== text) last = { text, address: readIpAddress(text) }
  return last.address
}

function readIpAddress(text: string): IpAddress | undefined {
  if (isIP(text) === 4) return { family: 'ipv4', bytes: Uint8Array.from(text.split('.'), Number) }
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  const bytes = ipv6Bytes(text)
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every(isZero)
  return mapped ? { family: 'ipv4', bytes: bytes.subarray(12) } : { family: 'ipv6', bytes }
}

function ipv6Bytes(text: string): Uint8Array {
  const [left = '', right] = text.split('::')
  const head = groupBytes(left)
  const tail = groupBytes(right ?? '')
  const bytes = new Uint8Array(16)
  bytes.set(head, 0)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function isZero(byte: number): boolean {
  return byte === 0
}

/** The text form of an address's first bits, the rest zero: one name for a whole network. */
export function networkName(address: IpAddress, prefixBits: number): string {
  return `${formatIpAddress(firstBits(address, prefixBits))}/${prefixBits}`
}

/** The rest zero. */
export function firstBits({ family, bytes }: IpAddress, prefixBits: number): IpAddress {
  const kept = bytes.map(
    (byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixBits - 8 * i))),
  )
  return { family, bytes: kept }
}

/** IPv6 in full. */
export function formatIpAddress({ family, bytes }: IpAddress): string {
  if (family === 'ipv4') return bytes.join('.')
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/(.{4})(?=.)/g, '$1:')
}

export type Network = { readonly address: IpAddress; readonly prefixBits: number }

/** `192.0.2.0/24`, `2001:db8::/32` or a single address. Bits set behind the prefix are an error: somebody mistyped. */
export function parseNetwork(text: string): Network | undefined {
  const [host = '', prefix, ...rest] = text.split('/')
  const address = parseIpAddress(host)
  if (!address || rest.length > 0) return undefined
  const bitsMax = address.bytes.length * 8
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined
  const prefixBits = prefix === undefined ? bitsMax : Number(prefix)
  if (prefixBits > bitsMax) return undefined
  const network = firstBits(address, prefixBits)
  if (Buffer.compare(network.bytes, address.bytes) !== 0) return undefined
  return { address, prefixBits }
}

/** Whether an address belongs to one of the networks (texts that `parseNetwork` understands). */
export function createNetworkMatcher(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const text of networks) {
    const network = parseNetwork(text)
    if (!network) throw new TypeError(`not a network: ${text}`)
    list.addSubnet(formatIpAddress(network.address), network.prefixBits, network.address.family)
  }
  const isListed = (text: string) => {
    const address = parseIpAddress(text)
    return address !== undefined && list.check(formatIpAddress(address), address.family)
  }
  // One client is asked about several times in a row.
  let last: { readonly text: string; readonly listed: boolean } | undefined
  return (text) => {
    if (last?.text !== text) last = { text, listed: isListed(text) }
    return last.listed
  }
}
