// Debian's Thunderbird sets itself up with a real server, by what it finds itself and under the certificates that it trusts; then it reads and
// sends. It has no network but ours, in which names and ports are those that the world sees.

import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts } from '#test/support/accounts.ts'
import { createAuthority } from '#test/support/certificate-authority.ts'
import { isInstalled } from '#test/support/program.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openSocksServer, type SocksServer } from '#test/support/socks-server.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { startThunderbird, type Thunderbird } from '#test/support/thunderbird/thunderbird.ts'

const HOST = 'mx.example.test'
/** A domain of ours whose names are in no certificate. */
const OTHER = 'other.test'
const STRANGER = 'elsewhere.test'

describe.skipIf(!isInstalled('thunderbird'))('Thunderbird', () => {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess
  let network: SocksServer
  let thunderbird: Thunderbird
  let alice: Account

  beforeAll(async () => {
    const { path } = resources.use(await temporaryFolder())
    const authority = createAuthority()
    const names = [HOST, 'autoconfig.example.test', 'autodiscover.example.test']
    const { cert, key } = authority.issue(names)
    const at = (name: string) => join(path, name)
    const [certFile, keyFile, home] = [at('cert.pem'), at('key.pem'), at('home')] as const
    await writeFile(certFile, cert)
    await writeFile(keyFile, key)
    await mkdir(home)
    const ports = await freePorts()
    server = resources.use(
      await startServer(join(path, 'data'), ports, [
        `hostname=${HOST}`,
        `tls.certificateFile=${certFile}`,
        `tls.keyFile=${keyFile}`,
        'clientSetupPorts=imaps=993 imap=143 pop3s=995 pop3=110 submissions=465 submission=587 https=443',
        'httpTrustedProxies=127.0.0.1/32',
      ]),
    )
    alice = firstAccounts(server).alice
    await runCommand(server.directory, ['domain', 'add', OTHER])
    const http = await openProxy(resources, ports.http, '192.0.2.9')
    const seen: { readonly [port: number]: number } = {
      ...{ 80: http, 443: ports.https },
      ...{ 993: ports.imaps, 465: ports.submissions },
    }
    const isOurs = (host: string) =>
      ['example.test', OTHER, STRANGER].some((domain) => host.endsWith(domain))
    network = resources.use(
      await openSocksServer((host, port) => (isOurs(host) ? seen[port] : undefined)),
    )
    thunderbird = resources.use(await startThunderbird(home, network.port))
    await thunderbird.call('trust', authority.x509.raw.toString('base64'))
    // As published; to a host below another domain.
    const record = { host: HOST, port: 443, prio: 0, weight: 1 }
    const srv = Object.fromEntries(
      ['example.test', OTHER].map((domain) => [`_autodiscover._tcp.${domain}`, [record]]),
    )
    await thunderbird.call('dns', { srv })
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  /** Best first; programs fill the address in. */
  const told = (domain: string) => {
    const server = (type: string, port: number, socketType: string) => ({
      ...{ type, hostname: HOST, port, socketType },
      ...{ username: '%EMAILADDRESS%', auth: 'passwordCleartext' },
    })
    return {
      name: domain,
      incoming: [
        server('imap', 993, 'SSL'),
        server('imap', 143, 'alwaysSTARTTLS'),
        server('pop3', 995, 'SSL'),
        server('pop3', 110, 'alwaysSTARTTLS'),
      ],
      outgoing: [server('smtp', 465, 'SSL'), server('smtp', 587, 'alwaysSTARTTLS')],
    }
  }

  it('understands what the domain says over HTTPS, and asks nothing', async () => {
    expect(await thunderbird.call('find', alice)).toEqual({
      ...told('example.test'),
      from: 'xml-from-isp-https',
      doubts: [],
    })
  })

  it('is led there over HTTP where the domain has no certificate, but asks whether to look for Exchange where SRV leads', async () => {
    expect(await thunderbird.call('find', { address: `ann@${OTHER}` })).toEqual({
      ...told(OTHER),
      from: 'xml-from-isp-http',
      doubts: ['example.test'],
    })
  })

  it('finds nothing of a domain that is not ours', async () => {
    expect(await thunderbird.call('find', { address: `ann@${STRANGER}` })).toEqual({ doubts: [] })
    expect(network.asked).toContain(`autoconfig.${STRANGER}:443`)
  })

  it('logs in and makes the account', async () => {
    await thunderbird.call('setUp', { name: 'Alice', ...alice })
    expect(await thunderbird.call('folders')).toContain('INBOX')
    expect(network.asked).toContain(`${HOST}:993`)
  })

  it('sends, keeps what it sent, and reads what came', async () => {
    const { address } = alice
    const sent = await thunderbird.call('send', address, 'Grüße', 'Bis später.')
    expect(sent).toEqual(['sent', 'kept'])
    expect(network.asked).toContain(`${HOST}:465`)
    const text = await thunderbird.call('read', 'Grüße', { looks: true })
    expect(text).toContain(`Authenticated sender: ${address}`)
    expect(text).toContain('Bis später.')
    await using sentFolder = await openFolder('Sent')
    const [kept] = await sentFolder.flow.fetchAll('1:*', { envelope: true, flags: true })
    expect(kept).toMatchObject({ envelope: { subject: 'Grüße' }, flags: new Set(['\\Seen']) })
  })

  it('is told of what comes while it waits', async () => {
    await thunderbird.call('send', alice.address, 'While you wait', 'Here.')
    expect(await thunderbird.call('read', 'While you wait', { looks: false })).toContain('Here.')
  })

  async function openFolder(name: string) {
    const flow = new ImapFlow({
      ...{ host: '127.0.0.1', port: server.ports.imaps, secure: true, logger: false },
      tls: { rejectUnauthorized: false },
      auth: { user: alice.address, pass: alice.password },
    })
    await flow.connect()
    await flow.mailboxOpen(name)
    return { flow, [Symbol.asyncDispose]: () => flow.logout() }
  }
})

/** Over HTTP from elsewhere: in front of a server on this machine, as a proxy that tells it who asks. */
async function openProxy(
  resources: AsyncDisposableStack,
  to: number,
  from: string,
): Promise<number> {
  const proxy = createServer((asked, answer) => {
    const { url: path, method, headers } = asked
    const onward = request(
      {
        ...{ host: '127.0.0.1', port: to, path, method },
        headers: { ...headers, 'x-forwarded-for': from },
      },
      (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers)
        got.pipe(answer)
      },
    )
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  resources.defer(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}
