// Keys of access tables: texts (names of hosts and domains, addresses, logins, fingerprints), and networks with single addresses among
// them. A table holds keys of any kind; whoever asks decides which it asks for (access-questions.ts).

import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import {
  formatIpAddress,
  type IpAddress,
  type Network,
  parseIpAddress,
  parseNetwork,
} from '#shared/settings/networks.ts'

export type AccessKey =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'network'; readonly network: Network }

/** The sort key that is made of it must stay below SORT_KEY_BYTES_MAX. */
export const ACCESS_KEY_BYTES_MAX = 960

/** `192.0.2`, as Postfix's indexed tables write the network 192.0.2.0/24, without or with a dot behind it. */
const OCTETS = /^\d{1,3}(?:\.\d{1,3}){0,2}\.?$/
/** `2001:db8`, without or with a colon behind it; eight groups are an address, and fingerprints have more. */
const GROUPS = /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}:?$/i

/** Whatever the text is: what is looked for may have been made by a stranger, and is a key that nobody has set. */
export function accessKeyOf(text: string): AccessKey {
  const network = networkOf(text)
  return network === undefined
    ? { kind: 'text', text: lookupKey(text) }
    : { kind: 'network', network }
}

function networkOf(text: string): Network | undefined {
  if (!/^[0-9a-f]{0,4}[.:0-9]/i.test(text)) return undefined
  if (OCTETS.test(text)) {
    const octets = text.replace(/\.$/, '').split('.')
    const filled = [...octets, '0', '0', '0'].slice(0, 4).join('.')
    return parseNetwork(`${filled}/${octets.length * 8}`)
  }
  if (text.includes(':') && GROUPS.test(text)) {
    const groups = text.replace(/:$/, '').split(':')
    return parseNetwork(`${groups.join(':')}::/${groups.length * 16}`)
  }
  return parseNetwork(text)
}

export type AccessKeyFault = 'empty' | 'too-long' | 'characters' | 'network'

/** As an administrator writes it; domains may have U-labels. */
export function parseAccessKey(text: string): AccessKey | { readonly fault: AccessKeyFault } {
  if (text === '') return { fault: 'empty' }
  if (!text.isWellFormed() || /[\x00-\x1f\x7f]/.test(text)) return { fault: 'characters' }
  const key = accessKeyOf(canonical(text))
  if (key.kind === 'network') return key
  if (isMeantAsNetwork(text)) return { fault: 'network' }
  if (/\s/.test(key.text) && !key.text.includes('@')) return { fault: 'characters' }
  if (Buffer.byteLength(key.text) > ACCESS_KEY_BYTES_MAX) return { fault: 'too-long' }
  return key
}

/** With a prefix that has bits behind it, or is no number. */
function isMeantAsNetwork(text: string): boolean {
  const [host = '', ...prefix] = text.split('/')
  return prefix.length > 0 && parseIpAddress(host) !== undefined
}

/** `bücher.example`, `.bücher.example` and `user@bücher.example` with A-labels, as clients send them; all else as it is. */
function canonical(text: string): string {
  const address = parseAddress(text)
  if (address !== undefined) return formatAddress(address)
  const before = /^[.@]/.test(text) ? text.slice(0, 1) : ''
  const name = text.slice(before.length)
  const domain = parseDomain(name)
  return domain === undefined || domain.startsWith('[') ? text : before + domain
}

export function formatAccessKey(key: AccessKey): string {
  if (key.kind === 'text') return key.text
  const { address, prefixBits } = key.network
  const text = shortest(address)
  return prefixBits === address.bytes.length * 8 ? text : `${text}/${prefixBits}`
}

/** RFC 5952 */
function shortest(address: IpAddress): string {
  const text = formatIpAddress(address)
  return address.family === 'ipv4' ? text : new URL(`http://[${text}]`).hostname.slice(1, -1)
}

/** Of networks of the same size equal texts are equal networks. */
export const networkBits = ({ address }: Network) => Buffer.from(address.bytes).toString('hex')

/** Name of a family and length of networks: `v4/24`. */
export type NetworkSize = `v${4 | 6}/${number}`

export const networkSize = ({ address, prefixBits }: Network): NetworkSize =>
  `v${address.family === 'ipv4' ? 4 : 6}/${prefixBits}`

const SIZE = /^v([46])\/(\d{1,3})$/

export function parseNetworkSize(
  text: string,
): { readonly family: IpAddress['family']; readonly prefixBits: number } | undefined {
  const [, family, bits] = SIZE.exec(text) ?? []
  if (bits === undefined) return undefined
  return { family: family === '4' ? 'ipv4' : 'ipv6', prefixBits: Number(bits) }
}
