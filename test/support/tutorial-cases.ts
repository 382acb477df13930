// Clients and mail of every kind that the lists of the preset `isp` judge, by chance, each with names and a DNS world of its own.

import type { DnsZone } from './dns-server.ts'
import { createCases, type WeighedCase } from './weighed-cases.ts'

export type TutorialCase = {
  readonly clientAddress: string
  readonly helo: string
  readonly sender: string
  readonly recipient: string
  readonly zone: DnsZone
  readonly kind: Kind
}

/** What both servers know. */
export const tutorialWorld = {
  accounts: ['ann@example.test', 'bob@example.test'],
  alias: { from: 'info@example.test', to: 'ann@example.test' },
  /** Who else has mail without being told so: of ours, by `postmasterAliases`. */
  roles: ['postmaster@example.test', 'abuse@example.test'],
  mynetworks: '10.20.0.0/16, [2001:db8:20::]/48',
  relayDomain: 'partner.test',
  relayRecipient: 'there@partner.test',
  tables: {
    clients: {
      'refused.test': 'REJECT no mail from there',
      'welcome.test': 'OK',
      '91.1': '550 5.7.1 not this network',
      '91.2.0.10': 'DEFER come back',
      '91.3': 'DEFER_IF_PERMIT hm',
      '91.4': 'OK',
      '91.5': 'DUNNO',
      '2001:db8:91': 'REJECT',
    },
    senders: {
      'spam.test': 'REJECT',
      'ok@spam.test': 'DUNNO',
      'friend.test': 'OK',
      'nobody@': '450 4.7.1 who is that',
      'slow.test': 'DEFER',
      'closing.test': '521 5.7.1 go away',
      'kept.test': 'WARN seen',
      'gone.test': 'DISCARD',
    },
    recipients: {
      'closed@example.test': '550 5.2.1 closed',
      'bob@example.test': 'DUNNO',
      'ann+closed@example.test': 'REJECT',
      'ann+open@example.test': 'OK',
      'later@example.test': 'DEFER_IF_REJECT later',
    },
  },
  /** Names that more than one case has. */
  zone: {
    'mx.example.test': { a: ['127.0.0.1'] },
    'example.test': { mx: ['10 mx.example.test'] },
    'partner.test': { mx: ['10 mx.partner.test'] },
    'mx.partner.test': { a: ['93.0.0.1'] },
    'elsewhere.test': { mx: ['10 mx.elsewhere.test'] },
    'mx.elsewhere.test': { a: ['93.0.0.2'] },
    'backup.test': { mx: ['10 mx.elsewhere.test', '20 mx.example.test'] },
    'primary.test': { mx: ['10 mx.example.test', '20 mx.elsewhere.test'] },
    'failing.test': { rcode: 'SERVFAIL' },
    'null.test': { mx: ['0 .'] },
    'text.test': { txt: ['no mail here'] },
    'six.test': { aaaa: ['2001:db8:93::1'] },
    ...Object.fromEntries(
      ['spam', 'friend', 'slow', 'closing', 'kept', 'gone'].map((name) => [
        `${name}.test`,
        { mx: ['10 mx.elsewhere.test'] },
      ]),
    ),
  } satisfies DnsZone,
} as const

/** Of what is not weighed, by turns; whatever has most forms comes most often. */
const kinds = [
  'HELO',
  'sender',
  'recipient',
  'relaying',
  'our network',
  'client table',
  'sender table',
  'recipient table',
  'HELO',
  'sender',
  'recipient',
  'relaying',
  'postmaster',
  'DNS lists',
  'bounce',
] as const
type Kind = 'weighed' | (typeof kinds)[number]

/** The first of three is weighed, which has the most ways to end. */
const TURN = 3

export function tutorialCases(count: number, random: () => number): readonly TutorialCase[] {
  const weighed = createCases(count, random)
  const soFar = new Map<Kind, number>()
  return weighed.map((one, n) => {
    if (n % TURN === 0) return { ...withSenderDomain(one, random), kind: 'weighed' }
    const kind = kinds[Math.floor(((TURN - 1) * n) / TURN) % kinds.length] ?? 'HELO'
    const turn = soFar.get(kind) ?? 0
    soFar.set(kind, turn + 1)
    return { ...inOrder(n), ...changes(kind, n, turn, random), kind }
  })
}

/** Most of the domains below the sender's are not there, for which the list refuses what was to be weighed. */
function withSenderDomain(one: WeighedCase, random: () => number): WeighedCase {
  const domain = one.sender.slice(one.sender.lastIndexOf('@') + 1)
  if (domain in one.zone || !/[a-z]$/.test(domain) || random() < 0.2) return one
  return { ...one, zone: { ...one.zone, [domain]: { a: ['150.2.3.4'] } } }
}

/** A mail server that nothing speaks against. */
function inOrder(n: number, clientAddress = `90.${n >> 8}.${n & 255}.10`) {
  const domain = `good${n}.test`
  const name = `mail.${domain}`
  return {
    clientAddress,
    helo: name,
    sender: `ann@${domain}`,
    recipient: 'ann@example.test',
    zone: named(clientAddress, name, domain),
  }
}

const named = (address: string, name: string, domain: string): DnsZone => ({
  [address]: { ptr: [name] },
  [name]: { [address.includes(':') ? 'aaaa' : 'a']: [address] },
  [domain]: { mx: [`10 ${name}`] },
})

function changes(kind: Kind, n: number, turn: number, random: () => number): Partial<TutorialCase> {
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0]
  const own = inOrder(n)
  const domain = `good${n}.test`
  switch (kind) {
    case 'our network':
      return {
        ...own,
        clientAddress: pick(`10.20.${n >> 8}.${n & 255}`, `2001:db8:20::${n}`),
        helo: pick('pc', 'localhost', '[10.20.1.1]', '-bad-', own.helo),
        sender: pick('ann@example.test', '', 'ann', 'ann@pc', 'x@nowhere.test'),
        recipient: pick('friend@elsewhere.test', 'bob@example.test', 'nobody@example.test'),
        zone: {},
      }
    case 'HELO':
      return { helo: inTurn(heloForms(own), turn) }
    case 'sender':
      return { sender: inTurn(senderForms(domain), turn) }
    case 'recipient':
      return { recipient: inTurn(recipientForms, turn) }
    case 'relaying':
      return { recipient: inTurn(relayForms, turn) }
    case 'client table': {
      const name = `mail${n}.${pick('refused', 'welcome', 'other')}.test`
      const host = n % 250
      const address = pick(
        `91.1.0.${host}`,
        '91.2.0.10',
        `91.3.0.${host}`,
        `91.4.0.${host}`,
        `91.5.0.${host}`,
        `2001:db8:91::${n}`,
        own.clientAddress,
      )
      return { clientAddress: address, zone: named(address, name, domain), helo: name }
    }
    case 'sender table':
      return {
        sender: inTurn(tabledSenders(domain), turn),
        recipient: pick('ann@example.test', 'nobody@example.test'),
      }
    case 'recipient table':
      return { recipient: inTurn(tabledRecipients, turn) }
    case 'postmaster':
      return {
        helo: pick('-bad-', own.helo),
        sender: pick('', 'x@nowhere.test', own.sender),
        recipient: pick(
          'postmaster',
          'Postmaster',
          'postmaster@example.test',
          'PostMaster@Example.TEST',
          'abuse@example.test',
          'postmaster@elsewhere.test',
        ),
      }
    case 'DNS lists':
      return { zone: { ...own.zone, ...listed(own.clientAddress, domain, random) } }
    case 'bounce':
      return { sender: '', helo: pick(own.helo, 'nobody.nowhere.test', '[90.9.9.9]') }
    default:
      return {}
  }
}

const inTurn = (forms: readonly string[], turn: number) => forms[turn % forms.length] ?? ''

const heloForms = ({ clientAddress, helo }: ReturnType<typeof inOrder>): readonly string[] => [
  'pc',
  'localhost',
  'localhost.localdomain',
  '-bad.test',
  'bad-.test',
  'two..dots.test',
  '.test',
  'under_score.test',
  'a$b.test',
  `${helo}.`,
  helo.toUpperCase(),
  clientAddress,
  '1.2.3',
  '12345',
  `[${clientAddress}]`,
  '[1.2.3]',
  '[1.2.3.4',
  '[IPv6:2001:db8::1]',
  'example.test',
  'mx.example.test',
  `${'a'.repeat(64)}.test`,
]

const senderForms = (domain: string): readonly string[] => [
  'ann',
  'ann@host',
  `ann@${domain}.`,
  `Ann+Tag@${domain.toUpperCase()}`,
  `"ann b"@${domain}`,
  `ann%x@${domain}`,
  `x!ann@${domain}`,
  'ann@[90.1.1.1]',
  'ann@[IPv6:2001:db8::1]',
  'ann@nowhere.test',
  'ann@failing.test',
  'ann@null.test',
  'ann@text.test',
  'ann@six.test',
  'ann@example.test',
  'nobody@example.test',
  `<ann@${domain}`,
  `@a.test,@b.test:ann@${domain}`,
  `${'a'.repeat(70)}@${domain}`,
]

const recipientForms: readonly string[] = [
  'bob@example.test',
  'BOB@EXAMPLE.TEST',
  'ann+folder@example.test',
  'info@example.test',
  'info+x@example.test',
  'nobody@example.test',
  'ann@sub.example.test',
  '"ann"@example.test',
  '"no body"@example.test',
  'ann',
  'ann@host',
  'ann@example.test.',
  'ann@mx.example.test',
  'ann@localhost',
  'ann@',
  '@example.test',
  'ann@@example.test',
  '@a.test,@b.test:ann@example.test',
  'there@partner.test',
  'gone@partner.test',
  'there@sub.partner.test',
  'x@backup.test',
  'x@primary.test',
]

const relayForms: readonly string[] = [
  'x@elsewhere.test',
  'x@nowhere.test',
  'x@failing.test',
  'x%elsewhere.test@example.test',
  'ann%example.test@example.test',
  'elsewhere.test!x@example.test',
  'elsewhere.test!x',
  '@example.test:x@elsewhere.test',
  '"x@elsewhere.test"@example.test',
  '"x@elsewhere.test"',
  'x@elsewhere.test@example.test',
  'x%elsewhere.test',
  'x%elsewhere.test@',
  'x@[93.0.0.2]',
  'x@[127.0.0.1]',
  'x@elsewhere.test.',
  'x%elsewhere.test@partner.test',
  'x%elsewhere.test@backup.test',
]

const tabledSenders = (domain: string): readonly string[] => [
  'x@spam.test',
  'ok@spam.test',
  'x@sub.spam.test',
  'X@Friend.TEST',
  `nobody@${domain}`,
  'x@slow.test',
  'x@closing.test',
  'x@kept.test',
  'x@gone.test',
]

const tabledRecipients: readonly string[] = [
  'closed@example.test',
  'Closed@Example.Test',
  'closed+x@example.test',
  'bob+x@example.test',
  'ann+closed@example.test',
  'ann+open@example.test',
  'later@example.test',
]

/** In some of policyd-weight's lists, and none that the client is not in. */
function listed(address: string, domain: string, random: () => number): DnsZone {
  const reversed = address.split('.').reverse().join('.')
  const all = [
    [`${reversed}.pbl.spamhaus.org`, '127.0.0.10'],
    [`${reversed}.sbl-xbl.spamhaus.org`, '127.0.0.4'],
    [`${reversed}.bl.spamcop.net`, '127.0.0.2'],
    [`${domain}.multi.surbl.org`, '127.0.0.2'],
  ] as const
  const some = all.filter(() => random() < 0.6)
  return Object.fromEntries(some.map(([name, answer]) => [name, { a: [answer] }]))
}
