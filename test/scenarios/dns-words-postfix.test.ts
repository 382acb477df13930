// What words that ask the DNS say, beside Debian's Postfix with the same name server: replies are the same, word by word.

import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type DnsServer, type DnsZone, startDnsServer } from '#test/support/dns-server.ts'
import { createPipeline, type Pipeline } from '#test/support/pipeline.ts'
import { recipientRequest, stranger } from '#test/support/policy-facts.ts'
import { hasPostfixWithDns, startPostfix } from '#test/support/postfix.ts'
import { freePort } from '#test/support/server-process.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** Clients come from loopback addresses, which have names here. */
const zone: DnsZone = {
  '127.0.0.11': { ptr: ['mx.good.test'] },
  '127.0.0.12': { ptr: ['forged.test'] },
  '127.0.0.13': { ptr: ['gone.test'] },
  '127.0.0.14': { rcode: 'SERVFAIL' },
  '127.0.0.15': { ptr: ['broken.test'] },
  '127.0.0.17': { ptr: ['127.0.0.17'] },
  'good.test': { a: ['127.0.0.11'], mx: ['10 mx.good.test'], ns: ['ns1.good.test'] },
  'mx.good.test': { a: ['127.0.0.11'] },
  'ns1.good.test': { a: ['192.0.2.53'] },
  'forged.test': { a: ['127.0.0.11'] },
  'broken.test': { rcode: 'SERVFAIL' },
  'refused.test': { rcode: 'REFUSED' },
  'a.test': { a: ['192.0.2.21'] },
  'six.test': { aaaa: ['2001:db8::1'] },
  'null.test': { mx: ['0 .'], a: ['192.0.2.1'] },
  'text.test': { txt: ['nothing else'] },
  'bad.test': { mx: ['10 bad$name.test'], a: ['192.0.2.1'] },
  'numeric.test': { mx: ['10 192.0.2.1'] },
  'alias.test': { cname: 'a.test' },
  'circle.test': { cname: 'circle.test' },
  'cut.test': { mx: ['10 mx.good.test'], manner: 'truncated' },
  'mxbroken.test': { mx: ['10 broken.test'] },
  'spam.test': { mx: ['10 mx1.spam-haus.test'], ns: ['ns.spam-dns.test'] },
  'mx1.spam-haus.test': { a: ['192.0.2.25'] },
  'ns.spam-dns.test': { a: ['192.0.2.26'] },
  'www.spam.test': { a: ['192.0.2.21'] },
  'backup.test': { mx: ['10 mx.good.test', '20 mx.example.test'] },
  'primary.test': { mx: ['10 mx.example.test', '20 mx.good.test'] },
  'backupbroken.test': { mx: ['10 broken.test', '20 mx.example.test'] },
  'mx.example.test': { a: ['127.0.0.1'] },
}

type Case = {
  readonly address?: string
  readonly helo?: string
  readonly sender?: string
  readonly recipient?: string
}

const clients: Case[] = [11, 12, 13, 14, 15, 16, 17].map((n) => ({ address: `127.0.0.${n}` }))
const names = ['good', 'a', 'six', 'null', 'text', 'bad', 'numeric', 'alias', 'circle', 'cut']
const domains = [
  ...[...names, 'absent', 'broken', 'refused', 'mxbroken', 'spam', 'www.spam'].map(
    (name) => `${name}.test`,
  ),
  ...['example.test', '[127.0.0.1]', 'x_y.test'],
]
const hosts = [
  ...domains,
  ...[
    'good.test.',
    'mx',
    '192.0.2.1',
    '[192.0.2]',
    '[IPv6:2001:db8::1]',
    '[2001:db8::1]',
    '-x.test',
  ],
  ...['x-.test', 'x..test', '.test', 'x.test..', '1234', '12.34', 'a$b.test', '3.test'],
  `${'a'.repeat(64)}.test`,
]
const helos: Case[] = hosts.map((helo) => ({ helo }))
const senders: Case[] = [...domains.map((domain) => ({ sender: `s@${domain}` })), { sender: '' }]
const recipients: Case[] = ['backup', 'primary', 'backupbroken', 'good', 'absent', 'null'].map(
  (name) => ({ recipient: `r@${name}.test` }),
)
const table =
  'inline:{ { 127.0.0.1 = 550 5.7.1 loop }, { spam-haus.test = REJECT haus }, { spam-dns.test = REJECT dns }, { 192.0.2.21 = REJECT addr }, { good.test = REJECT good }, { 127.0.0.11 = REJECT eleven } }'
const kinds = ['a', 'mx', 'ns']
const tablesOf = (subject: string, cases: readonly Case[]): [string, readonly Case[]][] =>
  kinds.map((kind) => [`check_${subject}_${kind}_access ${table}`, cases])

const worlds: readonly (readonly [list: string, cases: readonly Case[]])[] = [
  ['reject_unknown_client_hostname', clients],
  ['reject_unknown_reverse_client_hostname', clients],
  ['reject_invalid_helo_hostname', helos],
  ['reject_non_fqdn_helo_hostname', helos],
  ['reject_unknown_helo_hostname', helos],
  ['reject_unknown_sender_domain', senders],
  ['reject_unknown_sender_domain, reject', senders],
  ['warn_if_reject reject_unknown_sender_domain', senders],
  ['reject_unknown_recipient_domain', recipients],
  ['permit_mx_backup, reject', recipients],
  ...tablesOf('client', clients),
  ...tablesOf('reverse_client_hostname', clients),
  ...tablesOf('helo', [{ helo: 'spam.test' }, { helo: 'www.spam.test' }, { helo: '[127.0.0.1]' }]),
  ...tablesOf('sender', senders),
]

const codes = {
  unknown_client_reject_code: '550',
  unknown_hostname_reject_code: '550',
  unknown_address_reject_code: '550',
}
const ourName = (parameter: string) => parameter.replace(/_([a-z])/g, (_, c) => c.toUpperCase())

const canRun = await hasPostfixWithDns()

describe.skipIf(!canRun)('words that ask the DNS beside Postfix', () => {
  const resources = new AsyncDisposableStack()
  let server: DnsServer
  let ports: readonly number[]
  let pipelines: readonly Pipeline[]

  beforeAll(async () => {
    // Resolvers of the system ask at port 53 alone.
    const host = `127.53.${randomInt(1, 250)}.${randomInt(1, 250)}`
    server = resources.use(await startDnsServer(zone, { host, port: 53 }))
    const opened = await openEmbedded()
    resources.defer(() => opened.close())
    pipelines = worlds.map(([list]) =>
      createPipeline(opened.store, systemClock, {
        set: [
          'policyPreset=open',
          'mynetworks=127.0.0.0/8',
          `dnsServers=${server.address}`,
          `smtpdRecipientRestrictions=${list}`,
          ...Object.entries(codes).map(([name, code]) => `${ourName(name)}=${code}`),
        ],
      }),
    )
    await pipelines[0]?.addAccount('all@example.test')
    await pipelines[0]?.addAlias('@example.test', ['all@example.test'])
    const { path } = resources.use(await temporaryFolder())
    const services = await Promise.all(
      worlds.map(async ([list]) => ({
        port: await freePort(),
        settings: {
          smtpd_recipient_restrictions: list,
          smtpd_relay_restrictions: 'permit_mynetworks, reject',
          smtpd_peername_lookup: 'yes',
          smtpd_authorized_xclient_hosts: '',
          mynetworks: '127.0.0.0/8',
          ...codes,
        },
      })),
    )
    ports = services.map(({ port }) => port)
    resources.use(await startPostfix(path, services, { nameServer: host }))
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  it.each(worlds.map(([list, cases], n) => ({ list, cases, n })))(
    'answer the same: $list',
    async ({ cases, n }) => {
      for (const one of cases) {
        const theirs = await askPostfix(ports[n] ?? 0, one)
        expect(await askUs(n, one), JSON.stringify(one)).toBe(theirs)
      }
    },
    120_000,
  )

  async function askUs(n: number, one: Case): Promise<string> {
    const pipeline = pipelines[n]
    if (pipeline === undefined) throw new Error('no such world')
    const { address, helo, ...mail } = { ...usual, ...one }
    const origin = { ...stranger, remoteAddress: address, helo }
    const verdict = await assemblePolicy(pipeline.backend).recipient(
      recipientRequest({ origin, ...mail }),
    )
    if (verdict.kind !== 'reject') return '250'
    const { code, status, text } = verdict.reply
    return `${code} ${status} ${text}`
  }
})

const usual = {
  address: '127.0.0.11',
  helo: 'good.test',
  sender: 's@good.test',
  recipient: 'r@example.test',
}

/** The reply to RCPT. */
async function askPostfix(port: number, one: Case): Promise<string> {
  const { address, helo, sender, recipient } = { ...usual, ...one }
  const socket = connect({ port, host: '127.0.0.1', localAddress: address })
  const commands = [`HELO ${helo}`, `MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`]
  let reply = ''
  for await (const chunk of socket) {
    reply += chunk
    if (!/^\d{3} .*\r\n$/m.test(reply)) continue
    const command = commands.shift()
    if (command === undefined) break
    socket.write(`${command}\r\n`)
    reply = ''
  }
  return reply.startsWith('2') ? '250' : reply.trimEnd()
}
