// Clients that are not ours against a running server, as far as they are installed: curl, Python, openssl, swaks, msmtp, mpop.

import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { type Account, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { freePorts, runCommand, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account
let bob: Account

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), ['authFailureDelay=0'])
  resources.defer(() => server.end('SIGTERM'))
  ;({ alice, bob } = firstAccounts(server))
})
afterAll(() => resources.disposeAsync())

function needs(program: string, { skip }: TestContext): void {
  skip(!isInstalled(program), `${program} is not installed`)
}

const letter = (subject: string) =>
  `From: ${alice.address}\r\nTo: ${bob.address}\r\nSubject: ${subject}\r\n\r\nHello.\r\n.dots\r\n.\r\nend\r\n`

/** What the letter must have become, below the fields the server adds. */
async function expectLetter(subject: string): Promise<void> {
  const [message = ''] = await takeMail(server, bob)
  expect(message).toContain(`\r\nFrom: ${alice.address}\r\n`)
  expect(message.slice(message.indexOf('\r\nFrom: ') + 2)).toBe(letter(subject))
}

describe('curl', () => {
  const curl = (words: readonly string[], input = '') =>
    runProgram('curl', ['-sS', '-k', ...words], { input })
  const login = ({ address, password }: Account) => ['-u', `${address}:${password}`]
  const envelope = () => ['--mail-from', alice.address, '--mail-rcpt', bob.address, '-T', '-']

  it.each([
    ['submission', 'smtp', ['--ssl-reqd']],
    ['submissions', 'smtps', []],
  ] as const)('sends by %s', async (listener, scheme, words) => {
    const url = `${scheme}://localhost:${server.ports[listener]}/client.test`
    const sent = await curl([url, ...words, ...login(alice), ...envelope()], letter(listener))
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    await expectLetter(listener)
  })

  it('sends to the port for other servers, over STARTTLS and in clear', async () => {
    for (const words of [['--ssl-reqd'], []]) {
      const url = `smtp://localhost:${server.ports.smtp}/client.test`
      expect(await curl([url, ...words, ...envelope()], letter('mx'))).toMatchObject({ code: 0 })
      await expectLetter('mx')
    }
  })

  it('does not relay without a login', async () => {
    const url = `smtp://localhost:${server.ports.smtp}/client.test`
    const words = ['--mail-from', 'a@remote.test', '--mail-rcpt', 'b@elsewhere.test', '-T', '-']
    const sent = await curl([url, ...words], letter('relay'))
    expect(sent.code).not.toBe(0)
    expect(sent.stderr).toContain('554')
  })

  it.each([
    ['pop3', ['--ssl-reqd']],
    ['pop3s', []],
  ] as const)('reads by %s', async (listener, words) => {
    await submit('to read')
    const url = `${listener}://localhost:${server.ports[listener]}`
    const read = async (path: string, more: readonly string[] = []) =>
      (await curl([`${url}/${path}`, ...words, ...more, ...login(bob)])).stdout
    await expect.poll(() => read(''), { timeout: 10_000 }).toMatch(/^1 \d+\r\n$/)
    expect(await read('1')).toContain(letter('to read'))
    expect(await read('', ['-X', 'UIDL'])).toMatch(/^1 \d+-\d+\r\n$/)
    await read('1', ['-X', 'DELE', '-I'])
    expect(await read('')).toBe('')
  })

  it('cannot log in without TLS', async () => {
    const url = `pop3://localhost:${server.ports.pop3}/`
    expect((await curl([url, ...login(bob)])).code).not.toBe(0)
  })

  beforeAll((context) => void context)
})

/** Alice writes to bob. */
async function submit(subject: string): Promise<void> {
  await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
  await smtp.hello()
  await smtp.logIn(alice.address, alice.password)
  await smtp.envelope(alice.address, bob.address)
  expect((await smtp.data(letter(subject))).code).toBe(250)
}
