// STARTTLS at every level before hosts that break each step of it, and what becomes of the mail: beside Debian's Postfix before the same
// hosts. Kind, status and verdict are the same; where ours differ on purpose `differently` says so.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import { createSecurityOf } from '#services/delivery/remote/tls/policies.ts'
import { eventually } from '#test/support/accounts.ts'
import { createAuthority } from '#test/support/certificate-authority.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { inlineMaps, tableRef } from '#test/support/inline-maps.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { textMessage } from '#test/support/outbound-text.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
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

const authority = createAuthority()
const right = authority.issue(['localhost'])
const fingerprint = createHash('sha256')
  .update(right.x509.raw)
  .digest('hex')
  .toUpperCase()
  .replace(/..(?=.)/g, '$&:')

const levels: { readonly [level: string]: string } = {
  none: 'none',
  may: 'may',
  encrypt: 'encrypt',
  verify: 'verify',
  secure: 'secure match=localhost',
  fingerprint: `fingerprint match=${fingerprint}`,
}

const hosts: { readonly [name: string]: StartTlsScript } = {
  'a good certificate': { pair: right },
  'a certificate of another name': { pair: authority.issue(['x.test']) },
  'a certificate of another authority': { pair: createAuthority('Other').issue(['localhost']) },
  'a certificate that has expired': {
    pair: authority.issue(['localhost'], { notAfter: new Date(Date.now() - 3_600_000) }),
  },
  'no STARTTLS': { offers: [] },
  'STARTTLS 454': { startTls: '454 4.7.0 not now' },
  'STARTTLS 500': { startTls: '500 5.5.1 what' },
  'STARTTLS EOF': { startTls: null },
  'an end in place of the handshake': { instead: (socket) => socket.destroy() },
  'something else in place of the handshake': {
    instead: (socket) => void socket.write('250 what is that supposed to be?\r\n'),
  },
}

const names = Object.keys(levels).flatMap((level) =>
  Object.keys(hosts).map((host) => `${level}, ${host}`),
)

const differently: { readonly [name: string]: string } = Object.fromEntries(
  // Postfix returns mail because of a 5xx to STARTTLS; the host may have TLS tomorrow.
  ['encrypt', 'verify', 'secure', 'fingerprint'].map((level) => [
    `${level}, STARTTLS 500`,
    'deferred 4.5.1',
  ]),
)

const MESSAGE = 'From: bob@here.test\r\nTo: x@there.test\r\nSubject: hello\r\n\r\nHello.\r\n'

describe.skipIf(!hasPostfix())('TLS, as with Postfix', { timeout: 60_000 }, () => {
  const resources = new AsyncDisposableStack()
  const postfixes = new Map<string, string>()
  const opened = new Map<string, StartTlsHost>()

  beforeAll(async () => {
    const { path } = resources.use(await temporaryFolder())
    const port = await freePort()
    for (const name of names) {
      const script = hosts[name.slice(name.indexOf(', ') + 2)]
      opened.set(name, resources.use(await openStartTlsHost(script)))
    }
    await writeFile(join(path, 'authority.pem'), authority.cert)
    const hopOf = (name: string) => `[localhost]:${opened.get(name)?.port}`
    const policyOf = (name: string) => levels[name.slice(0, name.indexOf(','))]
    resources.use(
      await startPostfix(path, [{ port, settings: {} }], {
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
          smtp_host_lookup: 'native',
          transport_maps: `inline:{ ${names.map((name, i) => `{ case${i}.test = smtp:${hopOf(name)} }`).join(', ')}, { here.test = discard: } }`,
          smtp_tls_policy_maps: `inline:{ ${names.map((name) => `{ ${hopOf(name)} = ${policyOf(name)} }`).join(', ')} }`,
          smtp_tls_CAfile: join(path, 'authority.pem'),
          smtp_tls_fingerprint_digest: 'sha256',
          smtp_tls_loglevel: '1',
          smtp_connection_cache_on_demand: 'no',
        },
      }),
    )
    for (const i of names.keys()) {
      await using client = await SmtpClient.open(port)
      await client.hello()
      await client.envelope('bob@here.test', [`x@case${i}.test`])
      expect((await client.data(MESSAGE)).code).toBe(250)
    }
    await eventually('Postfix is done with all of them', async () => {
      const log = await readFile(join(path, 'log'), 'utf8')
      const verdicts = new Map(
        [
          ...log.matchAll(/(\w+) TLS connection established to localhost\[127\.0\.0\.1\]:(\d+)/g),
        ].map(([, verdict, at]) => [Number(at), verdict]),
      )
      for (const [, i, dsn, status] of log.matchAll(
        /to=<x@case(\d+)\.test>,.* dsn=([\d.]+), status=(\w+)/g,
      )) {
        const name = names[Number(i)] ?? ''
        const verdict = verdicts.get(opened.get(name)?.port ?? 0) ?? 'clear'
        postfixes.set(name, status === 'sent' ? `sent ${verdict}` : `${status} ${dsn}`)
      }
      return postfixes.size === names.length
    })
  }, 120_000)
  afterAll(() => resources.disposeAsync())

  it.each(names)('%s', async (name) => {
    const host = opened.get(name)
    if (host === undefined) throw new Error(name)
    const policyMaps = [tableRef(`static:{ ${levels[name.slice(0, name.indexOf(','))]} }`)]
    const securityOf = createSecurityOf({
      options: tlsPolicyOptions({ ca: authority.cert, policyMaps }),
      maps: inlineMaps,
      dane: null,
      sts: null,
    })
    const zone = { localhost: { a: ['192.0.2.1'] } }
    const way = remoteWay(createFakeResolver(zone), dialling({ '192.0.2.1': host }), { securityOf })
    let verdict = 'clear'
    const { results } = await createSmtpTransport(way).deliver({
      queueId: '01ARZ3NDEKTSV4RRFF',
      route: routeTo(`[localhost]:${host.port}`),
      sender: 'bob@here.test',
      recipients: [{ address: 'x@there.test', notify: [], originalRecipient: null }],
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
    const told = result.kind === 'delivered' ? `sent ${verdict}` : `${result.kind} ${result.status}`
    expect(told).toBe(differently[name] ?? postfixes.get(name))
  })
})
