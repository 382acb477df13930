// An account that is disabled, removed or given another password by the command line, while its sessions are open in a server
// that runs beside it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let accounts = 0

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    'authFailureDelay=0',
    'disablePlaintextAuth=loopback-allowed',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

async function run(line: string, input = ''): Promise<void> {
  const ended = await commandLine([...line.split(' '), '--data', folder], { input })
  expect({ line, ...ended }).toMatchObject({ code: 0, stderr: '' })
}

async function newAccount(): Promise<Account> {
  const account = { address: `user${++accounts}@example.test`, password: 'a-secret' }
  await run(`account add ${account.address} --password-stdin`, account.password)
  return account
}

/** Two messages through port 25. */
async function seed(address: string): Promise<void> {
  await using smtp = await SmtpClient.open(server.ports.smtp)
  await smtp.hello()
  for (const subject of ['one', 'two']) {
    await smtp.envelope('sender@remote.test', address)
    await smtp.data(`Subject: ${subject}\r\n\r\n`)
  }
}

async function arrived(account: Account): Promise<void> {
  await eventually('two messages are there', async () => {
    await using client = await pop3(account)
    return (await client.command('STAT')).startsWith('+OK 2 ')
  })
}

async function imap({ address, password }: Account): Promise<ImapClient> {
  const client = await ImapClient.connect(server.ports.imap)
  await client.ok(`LOGIN ${address} ${password}`)
  await client.ok('SELECT INBOX')
  return client
}

async function pop3({ address, password }: Account): Promise<Pop3Client> {
  const client = await Pop3Client.open(server.ports.pop3)
  expect(await client.logIn(address, password)).toMatch(/^\+OK/)
  return client
}

async function submission({ address, password }: Account): Promise<SmtpClient> {
  const client = await SmtpClient.open(server.ports.submission)
  await client.hello()
  expect((await client.logIn(address, password)).code).toBe(235)
  return client
}

const changes = [
  ['is disabled', (address: string) => run(`account set ${address} --disable`)],
  ['is removed', (address: string) => run(`account remove ${address}`)],
  [
    'has another password',
    (address: string) => run(`account set ${address} --password-stdin`, 'another one\n'),
  ],
] as const

describe.each(changes)('an account that %s', (_, change) => {
  it('loses its sessions of every protocol, and nobody else does', async () => {
    const account = await newAccount()
    const other = await newAccount()
    await seed(account.address)
    await arrived(account)
    const idle = await imap(account)
    idle.send('i1 IDLE\r\n')
    const quiet = await imap(account)
    const reading = await pop3(account)
    await reading.command('DELE 1')
    const sending = await submission(account)
    await sending.envelope(account.address, other.address)
    const others = [await imap(other), await pop3(other), await submission(other)] as const

    await change(account.address)

    expect(await idle.line()).toBe('+ idling')
    expect(await idle.line()).toMatch(/^\* BYE .*log in again/)
    expect(await quiet.line()).toMatch(/^\* BYE .*log in again/)
    expect(await reading.wire.closed()).toMatch(/^-ERR \[SYS\/TEMP\] .*log in again/)
    expect(await sending.wire.closed()).toMatch(/^421 4\.7\.0 .*log in again/)
    expect((await others[0].command('NOOP')).status).toBe('OK')
    expect(await others[1].command('NOOP')).toMatch(/^\+OK/)
    expect((await others[2].command('NOOP')).code).toBe(250)
    for (const client of [idle, quiet, others[0]]) client.close()
  })
})

describe('what a session had marked for removal', () => {
  it('stays when the session ends for its account', async () => {
    const account = await newAccount()
    await seed(account.address)
    await arrived(account)
    const reading = await pop3(account)
    await reading.command('DELE 1')
    await run(`account set ${account.address} --disable`)
    expect(await reading.wire.closed()).toMatch(/^-ERR/)
    await run(`account set ${account.address} --enable`)
    expect(await (await pop3(account)).command('STAT')).toMatch(/^\+OK 2 /)
  })
})
