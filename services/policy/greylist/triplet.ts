// Who sends to whom from where, as postgrey tells one from another: what changes from try to try of the same mail, or from mail to mail of
// the same list, must not make a triplet of its own.

import { createHash } from 'node:crypto'
import { networkName, parseIpAddress } from '#shared/settings/networks.ts'

export type TripletOptions = {
  /** Bits of an address that name its network; all of them: each address is its own. */
  readonly postgreyIpv4Cidr: number
  readonly postgreyIpv6Cidr: number
  /** Whether what is stored names nobody. */
  readonly postgreyPrivacy: boolean
}

/** Of each text; what is behind it is not looked at. */
export const TRIPLET_TEXT_CHARACTERS_MAX = 512
/** Of a key that is stored as it is. */
const PLAIN_KEY_BYTES_MAX = 1_000

/** The network that an address is in; undefined for what is no address. */
export function greylistNetwork(address: string, options: TripletOptions): string | undefined {
  const parsed = parseIpAddress(address)
  if (parsed === undefined) return undefined
  const { postgreyIpv4Cidr, postgreyIpv6Cidr } = options
  return networkName(parsed, parsed.family === 'ipv4' ? postgreyIpv4Cidr : postgreyIpv6Cidr)
}

/** The whole address in its one form. */
export function greylistClient(address: string, options: TripletOptions): string | undefined {
  const parsed = parseIpAddress(address)
  if (parsed === undefined) return undefined
  return keyText(networkName(parsed, parsed.bytes.length * 8), options)
}

/** `network`: or what stands for it. */
export function tripletKey(
  { network, sender, recipient }: Record<'network' | 'sender' | 'recipient', string>,
  options: TripletOptions,
): string {
  const to = recipient.slice(0, TRIPLET_TEXT_CHARACTERS_MAX)
  return keyText(`${network}/${greylistSender(sender)}/${to}`.toLowerCase(), options)
}

/** Without what list managers and BATV write into a sender for one mail only. */
export function greylistSender(text: string): string {
  const sender = text.slice(0, TRIPLET_TEXT_CHARACTERS_MAX)
  const at = sender.indexOf('@')
  if (at === -1) return sender
  const user = withoutTag(sender.slice(0, at))
    .replace(/\+.*/s, '')
    .replace(/\w+/g, (word) => (/^\d+$/.test(word) ? '#' : word))
  return user + sender.slice(at)
}

/** BATV: `prvs=tag=user`, and of some senders `prvs=user=tag`. */
function withoutTag(user: string): string {
  const [prefix, first = '', second = '', ...more] = user.split('=')
  if (prefix !== 'prvs' || second === '' || more.length > 0) return user
  return isTag(second) && !isTag(first) ? first : second
}

const isTag = (text: string) => /^[0-9a-z]{10}/.test(text)

function keyText(text: string, { postgreyPrivacy }: TripletOptions): string {
  const isPlain = !postgreyPrivacy && !text.includes('\0')
  if (isPlain && Buffer.byteLength(text) <= PLAIN_KEY_BYTES_MAX) return text
  return createHash('sha1').update(text).digest('hex')
}
