// `postwolke doctor` beside a server that runs, before a DNS and a relay host of the test.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '#services/doctor/finding.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let dns: DnsServer
let server: ServerProcess
let sink: Sink
let settings: readonly string[]

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  dns = resources.use(
    await startDnsServer({
      // Nobody's (RFC 5737), and nobody is there.
      'mx.example.test': { a: ['192.0.2.25'] },
      'example.test': { mx: ['10 mx.example.test'] },
      '2.0.0.127.zen.spamhaus.org': { a: ['127.0.0.2'] },
      '25.2.0.192.zen.spamhaus.org': { a: ['127.0.0.4'] },
    }),
  )
  sink = await openSink()
  resources.defer(() => sink[Symbol.asyncDispose]())
  settings = [
    'hostname=mx.example.test',
    `relayhost=[127.0.0.1]:${sink.port}`,
    `dnsServers=${dns.address}`,
  ]
  server = await startServer(folder, await freePorts(), settings)
  resources.defer(async () => void (await server.end('SIGTERM')))
}, 60_000)
afterAll(() => resources.disposeAsync())

const run = (...words: readonly string[]) =>
  commandLine([
    'doctor',
    ...words,
    '--data',
    folder,
    // No time server, and nobody to ask for one.
    '--time-server',
    '127.0.0.1',
    ...settings.flatMap((one) => ['--set', one]),
  ])

describe('doctor', () => {
  it('measures what it can, and fails where something is bad', { timeout: 60_000 }, async () => {
    const { stdout, stderr, code } = await run('--json')
    const findings = JSON.parse(stdout) as readonly Finding[]
    const stateOf = (check: string, of = '') =>
      findings.find((one) => one.check === check && one.of.includes(of))?.state
    expect({
      server: stateOf('server'),
      queue: stateOf('queue'),
      clock: stateOf('clock'),
      resolver: stateOf('name server'),
      name: stateOf('name'),
      reverse: stateOf('reverse'),
      inbound: stateOf('port 25 in'),
      listed: stateOf('listed', 'zen'),
      unanswered: stateOf('listed', 'spamcop'),
      outbound: stateOf('port out', String(sink.port)),
      relay: stateOf('open relay'),
      certificate: stateOf('certificate', 'chain'),
      mx: stateOf('mail', 'MX example.test'),
      spf: stateOf('spf', 'TXT example.test'),
    }).toEqual({
      server: 'ok',
      queue: 'ok',
      clock: 'unknown',
      resolver: expect.stringMatching(/^(?:warn|unknown)$/),
      name: 'ok',
      reverse: 'bad',
      inbound: 'unknown',
      listed: 'bad',
      unanswered: 'unknown',
      outbound: 'ok',
      relay: 'ok',
      certificate: 'warn',
      mx: 'ok',
      spf: 'bad',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^postwolke: \d+ things are bad\n$/)
  })

  it('tells people what to do, of one domain', { timeout: 60_000 }, async () => {
    const { stdout } = await run('example.test')
    expect(stdout).toMatch(/^STATE +CHECK +OF +FOUND\n/)
    expect(stdout).not.toMatch(/^ok /m)
    expect(stdout).toMatch(/^reverse 192\.0\.2\.25: ask whoever gave you the address/m)
    expect(stdout).toMatch(/\n\d+ ok, \d+ to look at, \d+ bad, \d+ not measured\n$/)
    expect((await run('other.test')).stderr).toContain('no domain other.test')
  })
})
