// Logins without the password of the account, with programs that are not ours: app passwords, and tokens of an issuer (npm's oidc-provider
// on this machine).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts } from '#test/support/accounts.ts'
import { client, type RunningProvider, startOidcProvider } from '#test/support/oidc-provider.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let provider: RunningProvider
let alice: Account

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  provider = resources.use(await startOidcProvider({ sub: 'nobody' }))
  const secretFile = join(folder, 'client-secret')
  await writeFile(secretFile, `${client.secret}\n`)
  server = await startServer(folder, await freePorts(), [
    'authFailureDelay=0',
    `oidcIssuer=${provider.issuer}`,
    `oidcClientId=${client.id}`,
    `oidcClientSecretFile=${secretFile}`,
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  alice = firstAccounts(server).alice
  provider.person = { sub: 'sub-of-alice', email: alice.address, email_verified: true }
})
afterAll(() => resources.disposeAsync())

async function command(...words: readonly string[]) {
  const { stdout } = await runCommand(folder, [...words, '--json'])
  return JSON.parse(stdout)
}

type Secret = { readonly pass: string } | { readonly accessToken: string }

async function imap(auth: Secret): Promise<boolean> {
  const flow = new ImapFlow({
    host: 'localhost',
    port: server.ports.imaps,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: alice.address, ...auth },
    logger: false,
    clientInfo: { name: 'Test program', version: '1.0' },
  })
  flow.on('error', () => {})
  try {
    await flow.connect()
    await flow.logout()
    return true
  } catch {
    return false
  } finally {
    flow.close()
  }
}

async function smtp(auth: object): Promise<boolean> {
  const transport = createTransport({
    host: 'localhost',
    port: server.ports.submissions,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: alice.address, ...auth } as never,
  })
  try {
    return await transport.verify()
  } catch {
    return false
  } finally {
    transport.close()
  }
}

const curl = async (...words: readonly string[]) =>
  (await runProgram('curl', ['-sS', '-k', '-o', '/dev/null', ...words])).code

describe('an app password', () => {
  it('logs in to its protocols alone, is told of, and ends its sessions when it is revoked', async () => {
    const words = ['account', 'app-password', 'add', alice.address, '--name', 'phone']
    const { password, id } = await command(...words, '--for', 'imap')
    expect(await imap({ pass: password })).toBe(true)
    expect(await smtp({ pass: password })).toBe(false)
    const [listed] = await command('account', 'app-password', 'list', alice.address)
    expect(listed).toMatchObject({
      id,
      name: 'phone',
      scopes: ['imap'],
      lastUse: { service: 'imap' },
    })
    expect(JSON.stringify(listed)).not.toContain(password)
    const logins = await command('account', 'logins', alice.address)
    expect(logins).toContainEqual(
      expect.objectContaining({
        service: 'imap',
        client: 'Test program 1.0',
        appPassword: 'phone',
      }),
    )
    await command('account', 'app-password', 'revoke', alice.address, id)
    expect(await imap({ pass: password })).toBe(false)
  })

  it.skipIf(!isInstalled('curl'))('is shown by curl, in POP3 and by PLAIN', async () => {
    const words = ['account', 'app-password', 'add', alice.address, '--name', 'all']
    const { password } = await command(...words)
    const user = `${alice.address}:${password}`
    expect(await curl('-u', user, `pop3s://localhost:${server.ports.pop3s}/`)).toBe(0)
    const plain = ['-u', user, '--login-options', 'AUTH=PLAIN']
    expect(await curl(...plain, `imaps://localhost:${server.ports.imaps}/`)).toBe(0)
    expect(await curl('-u', `${user}x`, `imaps://localhost:${server.ports.imaps}/`)).not.toBe(0)
  })
})

describe('a token of the issuer', () => {
  it('logs programs in to IMAP and SMTP, as long as it is one', async () => {
    const accessToken = await provider.accessToken()
    expect(await imap({ accessToken })).toBe(true)
    expect(await smtp({ type: 'OAuth2', accessToken })).toBe(true)
    expect(await imap({ accessToken: 'made-up' })).toBe(false)
    expect(await smtp({ type: 'OAuth2', accessToken: 'made-up' })).toBe(false)
  })

  it('of somebody else is no login', async () => {
    const before = provider.person
    provider.person = { sub: 'sub-of-eve', email: 'eve@far.example', email_verified: true }
    const accessToken = await provider.accessToken()
    provider.person = before
    expect(await imap({ accessToken })).toBe(false)
  })

  it.skipIf(!isInstalled('curl'))('is shown by curl as OAUTHBEARER in each protocol', async () => {
    const token = await provider.accessToken()
    const bearer = [
      '-u',
      alice.address,
      '--oauth2-bearer',
      token,
      '--login-options',
      'AUTH=OAUTHBEARER',
    ]
    const { imaps, pop3s } = server.ports
    expect(await curl(...bearer, `imaps://localhost:${imaps}/`)).toBe(0)
    expect(await curl(...bearer, `pop3s://localhost:${pop3s}/`)).toBe(0)
  })
})
