// A real server whose keys are published: what its users send leaves signed, what it forwards leaves sealed, and others find both good.

import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { missingPrograms } from '#test/support/programs.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import {
  arcByMailauth,
  verifiedByMailauth,
  verifiedByOpendkim,
} from '#test/support/verified-signatures.ts'

const CLIENT = '203.0.113.25'
/** Whose connections begin with who their client is. */
const BALANCER = '127.0.0.2'
const resources = new AsyncDisposableStack()
let folder: string
let dns: DnsServer
let server: ServerProcess
let sink: Sink
let strangersPort: number
const published: { [name: string]: string } = {}

type Listed = {
  readonly keys: readonly {
    readonly name: string
    readonly record: string
    readonly state: string
  }[]
}

async function run(line: string): Promise<string> {
  const { stdout, stderr, code } = await commandLine([...line.split(' '), '--data', folder])
  if (code !== 0) throw new Error(stderr)
  return stdout
}

async function keys(command: 'list' | 'check'): Promise<Listed['keys']> {
  const dnsAt = `--set dnsServers=${dns.address}`
  return (JSON.parse(await run(`dkim ${command} example.test --json ${dnsAt}`)) as Listed).keys
}

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  dns = resources.use(
    await startDnsServer({ 'author.test': { a: [CLIENT], txt: ['v=spf1 a -all'] } }),
  )
  sink = await openSink({ options: { hideSMTPUTF8: true } })
  resources.defer(() => sink[Symbol.asyncDispose]())
  server = await startServer(folder, await freePorts(), [
    `relayhost=[127.0.0.1]:${sink.port}`,
    `dnsServers=${dns.address}`,
    `proxyTrustedNetworks=${BALANCER}`,
    'hostname=mx.example.test',
    'policyPreset=open',
    'mtaStsMode=enforce',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  const listening = createServer((client) => {
    const target = connect({ port: server.ports.smtp, host: '127.0.0.1', localAddress: BALANCER })
    target.write(proxyHeader({ source: { address: CLIENT, port: 40_001 } }))
    client.pipe(target).pipe(client)
    for (const socket of [client, target]) socket.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  resources.defer(() => void listening.close())
  strangersPort = (listening.address() as AddressInfo).port
  await run('alias add away@example.test far@elsewhere.test')
  for (const { name, record } of await keys('list')) {
    published[name] = record
    dns.set(name, { txt: [record.match(/.{1,255}/g) ?? []] })
  }
}, 60_000)
afterAll(() => resources.disposeAsync())

const arrival = (to: string) =>
  eventually(`mail for ${to}`, async () =>
    sink.messages.find(({ envelope }) => envelope.rcptTo.some(({ address }) => address === to)),
  )

describe('keys whose records are published', () => {
  it('sign from then on', async () => {
    const found = await keys('check')
    expect(found.map(({ state }) => state)).toEqual(['active', 'active'])
    expect(await run(`dkim list example.test`)).not.toContain('to publish')
  })

  it('sign what users send', async () => {
    const { alice } = firstAccounts(server)
    await using smtp = await SmtpClient.open(server.ports.submission)
    await smtp.hello({ startTls: true })
    await smtp.logIn(alice.address, alice.password)
    await smtp.envelope(alice.address, ['bob@elsewhere.test'], ' BODY=8BITMIME')
    const text = 'Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nb\xc3\xa4\r\n.\r\n..\r\n\r\n'
    const reply = await smtp.data(Buffer.from(`From: <${alice.address}>\r\n${text}`, 'latin1'))
    expect(reply.text).toMatch(/^250 /)
    const { bytes } = await arrival('bob@elsewhere.test')
    const results = await verifiedByMailauth(bytes.toString('latin1'), published)
    expect(results.map(({ domain, result }) => `${domain} ${result}`)).toEqual([
      'example.test pass',
      'example.test pass',
    ])
    if (missingPrograms().includes('opendkim')) return
    expect(await verifiedByOpendkim(bytes.toString('latin1'), published)).toHaveLength(2)
  })

  it('seal what a stranger writes to somebody who is elsewhere', async () => {
    await using smtp = await SmtpClient.open(strangersPort)
    await smtp.hello()
    await smtp.envelope('eve@author.test', ['away@example.test'])
    const reply = await smtp.data('From: eve@author.test\r\nSubject: x\r\n\r\nbody\r\n')
    expect(reply.text).toMatch(/^250 /)
    const { bytes } = await arrival('far@elsewhere.test')
    const text = bytes.toString('latin1')
    expect(text).toMatch(/^ARC-Seal: i=1;[\s\S]*d=example\.test/)
    expect(text).toContain('ARC-Authentication-Results: i=1; mx.example.test;\r\n\tspf=pass')
    expect(await arcByMailauth(text, published)).toEqual({ result: 'pass', instance: 1 })
  })
})

describe('the policy of MTA-STS', () => {
  it('is what the records of the domain announce', async () => {
    const asked = get({
      port: server.ports.http,
      host: '127.0.0.1',
      path: '/.well-known/mta-sts.txt',
      headers: { host: 'mta-sts.example.test' },
    })
    const [response] = await once(asked, 'response')
    const told = await text(response)
    expect(told).toContain('mode: enforce\r\nmx: mx.example.test\r\n')
    const settings = '--set hostname=mx.example.test --set mtaStsMode=enforce'
    const shown = await run(`domain dns example.test ${settings}`)
    expect(shown).toContain(told.replaceAll('\r\n', '\n'))
  })
})
