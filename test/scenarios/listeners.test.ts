// The limits and manners of the listeners as an administrator sets them and as clients meet them.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type TcpNetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** Starts a server with these settings for the cases of one `describe`. */
function serverWith(...settings: readonly string[]) {
  const resources = new AsyncDisposableStack()
  let started: { readonly server: ServerProcess; readonly folder: string } | undefined
  beforeAll(async () => {
    const folder = resources.use(await temporaryFolder()).path
    const server = await startServer(folder, await freePorts(), ['authFailureDelay=0', ...settings])
    resources.defer(async () => void (await server.end('SIGTERM')))
    started = { server, folder }
  })
  afterAll(() => resources.disposeAsync())
  return () => {
    if (started === undefined) throw new Error('not started')
    const { alice, bob } = firstAccounts(started.server)
    return { ...started, ports: started.server.ports, alice, bob }
  }
}

async function hello(port: number, options?: { readonly tls: boolean }): Promise<SmtpClient> {
  const client = await SmtpClient.open(port, options)
  await client.hello()
  return client
}

/** So many bytes; the first line takes what is no whole line. */
function messageOf(bytes: number): string {
  const line = `${'x'.repeat(78)}\r\n`
  return 'y'.repeat(bytes % line.length) + line.repeat(Math.floor(bytes / line.length))
}

describe('limits of a message', () => {
  const running = serverWith(
    'smtpdRecipientLimit=3',
    'messageSizeLimit=10KB',
    'mailboxSizeLimit=15KB',
  )
  const LIMIT = 10 * 1024

  it('names the largest message in EHLO and takes one of that size', async () => {
    const { server, ports, alice } = running()
    await using smtp = await SmtpClient.open(ports.smtp)
    expect((await smtp.hello()).text).toMatch(new RegExp(`^250[- ]SIZE ${LIMIT}$`, 'm'))
    expect((await smtp.envelope('a@remote.test', alice.address, ` SIZE=${LIMIT}`)).code).toBe(250)
    expect((await smtp.data(messageOf(LIMIT))).code).toBe(250)
    await takeMail(server, alice)
  })

  it('refuses a message that is one byte larger, declared, by DATA and by BDAT', async () => {
    const { ports, alice } = running()
    await using smtp = await hello(ports.smtp)
    const declared = await smtp.envelope('a@remote.test', alice.address, ` SIZE=${LIMIT + 1}`)
    expect(declared.text).toMatch(/^552 5\.3\.4 /)
    await smtp.envelope('a@remote.test', alice.address)
    expect((await smtp.data(messageOf(LIMIT + 1))).text).toMatch(/^552 5\.3\.4 /)
    await smtp.envelope('a@remote.test', alice.address)
    expect((await smtp.bdat(Buffer.from(messageOf(LIMIT + 1)))).text).toMatch(/^552 5\.3\.4 /)
    expect((await smtp.command('NOOP')).code).toBe(250)
  })

  it('refuses recipients beyond the limit, and delivers to those it took', async () => {
    const { server, ports, alice, bob } = running()
    await using smtp = await hello(ports.smtp)
    const to = [alice.address, bob.address, 'postmaster@example.test']
    expect((await smtp.envelope('a@remote.test', to)).code).toBe(250)
    expect((await smtp.command(`RCPT TO:<${alice.address}>`)).text).toMatch(/^452 4\.5\.3 /)
    expect((await smtp.data('\r\n')).code).toBe(250)
    // Postmaster is Alice, who gets it once.
    await takeMail(server, alice)
    await takeMail(server, bob)
  })

  it('refuses mail for a full mailbox until it is emptied', async () => {
    const { folder, ports, bob } = running()
    await using smtp = await hello(ports.smtp)
    await smtp.envelope('a@remote.test', bob.address)
    expect((await smtp.data(messageOf(LIMIT))).code).toBe(250)
    const declared = () => smtp.envelope('a@remote.test', bob.address, ' SIZE=8000')
    await eventually('it is full', async () => {
      await smtp.command('RSET')
      return (await declared()).text.startsWith('452 4.2.2 ')
    })
    await commandLine(['account', 'empty', bob.address, '--data', folder])
    await smtp.command('RSET')
    expect((await declared()).code).toBe(250)
  })
})

describe('limits of connections', () => {
  const running = serverWith('clientConnectionCountLimit=3')

  it.each([
    ['smtp', /^421 4\.7\.0 /],
    ['pop3', /^-ERR \[SYS\/TEMP\]/],
  ] as const)(
    'are kept by %s for each address, and free again when one leaves',
    async (name, refusal) => {
      const port = running().ports[name]
      const open = () => {
        const socket = connect(port, '127.0.0.1')
        const greeting = once(socket, 'data').then(([data]) => String(data))
        return { socket, greeting }
      }
      const three = [open(), open(), open()]
      for (const { greeting } of three) expect(await greeting).toMatch(/^(220|\+OK)/)
      expect(await open().greeting).toMatch(refusal)
      three[0]?.socket.destroy()
      await eventually('there is room again', async () => {
        const { socket, greeting } = open()
        const isWelcome = /^(220|\+OK)/.test(await greeting)
        socket.destroy()
        return isWelcome
      })
      for (const { socket } of three) socket.destroy()
    },
  )
})

describe('relaying', () => {
  const running = serverWith()

  it('is refused on port 25, to strangers and to those who claim to be from here', async () => {
    const { ports, alice } = running()
    await using smtp = await hello(ports.smtp)
    for (const from of ['a@remote.test', alice.address, '']) {
      const refused = await smtp.envelope(from, 'b@elsewhere.test')
      expect(refused.text).toMatch(/^554 5\.7\.1 .*Relay access denied/)
      await smtp.command('RSET')
    }
    for (const to of ['b%elsewhere.test@example.test', '"b@elsewhere.test"@example.test']) {
      expect((await smtp.envelope('a@remote.test', to)).text).toMatch(
        /^554 5\.7\.1 .*Relay access denied/,
      )
      await smtp.command('RSET')
    }
  })

  it('and everything else needs a login on the ports for mail clients', async () => {
    const { ports, bob } = running()
    await using submissions = await hello(ports.submissions, { tls: true })
    await using submission = await SmtpClient.open(ports.submission)
    await submission.hello({ startTls: true })
    for (const smtp of [submissions, submission]) {
      for (const to of ['b@elsewhere.test', bob.address]) {
        expect((await smtp.envelope('a@remote.test', to)).text).toMatch(/^530 5\.7\.0 /)
      }
    }
  })

  it('is for those who logged in, and not for the next one on the connection', async () => {
    const { ports, alice } = running()
    await using smtp = await hello(ports.submissions, { tls: true })
    expect((await smtp.logIn(alice.address, 'wrong')).code).toBe(535)
    expect((await smtp.envelope(alice.address, 'b@elsewhere.test')).code).toBe(530)
    expect((await smtp.logIn(alice.address, alice.password)).code).toBe(235)
    expect((await smtp.envelope(alice.address, 'b@elsewhere.test')).code).toBe(250)
  })
})

describe('the SMTP server of a site with old clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postwolke-networks-'))
  const networks = join(folder, 'networks')
  writeFileSync(networks, '# the office\n127.0.0.9 # the printer\n')
  afterAll(() => rmSync(folder, { recursive: true }))
  const running = serverWith(
    'hostname=mx.example.test',
    'smtpdBanner=$hostname at your service',
    'smtpdSaslAuthEnable=yes',
    'brokenSaslAuthClients=yes',
    `mynetworks=${networks}`,
    'listeners.smtp.address=127.0.0.1 127.0.0.2',
  )

  async function greeting(options: TcpNetConnectOpts): Promise<string> {
    const socket = connect(options)
    const [line] = await once(socket, 'data')
    socket.destroy()
    return String(line)
  }

  it('greets as it was told, on each of its addresses', async () => {
    const { port, others } = { port: running().ports.smtp, others: running().ports.pop3s }
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      expect(await greeting({ host, port })).toBe('220 mx.example.test at your service\r\n')
    }
    await expect(greeting({ host: '127.0.0.2', port: others })).rejects.toThrow('ECONNREFUSED')
  })

  it('lets who logs in relay on port 25, and networks of the file without', async () => {
    const { ports, alice } = running()
    await using smtp = await SmtpClient.open(ports.smtp)
    const offer = (await smtp.hello({ startTls: true })).text
    expect(offer).toMatch(/^250[- ]AUTH PLAIN LOGIN /m)
    expect(offer).toMatch(/^250[- ]AUTH=PLAIN LOGIN /m)
    expect((await smtp.envelope(alice.address, 'b@elsewhere.test')).code).toBe(554)
    await smtp.command('RSET')
    expect((await smtp.logIn(alice.address, alice.password)).code).toBe(235)
    expect((await smtp.envelope(alice.address, 'b@elsewhere.test')).code).toBe(250)

    const printer = connect({ host: '127.0.0.1', port: ports.smtp, localAddress: '127.0.0.9' })
    const replies: string[] = []
    for (const line of ['', 'HELO p', 'MAIL FROM:<p@x.test>', 'RCPT TO:<b@elsewhere.test>']) {
      if (line !== '') printer.write(`${line}\r\n`)
      const [data] = await once(printer, 'data')
      replies.push(String(data))
    }
    printer.destroy()
    expect(replies.at(-1)).toMatch(/^250 2\.1\.5 /)
  })
})

describe('mynetworks', () => {
  const running = serverWith('mynetworks=127.0.0.0/8', 'listeners.pop3.enabled=no')

  it('may relay without a login', async () => {
    await using smtp = await hello(running().ports.smtp)
    expect((await smtp.envelope('a@remote.test', 'b@elsewhere.test')).code).toBe(250)
  })

  it('runs beside a listener that is switched off', async () => {
    await expect(Pop3Client.open(running().ports.pop3)).rejects.toThrow(/ECONNREFUSED/)
  })
})

/** Whether passwords are taken in clear, by each listener that begins in clear. */
async function inClear({ ports, alice }: { ports: ServerProcess['ports']; alice: Account }) {
  await using submission = await SmtpClient.open(ports.submission)
  const offer = (await submission.hello()).text
  const login = await submission.logIn(alice.address, alice.password)
  await using pop3 = await Pop3Client.open(ports.pop3)
  const capabilities = await pop3.list('CAPA')
  const pop3Login = await pop3.logIn(alice.address, alice.password)
  return {
    // Mechanisms that do not send the password are offered in any case.
    offered: /^250[- ]AUTH .*(PLAIN|LOGIN)/m.test(offer),
    smtp: login.code,
    pop3Offered: capabilities.includes('USER'),
    pop3: pop3Login,
  }
}

describe('disablePlaintextAuth=yes', () => {
  const running = serverWith('submissionRequireTls=no')

  it('refuses passwords without TLS, and does not ask for them', async () => {
    expect(await inClear(running())).toEqual({
      offered: false,
      smtp: expect.toBeOneOf([530, 538]),
      pop3Offered: false,
      pop3: expect.stringMatching(/^-ERR \[AUTH\] clear-text login/),
    })
  })
})

describe.each(['no', 'loopback-allowed'])('disablePlaintextAuth=%s', (value) => {
  const running = serverWith('submissionRequireTls=no', `disablePlaintextAuth=${value}`)

  it('takes passwords from this machine without TLS', async () => {
    expect(await inClear(running())).toEqual({
      offered: true,
      smtp: 235,
      pop3Offered: true,
      pop3: expect.stringMatching(/^\+OK 0 messages/),
    })
  })
})

describe('failed logins', () => {
  const running = serverWith('authFailureLimit=3', 'authMinimalBackoffTime=2s')

  async function pop3(login: string, password: string): Promise<string> {
    await using client = await Pop3Client.open(running().ports.pop3s, { tls: true })
    return await client.logIn(login, password)
  }

  it('make the account wait, by every protocol, and nobody else', async () => {
    const { ports, alice, bob } = running()
    expect(await pop3(bob.address, bob.password)).toMatch(/^\+OK/)
    expect(await pop3(bob.address, 'wrong')).toMatch(/^-ERR \[AUTH\]/)
    await using smtp = await hello(ports.submissions, { tls: true })
    for (const guess of ['a guess', 'another guess'])
      expect((await smtp.logIn(bob.address, guess)).code).toBe(535)
    // Right passwords too, even one that was right a moment ago.
    expect(await pop3(bob.address, bob.password)).toMatch(/^-ERR \[SYS\/TEMP\] too many failed/)
    expect((await smtp.logIn(bob.address, bob.password)).text).toMatch(/^454 4\.7\.0 /)
    expect(await pop3(alice.address, alice.password)).toMatch(/^\+OK/)
    await eventually('it has waited enough', async () =>
      (await pop3(bob.address, bob.password)).startsWith('+OK'),
    )
  })
})

describe('tls.minimumVersion', () => {
  const running = serverWith('tls.minimumVersion=TLSv1.3')

  it.each(['submissions', 'imaps', 'pop3s'] as const)('holds for %s', async (name) => {
    const port = running().ports[name]
    expect(await handshake(port, 'TLSv1.3')).toBe('TLSv1.3')
    expect(await handshake(port, 'TLSv1.2')).toMatch(/PROTOCOL_VERSION/)
  })
})

/** The protocol of a handshake with no more than this, or the code of what ended it. */
async function handshake(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> {
  const socket = connectTls({ port, host: '127.0.0.1', maxVersion, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getProtocol()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}
