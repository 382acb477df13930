// How mail is protected that leaves: by what domains publish in the DNS and by HTTPS, by what the administrator wants, and by what its sender
// asks for; with a name server, policy hosts and mail hosts on loopback.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openOutboundTls } from '#services/assembly/outbound-tls.ts'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import type { Contact } from '#shared/contracts/delivery.ts'
import type { SmtpEnvelope } from '#shared/contracts/spool.ts'
import { createAuthority, type Issued } from '#test/support/certificate-authority.ts'
import { type DnsEntry, type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openStartTlsHost, type StartTlsScript } from '#test/support/starttls-host.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const authority = createAuthority()
const right = authority.issue(['mx.there.test'])
const wrong = createAuthority('Other').issue(['mx.there.test'])
const digest = ({ x509 }: Issued) =>
  createHash('sha256')
    .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')

let opened: OpenedEmbedded
let dns: DnsServer
let hosts = new AsyncDisposableStack()
const clock = manualClock(Date.now())
let policyText = ''
let policyPort = 0
const world = new AsyncDisposableStack()

beforeAll(async () => {
  opened = await openEmbedded()
  world.defer(() => opened.close())
  dns = world.use(await startDnsServer())
  const policyHost = createServer(authority.issue(['mta-sts.there.test']), (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(policyText)
  })
  policyHost.listen(0, '127.0.0.1')
  await once(policyHost, 'listening')
  world.defer(() => new Promise((resolve) => void policyHost.close(() => resolve())))
  const address = policyHost.address()
  policyPort = typeof address === 'object' && address !== null ? address.port : 0
})
afterEach(async () => {
  await hosts.disposeAsync()
  hosts = new AsyncDisposableStack()
  // What was found out is believed for five minutes.
  clock.advance(600_000)
})
afterAll(() => world.disposeAsync())

type Told = {
  readonly host?: StartTlsScript
  /** Of there.test, its mail host, and the records of that. */
  readonly zone?: { readonly domain?: DnsEntry; readonly mx?: DnsEntry; readonly tlsa?: DnsEntry }
  readonly set?: readonly string[]
  readonly envelope?: Partial<SmtpEnvelope>
  readonly text?: string
  readonly waitedMs?: number
}

const signed = { isSecure: true } as const

async function send({
  host: script,
  zone = {},
  set = [],
  envelope = {},
  text = 'Subject: x\r\n\r\nx\r\n',
  waitedMs = 0,
}: Told) {
  const host = hosts.use(await openStartTlsHost({ pair: right, ...script }))
  dns.set('there.test', { mx: ['10 mx.there.test'], ttlSeconds: 0, ...zone.domain })
  dns.set('mx.there.test', { a: ['127.0.0.1'], ttlSeconds: 0, ...zone.mx })
  dns.set(`_${host.port}._tcp.mx.there.test`, { ttlSeconds: 0, ...zone.tlsa })
  const { backend, accept } = createPipeline(opened.store, clock, {
    set: [
      `dnsServers=${dns.address}`,
      `dnssecServers=${dns.address}`,
      'privateDestinationNetworks=127.0.0.0/8',
      ...set,
    ],
  })
  const queueId = await accept(text, ['x@there.test'], { envelope })
  const [message] = await backend.queue.load([queueId])
  if (message === undefined) throw new Error('not queued')
  clock.advance(waitedMs)
  const secrets = { relayhostAuth: null, tlsCa: authority.cert }
  const tls = openOutboundTls(backend, { ca: authority.cert, port: policyPort })
  const remote = openRemoteDelivery(backend, secrets, { tls })
  const contacts: Contact[] = []
  const recipients = [
    {
      address: 'x@there.test',
      original: 'x@there.test',
      notify: [],
      originalRecipient: null,
      accountId: null,
      extension: null,
    },
  ]
  const route = routeTo(`there.test:${host.port}`)
  const { results, destination } = await remote.deliver(message, route, recipients, (contact) => {
    contacts.push(contact)
  })
  remote.close()
  const [result] = results
  return { result, destination, host, tls: contacts[0]?.tls ?? 'clear' }
}

/** In short: how it was protected, or why it was not sent. */
async function outcome(told: Told): Promise<string> {
  const { result, tls } = await send(told)
  return result?.kind === 'delivered'
    ? (tls.split(' ')[0] ?? '')
    : `${result?.kind} ${result?.status}`
}

describe('TLSA records', () => {
  const tlsa = (pair: Issued, usage = 3): DnsEntry => ({
    ...signed,
    tlsa: [`${usage} 1 1 ${digest(pair)}`],
  })
  const all = { domain: signed, mx: signed }

  it.each<[string, Told, string]>([
    ['that fit', { zone: { ...all, tlsa: tlsa(wrong) }, host: { pair: wrong } }, 'Verified'],
    [
      'that fit, where the way to the host is not signed',
      { zone: { mx: signed, tlsa: tlsa(wrong) }, host: { pair: wrong } },
      'Trusted',
    ],
    ['of another key', { zone: { ...all, tlsa: tlsa(wrong) } }, 'deferred 4.7.5'],
    [
      'of another key, of a host that is not signed',
      { zone: { domain: signed, tlsa: tlsa(wrong) } },
      'Trusted',
    ],
    [
      'of another key, not signed',
      { zone: { ...all, tlsa: { tlsa: [`3 1 1 ${digest(wrong)}`] } } },
      'Trusted',
    ],
    ['that do not come', { zone: { ...all, tlsa: { rcode: 'SERVFAIL' } } }, 'deferred 4.7.5'],
    [
      'of a usage for others',
      { zone: { ...all, tlsa: tlsa(wrong, 1) }, host: { pair: wrong } },
      'Untrusted',
    ],
    [
      'of a usage for others, and no TLS',
      { zone: { ...all, tlsa: tlsa(wrong, 1) }, host: { offers: [] } },
      'deferred 4.7.4',
    ],
    ['and no TLS', { zone: { ...all, tlsa: tlsa(right) }, host: { offers: [] } }, 'deferred 4.7.4'],
    [
      'and TLS refused',
      { zone: { ...all, tlsa: tlsa(right) }, host: { startTls: '454 4.7.0 not now' } },
      'deferred 4.7.0',
    ],
    [
      'and the connection lost',
      { zone: { ...all, tlsa: tlsa(right) }, host: { startTls: null } },
      'deferred 4.4.2',
    ],
    [
      'and none, where only they count',
      { zone: all, set: ['smtpTlsSecurityLevel=dane-only'] },
      'deferred 4.7.5',
    ],
  ])('%s', async (_, told, expected) => {
    expect(await outcome(told)).toBe(expected)
  })

  it('name the host in the handshake, and in what is told', async () => {
    const { host, result } = await send({ zone: { ...all, tlsa: tlsa(wrong) } })
    expect(host.servernames).toEqual(['mx.there.test'])
    expect(result).toMatchObject({
      reply: `Server certificate not verified: host mx.there.test[127.0.0.1]:${host.port}, its certificate is not that of its TLSA records (smtpTlsSecurityLevel dane, TLSA records of mx.there.test)`,
    })
  })
})

describe('opportunistic TLS', () => {
  it.each<[string, Told, string]>([
    ['is used whoever it is', { host: { pair: wrong } }, 'Untrusted'],
    ['is done without where it is not offered', { host: { offers: [] } }, 'clear'],
    ['is done without where it is refused', { host: { startTls: '454 4.7.0 not now' } }, 'clear'],
    [
      'is waited for where it breaks',
      { host: { instead: (socket) => socket.destroy() } },
      'deferred 4.7.5',
    ],
    [
      'is waited for where something else comes',
      { host: { instead: (socket) => void socket.write('250 what?\r\n') } },
      'deferred 4.7.5',
    ],
    [
      'is waited for where the connection is lost before',
      { host: { startTls: null } },
      'deferred 4.4.2',
    ],
    [
      'is done without where it has broken for five minutes',
      { host: { instead: (socket) => socket.destroy() }, waitedMs: 300_000 },
      'clear',
    ],
  ])('%s', async (_, told, expected) => {
    expect(await outcome(told)).toBe(expected)
  })

  it('that broke is tried in clear after five minutes, by a fresh connection', async () => {
    const { host } = await send({
      host: { instead: (socket) => socket.destroy() },
      waitedMs: 300_000,
    })
    expect(host.servernames.length).toBe(2)
  })
})

describe('MTA-STS', () => {
  const policy = (mode: string, mx = 'mx.there.test') =>
    `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: 604800\n`
  let id = 0
  const publish = (text: string) => {
    policyText = text
    dns.set('mta-sts.there.test', { a: ['127.0.0.1'], ttlSeconds: 0 })
    dns.set('_mta-sts.there.test', { txt: [`v=STSv1; id=${++id};`], ttlSeconds: 0 })
  }
  afterAll(async () => {
    publish(policy('none'))
    await outcome({})
    dns.delete('_mta-sts.there.test')
  })

  it.each<[string, string, Told, string]>([
    ['in force, of a host that fits', policy('enforce'), {}, 'Verified'],
    [
      'in force, of a certificate that does not',
      policy('enforce'),
      { host: { pair: wrong } },
      'deferred 4.7.5',
    ],
    ['in force, of another name', policy('enforce', '*.elsewhere.test'), {}, 'deferred 4.7.5'],
    ['in force, of no TLS', policy('enforce'), { host: { offers: [] } }, 'deferred 4.7.4'],
    [
      'in force, and not obeyed',
      policy('enforce'),
      { host: { pair: wrong }, set: ['smtpMtaSts=no'] },
      'Untrusted',
    ],
    ['in testing', policy('testing', '*.elsewhere.test'), { host: { pair: wrong } }, 'Untrusted'],
    ['of none', policy('none'), { host: { offers: [] } }, 'clear'],
    [
      'in force, beside TLSA records that fit',
      policy('enforce', '*.elsewhere.test'),
      {
        host: { pair: wrong },
        zone: { domain: signed, mx: signed, tlsa: { ...signed, tlsa: [`3 1 1 ${digest(wrong)}`] } },
      },
      'Verified',
    ],
    [
      'in force, beside TLSA records that do not fit',
      policy('enforce'),
      {
        zone: { domain: signed, mx: signed, tlsa: { ...signed, tlsa: [`3 1 1 ${digest(wrong)}`] } },
      },
      'deferred 4.7.5',
    ],
  ])('%s', async (_, text, told, expected) => {
    publish(text)
    expect(await outcome(told)).toBe(expected)
  })

  it('outlives its record, also in another process', async () => {
    publish(policy('enforce'))
    expect(await outcome({})).toBe('Verified')
    dns.delete('_mta-sts.there.test')
    policyText = ''
    expect(await outcome({ host: { offers: [] } })).toBe('deferred 4.7.4')
    const { result } = await send({ host: { offers: [] } })
    expect(result).toMatchObject({ reply: expect.stringContaining('MTA-STS policy of there.test') })
  })
})

describe('smtpTlsPolicyMaps', () => {
  it.each<[string, StartTlsScript, string]>([
    ['none', {}, 'clear'],
    ['encrypt', { pair: wrong }, 'Untrusted'],
    ['verify', {}, 'Verified'],
    ['secure', {}, 'Verified'],
    ['secure match=nexthop', {}, 'deferred 4.7.5'],
    [`fingerprint match=${digest(wrong)}`, { pair: wrong }, 'Verified'],
    [`fingerprint match=${digest(wrong)}`, {}, 'deferred 4.7.5'],
    ['encrypt protocols=TLSv1.3', { pair: { ...right, maxVersion: 'TLSv1.2' } }, 'deferred 4.7.5'],
    ['secret', {}, 'deferred 4.7.5'],
  ])('%s', async (policy, host, expected) => {
    const set = [`smtpTlsPolicyMaps=inline:{ {there.test = ${policy}} }`]
    expect(await outcome({ host, set })).toBe(expected)
  })
})

describe('REQUIRETLS', () => {
  const envelope = { requireTls: true, sender: 'ann@here.test' }
  const all = { domain: signed, mx: signed }
  const offersInTls = ['REQUIRETLS']

  it.each<[string, Told, string]>([
    [
      'is said to a host that offers it and is who it is',
      { zone: all, host: { offersInTls } },
      'Verified',
    ],
    ['is not offered', { zone: all }, 'failed 5.7.30'],
    ['and no TLS', { zone: all, host: { offers: ['REQUIRETLS'] } }, 'failed 5.7.10'],
    ['and another certificate', { zone: all, host: { pair: wrong, offersInTls } }, 'failed 5.7.10'],
    ['and a way that nobody has signed', { host: { offersInTls } }, 'failed 5.7.10'],
  ])('%s', async (_, told, expected) => {
    expect(await outcome({ ...told, envelope })).toBe(expected)
  })

  it('is said with MAIL, and a notice without a sender is not lost for it', async () => {
    const { host } = await send({ zone: all, host: { offersInTls }, envelope })
    expect(host.lines).toContainEqual(
      expect.stringMatching(/^TLS MAIL FROM:<ann@here.test>.* REQUIRETLS/),
    )
    const notice = { requireTls: true, sender: '' }
    expect(await outcome({ zone: all, envelope: notice })).toBe('Trusted')
  })
})

describe('TLS-Required: No', () => {
  const domains = {
    domain: signed,
    mx: signed,
    tlsa: { ...signed, tlsa: [`3 1 1 ${digest(wrong)}`] },
  }
  const text = (value: string) => `Subject: x\r\nTLS-Required:${value}\r\n\r\nx\r\n`

  it.each<[string, Told, string]>([
    ['takes TLS as it is', { text: text(' No') }, 'Trusted'],
    ['goes in clear where there is none', { text: text(' no'), host: { offers: [] } }, 'clear'],
    [
      'goes before the policy of the administrator',
      { text: text('No'), set: ['smtpTlsSecurityLevel=secure'], host: { offers: [] } },
      'clear',
    ],
    [
      'is nothing beside REQUIRETLS',
      { text: text(' No'), envelope: { requireTls: true, sender: 'ann@here.test' } },
      'failed 5.7.10',
    ],
    ['is nothing with another word', { text: text(' Yes') }, 'deferred 4.7.5'],
    [
      'is nothing below the header',
      { text: `Subject: x\r\n\r\nTLS-Required: No\r\n` },
      'deferred 4.7.5',
    ],
  ])('%s', async (_, told, expected) => {
    expect(await outcome({ zone: domains, ...told })).toBe(expected)
  })
})
