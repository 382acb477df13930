// Certificates on one machine from a real authority (pebble), by each kind of challenge: a file over HTTP, a certificate over TLS on the
// port that serves others at the same time, and records that BIND takes by signed updates or by a program.

import { X509Certificate } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAcme } from '#services/assembly/acme.ts'
import { createBackend } from '#services/assembly/backend.ts'
import { type HttpServer, openHttpServer } from '#services/http/server.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { openCertificateSource } from '#shared/net/tls/certificate-source.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { isNamedInstalled, type Named, startNamed } from '#test/support/acme/named.ts'
import { isPebbleInstalled, type Pebble, startPebble } from '#test/support/acme/pebble.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { freePort } from '#test/support/server-process.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

/** Real time; pauses are cut short, but for those of the next look. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => systemClock.sleep(ms > 60_000 ? ms : Math.min(ms, 20), signal),
}

describe.skipIf(!isPebbleInstalled() || !isNamedInstalled())('a certificate of one machine', () => {
  let named: Named
  let pebble: Pebble
  let http: HttpServer
  let tls: HttpServer
  let handler: WebHandler | undefined
  let take: ((socket: Socket) => Promise<boolean>) | undefined
  const served = makeSelfSigned('served.test', new Date())
  const ports = { httpPort: 0, tlsPort: 0 }

  beforeAll(async () => {
    ports.httpPort = await freePort()
    ports.tlsPort = await freePort()
    named = await startNamed('example.test')
    pebble = await startPebble(named.address, ports)
    const shared = {
      addresses: ['127.0.0.1'],
      limits: { clientConnectionCountLimit: 50 },
      clock: systemClock,
      log: silentLog,
    }
    http = await openHttpServer({
      ...shared,
      port: ports.httpPort,
      tls: undefined,
      answer: async (request, caller) =>
        (await handler?.(request, caller)) ?? new Response('', { status: 404 }),
    })
    tls = await openHttpServer({
      ...shared,
      port: ports.tlsPort,
      tls: {
        certificates: { current: () => served, onChange() {}, close() {} },
        policy: { minVersion: 'TLSv1.2' },
        take: async (socket) => (await take?.(socket)) ?? false,
      },
      answer: async () => new Response('hello'),
    })
  })
  afterAll(async () => {
    await http?.close()
    await tls?.close()
    await pebble?.[Symbol.asyncDispose]()
    await named?.[Symbol.asyncDispose]()
  })

  /** Runs the keeper until the certificate is another one; what it wrote to the log. */
  async function obtain(
    set: readonly string[],
    given: {
      readonly meanwhile?: () => Promise<unknown>
      readonly domains?: readonly string[]
    } = {},
  ) {
    const loaded = loadSettings({
      environment: {},
      overrides: [
        `acmeDirectory=${pebble.directoryUrl}`,
        `acmeTrustedFile=${pebble.trustedFile}`,
        `dnsServers=${named.address}`,
        ...set,
      ],
    })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const { settings } = loaded
    const opened = await openEmbedded({ clock })
    try {
      const log = recordedLog()
      const backend = createBackend({ store: opened.store, settings, clock, log })
      for (const name of given.domains ?? []) {
        const domain = parseDomain(name)
        if (domain !== undefined) await backend.directory.domains.add(domain)
      }
      const acme = await openAcme(opened.directory, settings, clock)
      if (acme === undefined) throw new Error('no authority')
      handler = acme.handler
      take = acme.take
      const { hostname } = settings
      const source = await openCertificateSource({
        ...acme.files,
        folder: opened.directory,
        hostname,
        log: silentLog,
      })
      expect(new X509Certificate(source.current().cert).issuer).toContain(hostname)
      const { promise, resolve } = Promise.withResolvers<void>()
      source.onChange(resolve)
      const keeper = acme.start(backend, () => source.reload())
      await given.meanwhile?.()
      let isOver = false
      void promise.then(() => {
        isOver = true
      })
      while (!isOver && !log.lines.includes('error certificate not renewed')) await delay(10)
      await keeper.stop()
      source.close()
      return { certificate: new X509Certificate(source.current().cert), log, opened, acme }
    } finally {
      await opened.close()
    }
  }

  const namesOf = ({ subjectAltName = '' }: X509Certificate) =>
    subjectAltName
      .split(', ')
      .map((name) => name.replace('DNS:', ''))
      .toSorted()

  it('comes by a file over HTTP, with the names of all domains that lead here', async () => {
    const { certificate } = await obtain(['hostname=mx.example.test', 'mtaStsMode=testing'], {
      domains: ['one.example.test', 'elsewhere.invalid'],
    })
    expect(namesOf(certificate)).toEqual([
      'autoconfig.one.example.test',
      'autodiscover.one.example.test',
      'mta-sts.one.example.test',
      'mx.example.test',
      'ua-auto-config.one.example.test',
    ])
    expect(await handler?.(new Request('http://x/'), { address: '', isSecure: false })).toBe(
      undefined,
    )
  })

  it('comes over TLS on a port that goes on serving others', async () => {
    const greetings: string[] = []
    async function meanwhile() {
      for (let n = 0; n < 20; n++) {
        const socket = connectTls({
          port: ports.tlsPort,
          host: '127.0.0.1',
          rejectUnauthorized: false,
        })
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        const text = Buffer.concat((await Array.fromAsync(socket)) as Buffer[]).toString()
        greetings.push(text.includes('hello') ? 'hello' : text)
        await delay(5)
      }
    }
    const { certificate } = await obtain(
      ['hostname=tls.example.test', 'acmeChallenge=tls-alpn-01', 'acmeNames=also.example.test'],
      { meanwhile },
    )
    expect(namesOf(certificate)).toEqual(['also.example.test', 'tls.example.test'])
    expect(new Set(greetings)).toEqual(new Set(['hello']))
  })

  it('comes by records that a name server takes by signed updates', async () => {
    const { certificate } = await obtain([
      'hostname=updated.example.test',
      'acmeChallenge=dns-01',
      `acmeDnsServer=${named.address}`,
      `acmeDnsKeyFile=${named.keyFile}`,
      'acmeDnsSpread=0',
      'acmeNames=one.updated.example.test',
    ])
    expect(namesOf(certificate)).toEqual(['one.updated.example.test', 'updated.example.test'])
  })

  it('comes by a program that is told what to publish', async () => {
    const { folder, script, told } = await hook()
    await using _ = folder
    const { certificate } = await obtain([
      'hostname=hook.example.test',
      'acmeNames=',
      'acmeChallenge=dns-01',
      `acmeHook=${script}`,
    ])
    expect(namesOf(certificate)).toEqual(['hook.example.test'])
    const lines = (await readFile(told, 'utf8')).trim().split('\n')
    expect(lines.map((line) => line.replace(/ \S+$/, ''))).toEqual([
      'add _acme-challenge.hook.example.test',
      'remove _acme-challenge.hook.example.test',
    ])
  })

  it('that is refused leaves the old one, and the log says why', async () => {
    const { certificate, log } = await obtain([
      'hostname=refused.example.test',
      'acmeNames=',
      'acmeChallenge=dns-01',
      'acmeHook=/bin/true',
    ])
    expect(certificate.issuer).toBe(certificate.subject)
    expect(log.fields.map(({ error }) => String(error)).join()).toMatch(
      /_acme-challenge\.refused\.example\.test is invalid/,
    )
  })

  async function hook() {
    const { temporaryFolder } = await import('#test/support/temporary-folder.ts')
    const folder = await temporaryFolder()
    const told = join(folder.path, 'told')
    const script = join(folder.path, 'hook')
    const [, port] = named.address.split(':')
    const secret = /secret "(.*)"/.exec(await readFile(named.keyFile, 'utf8'))?.[1]
    const updates = new URL('../../services/certificates/acme/dns-update.ts', import.meta.url)
      .pathname
    await writeFile(
      script,
      `#!${process.execPath}
import { appendFileSync } from 'node:fs'
import { createDnsUpdates } from '${updates}'
const [, , what, name, value] = process.argv
appendFileSync('${told}', \`\${what} \${name} \${value}\\n\`)
const key = { name: 'postwolke', secret: Buffer.from('${secret}', 'base64') }
const clock = { now: Date.now, sleep: async () => {} }
const updates = createDnsUpdates({ server: '127.0.0.1:${port}', key, clock, spreadMs: 0 })
await (what === 'add' ? updates.publish(name, value) : updates.remove(name, value))
`,
    )
    await writeFile(join(folder.path, 'package.json'), '{"type":"module"}')
    await chmod(script, 0o700)
    return { folder, script, told }
  }
})
