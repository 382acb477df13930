// TLSA records of every kind, and what becomes of the mail: beside Debian's Postfix before the same hosts and the same name server.

import { createHash, randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import { createDane } from '#services/delivery/remote/tls/dane.ts'
import { createSecurityOf } from '#services/delivery/remote/tls/policies.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { createValidatedResolver } from '#shared/dns/validated-resolver.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { eventually } from '#test/support/accounts.ts'
import { createAuthority, type Issued } from '#test/support/certificate-authority.ts'
import { type DnsEntry, type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { inlineMaps } from '#test/support/inline-maps.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { textMessage } from '#test/support/outbound-text.ts'
import { hasPostfixWithDns, startPostfix } from '#test/support/postfix.ts'
import { dialling, remoteWay } from '#test/support/remote-way.ts'
import { freePort } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import {
  openStartTlsHost,
  type StartTlsHost,
  type StartTlsScript,
} from '#test/support/starttls-host.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { tlsPolicyOptions } from '#test/support/tls-policies.ts'

/** Postfix asks at port 53. */
const NAME_SERVER = { host: `127.53.${randomInt(1, 250)}.${randomInt(1, 250)}`, port: 53 }

const authority = createAuthority()
const middle = authority.issueAuthority('Middle')
const stranger = createAuthority('Stranger')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const key = ({ x509 }: Pick<Issued, 'x509'>) =>
  sha256(x509.publicKey.export({ type: 'spki', format: 'der' }))

type Case = {
  readonly level?: 'dane-only'
  /** Of its mail host; default: without a certificate that anybody trusts. */
  readonly host?: (name: string) => StartTlsScript
  readonly tlsa?: (name: string, pair: Issued) => DnsEntry
  /** Default: domain and host. */
  readonly signed?: readonly ('domain' | 'host')[]
}

const pairs = new Map<string, Issued>()
const ownPair = (name: string) => {
  const pair = pairs.get(name) ?? stranger.issue([name])
  pairs.set(name, pair)
  return pair
}
const below = (name: string, names = [name]) => {
  const { cert, key: own } = middle.issue(names)
  return { pair: { cert: cert + middle.cert, key: own } }
}
const records = (...tlsa: readonly string[]): DnsEntry => ({ isSecure: true, tlsa })
const other = key(authority)

const cases: { readonly [name: string]: Case } = {
  'of its key': { tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`) },
  'of its certificate': { tlsa: (_, { x509 }) => records(`3 0 1 ${sha256(x509.raw)}`) },
  'of another key': { tlsa: () => records(`3 1 1 ${other}`) },
  'of another key and of its own': {
    tlsa: (_, pair) => records(`3 1 1 ${other}`, `3 1 1 ${key(pair)}`),
  },
  'of its authority': { host: below, tlsa: () => records(`2 0 1 ${sha256(middle.x509.raw)}`) },
  'of its authority, another name': {
    host: (name) => below(name, ['elsewhere.test']),
    tlsa: () => records(`2 0 1 ${sha256(middle.x509.raw)}`),
  },
  'of its authority, the name of the domain': {
    host: (name) => below(name, [name.replace(/^mx\./, '')]),
    tlsa: () => records(`2 1 1 ${key(middle)}`),
  },
  'of another authority': {
    host: below,
    tlsa: () => records(`2 0 1 ${sha256(stranger.x509.raw)}`),
  },
  'of a usage for others': { tlsa: () => records(`1 1 1 ${other}`) },
  'of a usage for others, no TLS': {
    tlsa: () => records(`1 1 1 ${other}`),
    host: () => ({ offers: [] }),
  },
  'that do not come': { tlsa: () => ({ rcode: 'SERVFAIL' }) },
  'that nobody signed': { tlsa: () => ({ tlsa: [`3 1 1 ${other}`] }) },
  'of its key, the domain not signed': {
    tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`),
    signed: ['host'],
  },
  'of another key, the domain not signed': {
    tlsa: () => records(`3 1 1 ${other}`),
    signed: ['host'],
  },
  'of another key, the host not signed': {
    tlsa: () => records(`3 1 1 ${other}`),
    signed: ['domain'],
  },
  'of its key, no TLS': {
    tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`),
    host: () => ({ offers: [] }),
  },
  'of its key, TLS refused': {
    tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`),
    host: (name) => ({ pair: ownPair(name), startTls: '454 4.7.0 not now' }),
  },
  none: {},
  'none, no TLS': { host: () => ({ offers: [] }) },
  'none, where only they count': { level: 'dane-only' },
  'of its key, where only they count': {
    level: 'dane-only',
    tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`),
  },
  'of its key, where only they count, the domain not signed': {
    level: 'dane-only',
    tlsa: (_, pair) => records(`3 1 1 ${key(pair)}`),
    signed: ['host'],
  },
}
const names = Object.keys(cases)
const domainOf = (i: number) => `case${i}.test`
const MESSAGE = 'From: bob@here.test\r\nTo: x@there.test\r\nSubject: hello\r\n\r\nHello.\r\n'

describe.skipIf(!(await hasPostfixWithDns()))(
  'DANE, as with Postfix: TLSA records',
  { timeout: 60_000 },
  () => {
    const resources = new AsyncDisposableStack()
    const postfixes = new Map<string, string>()
    const hosts: StartTlsHost[] = []
    let dns: DnsServer

    beforeAll(async () => {
      const { path } = resources.use(await temporaryFolder())
      dns = resources.use(await startDnsServer({}, NAME_SERVER))
      for (const [i, name] of names.entries()) {
        const { host, tlsa, signed = ['domain', 'host'] } = cases[name] ?? {}
        const mx = `mx.${domainOf(i)}`
        const pair = ownPair(mx)
        const opened = resources.use(await openStartTlsHost(host?.(mx) ?? { pair }))
        hosts.push(opened)
        dns.set(domainOf(i), {
          mx: [`10 ${mx}`],
          ...(signed.includes('domain') && { isSecure: true }),
        })
        dns.set(mx, { a: ['127.0.0.1'], ...(signed.includes('host') && { isSecure: true }) })
        if (tlsa !== undefined) dns.set(`_${opened.port}._tcp.${mx}`, tlsa(mx, pair))
      }
      const hopOf = (i: number) => `${domainOf(i)}:${hosts[i]?.port}`
      const only = names.flatMap((name, i) =>
        cases[name]?.level === undefined ? [] : [`{ ${hopOf(i)} = dane-only }`],
      )
      // Behind the hosts: one of them could have been given it.
      const port = await freePort()
      resources.use(
        await startPostfix(path, [{ port, settings: {} }], {
          nameServer: NAME_SERVER.host,
          programs: [
            'smtp unix - - n - 200 smtp',
            'retry unix - - n - - error',
            'scache unix - - n - 1 scache',
            'tlsmgr unix - - n 1000? 1 tlsmgr',
          ],
          settings: {
            myhostname: 'mail.here.test',
            mynetworks: '127.0.0.1',
            smtpd_relay_restrictions: 'permit_mynetworks, reject',
            default_transport: 'smtp',
            inet_protocols: 'ipv4',
            smtp_dns_support_level: 'dnssec',
            smtp_tls_security_level: 'dane',
            smtp_tls_policy_maps: `inline:{ ${only.join(', ')} }`,
            transport_maps: `inline:{ ${names.map((_, i) => `{ ${domainOf(i)} = smtp:${hopOf(i)} }`).join(', ')}, { here.test = discard: } }`,
            smtp_tls_loglevel: '1',
            smtp_connection_cache_on_demand: 'no',
          },
        }),
      )
      for (const i of names.keys()) {
        await using client = await SmtpClient.open(port)
        await client.hello()
        await client.envelope('bob@here.test', [`x@${domainOf(i)}`])
        expect((await client.data(MESSAGE)).code).toBe(250)
      }
      await eventually('Postfix is done with all of them', async () => {
        const log = await readFile(join(path, 'log'), 'utf8')
        const verdicts = new Map(
          [...log.matchAll(/(\w+) TLS connection established to [^:]*\[127\.0\.0\.1\]:(\d+)/g)].map(
            ([, verdict, at]) => [Number(at), verdict],
          ),
        )
        for (const [, i, dsn, status] of log.matchAll(
          /to=<x@case(\d+)\.test>,.* dsn=([\d.]+), status=(\w+)/g,
        )) {
          const verdict = verdicts.get(hosts[Number(i)]?.port ?? 0) ?? 'clear'
          postfixes.set(
            names[Number(i)] ?? '',
            status === 'sent' ? `sent ${verdict}` : `${status} ${dsn}`,
          )
        }
        return postfixes.size === names.length
      })
    }, 120_000)
    afterAll(() => resources.disposeAsync())

    it.each(names)('%s', async (name) => {
      const i = names.indexOf(name)
      const host = hosts[i]
      if (host === undefined) throw new Error(name)
      const asked = { servers: [dns.address], timeoutMs: 5_000, tries: 1 }
      const securityOf = createSecurityOf({
        options: tlsPolicyOptions({ level: cases[name]?.level ?? 'dane' }),
        maps: inlineMaps,
        dane: createDane({ dns: createValidatedResolver({ ...asked, clock: systemClock }) }),
        sts: null,
      })
      const way = remoteWay(createSystemResolver(asked), dialling({ '127.0.0.1': host }), {
        securityOf,
      })
      let verdict = 'clear'
      const { results } = await createSmtpTransport({ ...way, targets: () => 'public' }).deliver({
        queueId: '01ARZ3NDEKTSV4RRFF',
        route: routeTo(`${domainOf(i)}:${host.port}`),
        sender: 'bob@here.test',
        recipients: [{ address: `x@${domainOf(i)}`, notify: [], originalRecipient: null }],
        dsnReturn: null,
        dsnEnvelopeId: null,
        requireTls: false,
        ageMs: 0,
        openMessage: async () => textMessage(MESSAGE),
        onContact: ({ tls = 'clear' }) => {
          verdict = tls.split(' ')[0] ?? ''
        },
      })
      const [result] = results
      if (result === undefined) throw new Error('no result')
      const told =
        result.kind === 'delivered' ? `sent ${verdict}` : `${result.kind} ${result.status}`
      expect(told).toBe(postfixes.get(name))
    })
  },
)
