// Clients that are not ours against a running server, as far as they are installed: what they send arrives, what they must
// not do is refused, and they read and delete what they are sent.

import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { type Ended, isInstalled, runProgram } from '#test/support/program.ts'
import {
  freePorts,
  listenerNames,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
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
  resources.defer(async () => void (await server.end('SIGTERM')))
  ;({ alice, bob } = firstAccounts(server))
})
afterAll(() => resources.disposeAsync())

function describeClient(program: string, body: () => void, missing = whatIsMissing(program)): void {
  describe.skipIf(missing !== undefined)(
    missing === undefined ? program : `${program} (skipped: ${missing} is not installed)`,
    body,
  )
}

const whatIsMissing = (program: string) => (isInstalled(program) ? undefined : program)

/** Alice to Bob, with lines that begin with a dot. */
function letter(subject: string): string {
  const fields = [`From: ${alice.address}`, `To: ${bob.address}`, `Subject: ${subject}`]
  return [...fields, '', 'Hello.', '.dots', '.', '', 'end', ''].join('\r\n')
}

/** Bob has this one letter, below the fields that the server put before it. */
async function expectLetter(subject: string): Promise<void> {
  const [message = ''] = await takeMail(server, bob)
  expect(message.slice(-letter(subject).length)).toBe(letter(subject))
}

async function submit(subject: string): Promise<void> {
  await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
  await smtp.hello()
  await smtp.logIn(alice.address, alice.password)
  await smtp.envelope(alice.address, bob.address)
  expect((await smtp.data(letter(subject))).code).toBe(250)
}

const fine = { code: 0, stderr: '' }

describeClient('curl', () => {
  const curl = (words: readonly string[], input = ''): Promise<Ended> =>
    runProgram('curl', ['-sS', '-k', ...words], { input })
  const login = ({ address, password }: Account) => ['-u', `${address}:${password}`]
  const envelope = (from: string, to: string) => ['--mail-from', from, '--mail-rcpt', to, '-T', '-']
  const url = (scheme: string, listener: keyof ServerProcess['ports']) =>
    `${scheme}://localhost:${server.ports[listener]}`

  it.each([
    ['submission', 'smtp', ['--ssl-reqd']],
    ['submissions', 'smtps', []],
  ] as const)('sends by %s', async (listener, scheme, tls) => {
    const words = [url(scheme, listener), ...tls, ...envelope(alice.address, bob.address)]
    expect(await curl([...words, ...login(alice)], letter(listener))).toMatchObject(fine)
    await expectLetter(listener)
  })

  it.each([
    ['over STARTTLS', ['--ssl-reqd']],
    ['in clear', []],
  ])('sends to port 25 %s', async (how, tls) => {
    const words = [url('smtp', 'smtp'), ...tls, ...envelope('a@remote.test', bob.address)]
    expect(await curl(words, letter(how))).toMatchObject(fine)
    await expectLetter(how)
  })

  it('does not get mail relayed without a login', async () => {
    const words = [url('smtp', 'smtp'), ...envelope('a@remote.test', 'b@elsewhere.test')]
    const sent = await curl(words, letter('relay'))
    expect(sent.code).not.toBe(0)
    expect(sent.stderr).toContain('554')
  })

  it.each([
    ['pop3', ['--ssl-reqd']],
    ['pop3s', []],
  ] as const)('reads and deletes by %s', async (listener, tls) => {
    await submit('to read')
    const read = async (path: string, words: readonly string[] = []) => {
      const ended = await curl([
        `${url(listener, listener)}/${path}`,
        ...tls,
        ...login(bob),
        ...words,
      ])
      expect(ended).toMatchObject(fine)
      return ended.stdout
    }
    await expect.poll(() => read(''), { timeout: 10_000 }).toMatch(/^1 \d+\r\n$/)
    expect(await read('1')).toContain(letter('to read'))
    expect(await read('', ['-X', 'UIDL'])).toMatch(/^1 \d+-\d+\r\n$/)
    await read('1', ['-X', 'DELE', '-I'])
    // curl makes an empty line of an empty list.
    expect((await read('')).trim()).toBe('')
  })

  it('cannot log in without TLS', async () => {
    expect((await curl([url('pop3', 'pop3'), ...login(bob)])).code).not.toBe(0)
    const words = [url('smtp', 'submission'), ...envelope(alice.address, bob.address)]
    expect((await curl([...words, ...login(alice)], letter('clear'))).code).not.toBe(0)
  })
})

describeClient('python3', () => {
  async function python(script: string, words: readonly string[], to: string, who = alice) {
    const path = fileURLToPath(new URL(`../support/python/${script}`, import.meta.url))
    const ports = listenerNames.map((name) => [name.toUpperCase(), String(server.ports[name])])
    const environment = {
      ...Object.fromEntries(ports),
      LOGIN: who.address,
      PASSWORD: who.password,
      TO: to,
    }
    expect(await runProgram('python3', [path, ...words], { environment })).toMatchObject(fine)
  }

  it.each([
    ['STARTTLS and AUTH PLAIN', 'plain', 'starttls plain'],
    ['STARTTLS and AUTH LOGIN', 'login', 'starttls login'],
    ['TLS', 'tls', 'over tls'],
  ])('sends to two recipients with %s', async (_, word, subject) => {
    await python('send.py', [word], `${bob.address},${alice.address}`)
    for (const account of [alice, bob]) {
      const [message] = await takeMail(server, account)
      expect(message).toContain(`\r\nSubject: ${subject}\r\n`)
      expect(message).toMatch(/^Message-ID: </m)
    }
  })

  it('sends 8-bit text', async () => {
    await python('send.py', ['8bit'], bob.address)
    const [message = ''] = await takeMail(server, bob)
    expect(Buffer.from(message, 'latin1').toString('utf8')).toContain('\r\n\r\nGrüße\r\n.\r\n')
  })

  it('sends to an internationalised address', async () => {
    const jürgen = { address: 'jürgen@example.test', password: 'Straßenbahn 9' }
    const words = ['account', 'add', jürgen.address, '--password-stdin']
    expect(await runCommand(folder, words, jürgen.password)).toMatchObject({ code: 0 })
    await python('send.py', ['utf8'], jürgen.address)
    const [message = ''] = await takeMail(server, jürgen)
    expect(Buffer.from(message, 'latin1').toString('utf8')).toContain('Subject: Grüße\r\n')
  })

  it('is told which recipients and logins are wrong', async () => {
    await python('send.py', ['refused'], bob.address)
    await takeMail(server, bob)
  })

  it('reads and deletes with poplib', async () => {
    for (const subject of ['one', 'two', 'three']) await submit(subject)
    await python('read.py', [], '', bob)
  })
})

describeClient('openssl', () => {
  const services = [
    ['smtp', ['-starttls', 'smtp']],
    ['submission', ['-starttls', 'smtp']],
    ['submissions', []],
    ['pop3', ['-starttls', 'pop3']],
    ['pop3s', []],
  ] as const

  // SECLEVEL=0: what the client would take, so that it is the server who refuses.
  const connect = (listener: keyof ServerProcess['ports'], words: readonly string[]) =>
    runProgram('openssl', [
      's_client',
      '-brief',
      '-cipher',
      'ALL:@SECLEVEL=0',
      '-connect',
      `127.0.0.1:${server.ports[listener]}`,
      ...words,
    ])

  it.each(services)('speaks TLS 1.2 and 1.3 with %s', async (listener, words) => {
    for (const [option, version] of [
      ['-tls1_2', 'TLSv1.2'],
      ['-tls1_3', 'TLSv1.3'],
    ] as const) {
      const { code, stdout, stderr } = await connect(listener, [...words, option])
      expect(stdout + stderr).toContain(`Protocol version: ${version}`)
      expect(code).toBe(0)
    }
  })

  it.each(services)('is refused TLS 1.1 by %s', async (listener, words) => {
    const { code, stderr } = await connect(listener, [...words, '-tls1_1'])
    expect(stderr).toMatch(/alert protocol version|tlsv1 alert/)
    expect(code).not.toBe(0)
  })
})

describeClient(
  'swaks',
  () => {
    it.each([
      ['submission', ['-tls', '--auth', 'PLAIN']],
      ['submission', ['-tls', '--auth', 'LOGIN']],
      ['submissions', ['--tls-on-connect', '--auth', 'PLAIN']],
      ['submission', ['-tls', '--auth', 'PLAIN', '--pipeline']],
    ] as const)('sends by %s %j', async (listener, words) => {
      const to = ['--server', `127.0.0.1:${server.ports[listener]}`]
      // Swaks asks for what it needs of these.
      const login = ['--auth-user', alice.address, '--auth-password', alice.password]
      const envelope = ['--from', alice.address, '--to', bob.address, '--h-Subject', 'swaks']
      const sent = runProgram('swaks', [...to, ...words, ...login, ...envelope])
      expect(await sent).toMatchObject({ code: 0 })
      const [message] = await takeMail(server, bob)
      expect(message).toContain('\r\nSubject: swaks\r\n')
    })
  },
  whatSwaksMisses(),
)

/** Swaks speaks TLS by a module that it can be installed without. */
function whatSwaksMisses(): string | undefined {
  const module = spawnSync('perl', ['-MNet::SSLeay', '-e', '1'])
  return whatIsMissing('swaks') ?? (module.status === 0 ? undefined : 'Net::SSLeay')
}

describeClient('msmtp', () => {
  it.each([
    ['submission', 'on'],
    ['submissions', 'off'],
  ] as const)('sends by %s', async (listener, starttls) => {
    const to = ['--host=127.0.0.1', `--port=${server.ports[listener]}`, `--from=${alice.address}`]
    const tls = ['--tls=on', `--tls-starttls=${starttls}`, '--tls-certcheck=off']
    const login = [
      '--auth=plain',
      `--user=${alice.address}`,
      `--passwordeval=echo ${alice.password}`,
    ]
    const words = [...to, ...tls, ...login, bob.address]
    const ended = await runProgram('msmtp', words, { input: letter(listener).replaceAll('\r', '') })
    expect(ended).toMatchObject(fine)
    await expectLetter(listener)
  })
})

describeClient('mpop', () => {
  it.each([
    ['pop3', 'on'],
    ['pop3s', 'off'],
  ] as const)('reads and deletes by %s', async (listener, starttls) => {
    await submit('to read')
    const mbox = join(folder, `${listener}.mbox`)
    await writeFile(mbox, '')
    const from = ['--host=127.0.0.1', `--port=${server.ports[listener]}`, `--user=${bob.address}`]
    const tls = ['--tls=on', `--tls-starttls=${starttls}`, '--tls-certcheck=off']
    const what = [`--passwordeval=echo ${bob.password}`, `--delivery=mbox,${mbox}`, '--keep=off']
    const uidls = `--uidls-file=${mbox}.uidls`
    const read = async () => {
      const words = [...from, ...tls, ...what, uidls, '--auth=user', '--only-new=off']
      expect(await runProgram('mpop', words)).toMatchObject({ code: 0 })
      return (await runProgram('cat', [mbox])).stdout
    }
    await expect.poll(read, { timeout: 10_000 }).toContain('Subject: to read')
    expect(await takeMail(server, bob, 0)).toEqual([])
  })
})
