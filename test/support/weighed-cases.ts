// Clients, HELO names, senders and a DNS world for them, by chance: what policyd-weight and we weigh beside one another.

import { parseIpAddress } from '#shared/settings/networks.ts'
import type { DnsEntry, DnsZone } from './dns-server.ts'

export type WeighedCase = {
  readonly clientAddress: string
  readonly helo: string
  readonly sender: string
  readonly recipient: string
  readonly zone: DnsZone
  /** What it is made of, for who reads a difference. */
  readonly about: string
}

const lists = {
  pbl: ['pbl.spamhaus.org', '127.0.0.10'],
  xbl: ['sbl-xbl.spamhaus.org', '127.0.0.4'],
  spamcop: ['bl.spamcop.net', '127.0.0.2'],
} as const

/** Test entries of these lists and of SURBL (RFC 5782 §5). */
export const listsInOrder: DnsZone = Object.fromEntries(
  Object.values(lists).map(([zone, answer]) => [`2.0.0.127.${zone}`, { a: [answer] }]),
)

export function createCases(count: number, random: () => number): readonly WeighedCase[] {
  return Array.from({ length: count }, (_, n) => createCase(n, random))
}

function createCase(n: number, random: () => number): WeighedCase {
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0]
  const number = (max: number) => Math.floor(random() * max)
  const zone: { [name: string]: DnsEntry } = {}
  const add = (name: string, entry: DnsEntry) => {
    zone[name] = { ...zone[name], ...entry }
  }

  const isIpv6 = random() < 0.15
  const { client, near, wide } = isIpv6 ? ipv6Network(n, number) : ipv4Network(n, number)
  const far = isIpv6 ? `2001:db8:ffff::${n}` : `150.${number(250)}.${number(250)}.7`
  const dashed = client.replaceAll(/[.:]/g, '-')
  const family = isIpv6 ? 'aaaa' : 'a'

  const top = pick('test', 'de', 'com', 'co.uk', 'com.br', 'online')
  const domain = `sender${n}.${top}`
  const isp = `isp${n}.net`
  const other = `other${n}.org`

  // The client's names.
  const ptr = pick(
    [],
    [`mail.${domain}`],
    [`mx1.${other}`],
    [`dsl-${dashed}.pool.${isp}`],
    [`static-${dashed}.${isp}`],
    [`host.${isp}`, `smtp.${domain}`],
    [`${dashed}.cable.rev-home.${isp}`],
  )
  if (ptr.length > 0) add(client, { ptr })
  const isConfirmed = random() < 0.7
  for (const name of ptr) if (isConfirmed) add(name, { [family]: [client] })

  // HELO, and where it leads.
  const helo = pick(
    ptr[0] ?? `nobody.${other}`,
    `mail.${domain}`,
    `MX.${domain}`,
    `host.${other}`,
    `deep.host.${other}`,
    domain,
    isIpv6 ? domain : client,
    isIpv6 ? other : near,
    isIpv6 ? 'localhost.localdomain' : `[${client}]`,
    isIpv6 ? 'localhost' : `[${far}]`,
    'localhost',
    `dsl-${dashed}.${isp}`,
    `pool.dyn.${isp}`,
  )
  const target = pick<string | undefined>(client, client, near, wide, far, undefined)
  if (target !== undefined && /[a-z]\./i.test(helo)) {
    add(helo.toLowerCase(), { [family]: pick([target], [far, target]) })
  }

  // The sender's domain, and where mail for it goes.
  const servers = pick<string | undefined>(
    client,
    near,
    far,
    isIpv6 ? far : '10.1.2.3',
    isIpv6 ? far : '127.0.0.1',
    isIpv6 ? far : '172.20.1.1',
    undefined,
  )
  const kind = pick('mx', 'mx', 'mx', 'two mx', 'two mx', 'a', 'none', 'dead mx', 'failing')
  if (kind === 'mx' && servers) {
    add(domain, { mx: [`10 in.${domain}`] })
    add(`in.${domain}`, { [family]: [servers] })
  }
  if (kind === 'two mx' && servers) {
    add(domain, { mx: [`10 in.${domain}`, `20 backup.${other}`], [family]: [far] })
    add(`in.${domain}`, { [family]: [far] })
    add(`backup.${other}`, { [family]: [servers] })
  }
  if (kind === 'a' && servers) add(domain, { [family]: [servers] })
  if (kind === 'dead mx') add(domain, { mx: [`10 gone.${domain}`] })

  if (kind === 'failing') add(domain, { rcode: 'SERVFAIL' })

  const local = pick(
    'ann',
    'bob+list',
    'eve-bounces',
    'xkcdwrtz',
    'aeiouaei',
    'nobody',
    'anonymous',
    'Postmaster',
  )
  const sender = pick(
    `${local}@${domain}`,
    `${local}@${domain}`,
    `${local}@news.${domain}`,
    `${local}@a.b.${domain}`,
    isIpv6 ? `${local}@${domain}` : `${local}@[${client}]`,
    '',
  )
  const recipient = pick(...many('ann@example.test', 9), 'postmaster@example.test')

  const reversed = reversedName(client)
  const hits = Object.values(lists).filter(() => random() < 0.2)
  for (const [list, answer] of hits) add(`${reversed}.${list}`, { a: [answer] })
  const hasRhs = random() < 0.15
  const senderDomain = sender.slice(sender.lastIndexOf('@') + 1)
  if (hasRhs && /[a-z]$/.test(senderDomain)) {
    add(`${senderDomain}.multi.surbl.org`, { a: ['127.0.0.2'] })
  }
  const about = `${n}: ${client} (${ptr}${isConfirmed ? '' : ', unconfirmed'}) helo ${helo} -> ${target} from ${sender} (${kind} ${servers}) in ${hits.map(([list]) => list)}${hasRhs ? ' rhs' : ''}`
  return { clientAddress: client, helo, sender, recipient, zone, about }
}

type Network = { readonly client: string; readonly near: string; readonly wide: string }

function ipv4Network(n: number, number: (max: number) => number): Network {
  const wide = `${20 + (n % 60)}.${100 + (n % 150)}`
  const near = `${wide}.${10 + number(40)}`
  return { client: `${near}.${10 + number(40)}`, near: `${near}.250`, wide: `${wide}.99.7` }
}

function ipv6Network(n: number, number: (max: number) => number): Network {
  const wide = `2001:db8:${(n + 1).toString(16)}`
  const near = `${wide}:${10 + number(40)}`
  return { client: `${near}::${10 + number(40)}`, near: `${near}::250`, wide: `${wide}:99::7` }
}

/** As DNS lists are asked (RFC 5782 §2.1, §2.4). */
function reversedName(address: string): string {
  const { bytes } = parseIpAddress(address) ?? { bytes: [] }
  const parts = address.includes(':') ? [...Buffer.from(bytes).toString('hex')] : [...bytes]
  return parts.reverse().join('.')
}

function many<T>(one: T, times: number): [T, ...T[]] {
  return [one, ...Array.from({ length: times - 1 }, () => one)]
}
