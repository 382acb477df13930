// Mail programs set themselves up at a real server, and read and send by what they were told.

import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { isNamedInstalled, startNamed } from '#test/support/acme/named.ts'
import { must } from '#test/support/must.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { type AskUrl, findSettings } from '#test/support/thunderbird-autoconfig.ts'

const script = fileURLToPath(new URL('../support/python/autodiscover.py', import.meta.url))

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), ['authFailureDelay=0'])
  resources.defer(async () => void (await server.end('SIGTERM')))
  alice = firstAccounts(server).alice
})
afterAll(() => resources.disposeAsync())

type Options = {
  readonly host?: string
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string
}

/** Over HTTP on this machine, which is as good as TLS. */
async function ask(path: string, { host, method, headers, body }: Options = {}) {
  const asked = request({
    ...{ host: '127.0.0.1', port: server.ports.http, path, method },
    headers: { host: host ?? 'localhost', ...headers },
  })
  asked.end(body)
  const [response] = await once(asked, 'response')
  const fields = Object.entries(response.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  return new Response(new Uint8Array(await buffer(response)), {
    status: response.statusCode,
    headers: fields,
  })
}

async function readAndSend(
  { host, imapPort, smtpPort }: { host: string; imapPort: number; smtpPort: number },
  auth: { readonly user: string; readonly pass: string },
  subject: string,
) {
  const tls = { rejectUnauthorized: false }
  const transport = createTransport({ host, port: smtpPort, secure: true, tls, auth })
  await transport.sendMail({ from: auth.user, to: auth.user, subject, text: 'Hello.' })
  transport.close()
  const flow = new ImapFlow({ host, port: imapPort, secure: true, tls, auth, logger: false })
  await flow.connect()
  const lock = await flow.getMailboxLock('INBOX')
  const found = await eventually('it has come', async () => {
    await flow.noop()
    const uids = await flow.search({ subject }, { uid: true })
    return uids ? uids.length > 0 : false
  })
  lock.release()
  await flow.logout()
  return found
}

describe('Thunderbird', () => {
  const asker =
    (reached: (url: URL) => boolean): AskUrl =>
    async (text) => {
      const url = new URL(text)
      if (!reached(url)) return undefined
      return await ask(`${url.pathname}${url.search}`, { host: url.host })
    }

  it('finds by the domain alone what it reads and sends by', async () => {
    const found = must(
      await findSettings(
        alice.address,
        asker(({ protocol }) => protocol === 'https:'),
      ),
    )
    expect(found.from).toMatch(/^https:\/\/autoconfig\.example\.test\//)
    expect(found).toMatchObject({
      incoming: { type: 'imap', port: server.ports.imaps, username: alice.address },
      outgoing: { type: 'smtp', port: server.ports.submissions, username: alice.address },
    })
    const { username: user } = found.incoming
    // The name is nobody's in the DNS of this machine.
    const at = {
      host: 'localhost',
      imapPort: found.incoming.port,
      smtpPort: found.outgoing.port,
    }
    expect(await readAndSend(at, { user, pass: alice.password }, 'by autoconfig')).toBe(true)
  })

  it('finds it at the domain itself, where that is ours', async () => {
    const found = await findSettings(
      alice.address,
      asker(({ host }) => host === 'example.test'),
    )
    expect(found?.from).toMatch(/^https:\/\/example\.test\/\.well-known\//)
  })

  it('finds nothing of others', async () => {
    expect(
      await findSettings(
        'ann@there.test',
        asker(() => true),
      ),
    ).toBeUndefined()
  })
})

describe.skipIf(!isInstalled('python3'))('Outlook, as exchangelib asks', () => {
  const discover = async (email: string) => {
    const url = `http://127.0.0.1:${server.ports.http}/autodiscover/autodiscover.xml`
    const ran = await runProgram('python3', [script], {
      environment: { URL: url, EMAIL: email },
    })
    expect(ran.stderr).toBe('')
    return JSON.parse(ran.stdout)
  }

  it('is told the same, and the same of whoever is not there', async () => {
    const told = await discover(alice.address)
    const { imaps, pop3s, submissions } = server.ports
    expect(told).toMatchObject([
      { Type: 'IMAP', Port: String(imaps), LoginName: alice.address, Encryption: 'SSL' },
      { Type: 'POP3', Port: String(pop3s) },
      { Type: 'SMTP', Port: String(submissions), AuthRequired: 'on' },
    ])
    expect(JSON.stringify(await discover('eve@example.test'))).toBe(
      JSON.stringify(told).replaceAll(alice.address, 'eve@example.test'),
    )
    expect(await discover('eve@there.test')).toEqual({ error: '500' })
  })
})

describe('a phone', () => {
  async function setUp() {
    const json = {
      'content-type': 'application/json',
      'x-postwolke': '1',
      'sec-fetch-site': 'same-origin',
    }
    const signedIn = await ask('/api/v1/session', {
      ...{ method: 'POST', headers: json },
      body: JSON.stringify({ login: alice.address, password: alice.password }),
    })
    expect(signedIn.status).toBe(201)
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
    const made = await ask(`/api/v1/accounts/${alice.address}/setup`, {
      ...{ method: 'POST', headers: { ...json, cookie } },
      body: JSON.stringify({ name: 'Phone' }),
    })
    expect(made.status).toBe(201)
    return JSON.parse(await made.text())
  }

  it.skipIf(!isInstalled('python3') || !isInstalled('openssl'))(
    'takes a signed profile with a password of its own, and reads and sends by it',
    async () => {
      const { profile, password } = await setUp()
      const { pathname } = new URL(profile.url)
      // What a preview or a scanner fetches does not use it up.
      expect((await ask(pathname)).status).toBe(200)
      const given = await ask(pathname, { method: 'POST' })
      expect(given.status).toBe(200)
      const [signed, plain] = [join(folder, 'signed'), join(folder, 'plain')]
      await writeFile(signed, await given.bytes())
      const verify = ['smime', '-verify', '-inform', 'DER', '-in', signed, '-out', plain]
      const trust = ['-CAfile', join(folder, 'tls/self-signed.cert.pem'), '-purpose', 'any']
      const verified = await runProgram('openssl', [...verify, '-binary', ...trust])
      expect(verified).toMatchObject({ code: 0 })
      const read = await runProgram('python3', [script], { environment: { PROFILE: plain } })
      const [account] = JSON.parse(read.stdout).PayloadContent
      expect(account).toMatchObject({
        PayloadType: 'com.apple.mail.managed',
        EmailAccountType: 'EmailTypeIMAP',
        EmailAddress: alice.address,
        IncomingPassword: password,
        IncomingMailServerUseSSL: true,
      })
      const at = {
        host: 'localhost',
        imapPort: account.IncomingMailServerPortNumber,
        smtpPort: account.OutgoingMailServerPortNumber,
      }
      const user = account.IncomingMailServerUsername
      const pass = account.IncomingPassword
      expect(await readAndSend(at, { user, pass }, 'by profile')).toBe(true)
      expect((await ask(pathname, { method: 'POST' })).status).toBe(404)
      expect(server.output()).not.toContain(password)
    },
  )
})

describe.skipIf(!isNamedInstalled())('a resolver that reads our zone', () => {
  it('is led to what listens (RFC 6186, RFC 8314)', async () => {
    const settings = ['imaps', 'submissions', 'pop3'].flatMap((name) => [
      '--set',
      name === 'pop3'
        ? 'listeners.pop3.enabled=no'
        : `listeners.${name}.port=${server.ports[name as 'imaps' | 'submissions']}`,
    ])
    const words = ['domain', 'dns', 'example.test', '--zone', '--set', 'hostname=mx.example.test']
    const { stdout: zone } = await runCommand(folder, [...words, ...settings])
    // The certificate's record needs no place in it, nor names of other hosts.
    await using named = await startNamed('example.test', zone)
    const resolver = new Resolver()
    resolver.setServers([named.address])
    const { imaps, submissions } = server.ports
    const srv = async (name: string) => await resolver.resolveSrv(`${name}.example.test`)
    expect(await srv('_imaps._tcp')).toMatchObject([
      { priority: 0, weight: 1, port: imaps, name: 'mx.example.test' },
    ])
    expect(await srv('_submissions._tcp')).toMatchObject([{ port: submissions }])
    expect(await srv('_pop3._tcp')).toMatchObject([{ port: 0, name: '' }])
    expect(await srv('_autodiscover._tcp')).toMatchObject([{ port: 443 }])
    for (const name of ['autoconfig', 'autodiscover', 'ua-auto-config']) {
      expect(await resolver.resolveCname(`${name}.example.test`)).toEqual(['mx.example.test'])
    }
    const [digest] = await resolver.resolveTxt('_ua-auto-config.example.test')
    expect(digest?.join('')).toMatch(/^v=UAAC1; a=sha256; d=/)
  })
})
