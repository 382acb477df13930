// The whole server behind a load balancer that speaks the PROXY protocol: every port, in clear and with TLS.

import { once } from 'node:events'
import { get } from 'node:http'
import { get as getSecurely } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { ManageSieveClient } from '#test/support/managesieve-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { localHeader, proxyHeader } from '#test/support/proxy-header.ts'
import {
  allListenerNames,
  freePorts,
  type Ports,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { Wire } from '#test/support/wire.ts'

type Name = keyof Ports

/** One client for each port, of either family. */
const clientAddresses: { readonly [name in Name]: string } = {
  smtp: '203.0.113.25',
  submission: '203.0.113.58',
  submissions: '2001:db8::465',
  imap: '203.0.113.143',
  imaps: '2001:db8::993',
  pop3: '203.0.113.110',
  pop3s: '203.0.113.99',
  managesieve: '2001:db8::4190',
  http: '203.0.113.80',
  https: '2001:db8::443',
}

const resources = new AsyncDisposableStack()
let server: ServerProcess
/** Of the load balancer. */
let ports: Ports
let alice: Account

beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    'proxyTrustedNetworks=127.0.0.0/8',
    'policyPreset=open',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  ports = await openLoadBalancer(server.ports)
  alice = firstAccounts(server).alice
})
afterAll(() => resources.disposeAsync())

/** Tells the server on each connection that it is from the port's client, then passes on both directions. */
async function openLoadBalancer(targets: Ports): Promise<Ports> {
  const opened = await Promise.all(
    allListenerNames.map(async (name) => {
      const source = { address: clientAddresses[name], port: 40_001 }
      const listening = createServer((client) => {
        const target = connect(targets[name], '127.0.0.1')
        target.write(proxyHeader({ source, checksum: true }))
        join(client, target)
      }).listen(0, '127.0.0.1')
      await once(listening, 'listening')
      resources.defer(() => void listening.close())
      return [name, (listening.address() as AddressInfo).port]
    }),
  )
  return Object.fromEntries(opened)
}

function join(client: Socket, target: Socket): void {
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy()).on('close', () => to.destroy())
  }
}

/** The lines of the log with this message. */
function logged(message: string) {
  const lines = server.output().split('\n').slice(0, -1)
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((line) => line.message === message)
}

/** Resolves when the last login that a service has logged is from there. */
function loginLogged(service: 'smtp' | 'imap' | 'pop3' | 'managesieve', address: string) {
  const last = () => logged('logged in').findLast((line) => line.service === service)
  return eventually('the login is logged', () => last()?.remoteAddress === address)
}

/** Sends a message to Alice; returns the first Received field of what she got. */
async function sendToAlice(smtp: SmtpClient, from: string): Promise<string> {
  expect((await smtp.envelope(from, alice.address)).code).toBe(250)
  expect((await smtp.data('Subject: from afar\r\n\r\nhello\r\n')).code).toBe(250)
  await smtp.quit()
  const [message = ''] = await takeMail({ ports }, alice)
  return /^Received:.*\r\n(?:[ \t].*\r\n)*/m.exec(message)?.[0] ?? ''
}

describe('the client named by the header', () => {
  it.each([false, true])('is in the Received field of port 25; STARTTLS: %s', async (startTls) => {
    const smtp = await SmtpClient.open(ports.smtp)
    await smtp.hello({ startTls })
    const received = await sendToAlice(smtp, 'a@remote.test')
    expect(received).toContain('from client.test ([203.0.113.25])')
    expect(received.includes('TLSv1.3')).toBe(startTls)
  })

  it('is in the Received field of submission, after STARTTLS and a login', async () => {
    const smtp = await SmtpClient.open(ports.submission)
    await smtp.hello({ startTls: true })
    expect((await smtp.logIn(alice.address, alice.password)).code).toBe(235)
    expect(await sendToAlice(smtp, alice.address)).toContain('([203.0.113.58])')
    await loginLogged('smtp', '203.0.113.58')
  })

  it('is in the Received field of submissions, whose handshake follows the header', async () => {
    const smtp = await SmtpClient.open(ports.submissions, { tls: true })
    await smtp.hello()
    expect((await smtp.logIn(alice.address, alice.password)).code).toBe(235)
    expect(await sendToAlice(smtp, alice.address)).toContain('([IPv6:2001:db8::465])')
    await loginLogged('smtp', '2001:db8::465')
  })

  it.each(['imap', 'imaps'] as const)('logs in by %s', async (name) => {
    const wire = await Wire.open(ports[name], name === 'imaps')
    const say = async (tag: string, command: string) => {
      if (command !== '') wire.write(`${tag} ${command}\r\n`)
      return String(await wire.read((bytes) => bytes.includes(`${tag} `) && bytes.at(-1) === 10))
    }
    expect(await say('*', '')).toMatch(/^\* OK /)
    if (name === 'imap') {
      expect(await say('a', 'STARTTLS')).toMatch(/^a OK /)
      await wire.startTls()
    }
    expect(await say('b', `LOGIN ${alice.address} "${alice.password}"`)).toMatch(/^b OK /m)
    wire.destroy()
    await loginLogged('imap', clientAddresses[name])
  })

  it.each(['pop3', 'pop3s'] as const)('logs in by %s', async (name) => {
    await using client = await Pop3Client.open(ports[name], { tls: name === 'pop3s' })
    if (name === 'pop3') await client.startTls()
    expect(await client.logIn(alice.address, alice.password)).toMatch(/^\+OK/)
    await loginLogged('pop3', clientAddresses[name])
  })

  it('logs in by managesieve', async () => {
    await using client = await ManageSieveClient.open(ports.managesieve)
    await client.startTls()
    expect(await client.logIn(alice.address, alice.password)).toMatch(/^OK/)
    await loginLogged('managesieve', clientAddresses.managesieve)
  })
})

describe('HTTP', () => {
  const headers = { host: 'mx.example.test' }
  const at = { host: '127.0.0.1', path: '/api/v1/accounts', headers }

  it('is answered over TLS', async () => {
    const asked = getSecurely({ ...at, port: ports.https, rejectUnauthorized: false })
    const [response] = await once(asked, 'response')
    expect(response.statusCode).toBe(401)
    response.resume()
  })

  it('sends a client that comes from elsewhere in clear to TLS', async () => {
    const [response] = await once(get({ ...at, port: ports.http }), 'response')
    expect(response.statusCode).toBe(308)
    expect(response.headers.location).toBe('https://mx.example.test/api/v1/accounts')
    response.resume()
  })
})

describe('without a header for a client', () => {
  it.each(allListenerNames)('a connection to %s gets nothing and is closed', async (name) => {
    const wire = await Wire.open(server.ports[name])
    const before = logged('PROXY header refused').length
    wire.write('EHLO client.test\r\n')
    expect(await wire.closed()).toBe('')
    const line = await eventually('it is logged', () => logged('PROXY header refused')[before])
    expect(line).toMatchObject({ level: 'warn', proxy: '127.0.0.1', reason: 'no PROXY header' })
  })

  it.each(allListenerNames)('a health check of %s gets nothing and is closed', async (name) => {
    const wire = await Wire.open(server.ports[name])
    wire.write(localHeader())
    expect(await wire.closed()).toBe('')
  })
})
