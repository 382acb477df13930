import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ENVELOPE_BYTES_MAX, smtpDefaults } from '#services/smtp/config.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { SmtpServer } from '#services/smtp/server.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { clientPair } from '#test/support/client-certificate.ts'
import { FakeAccountWatch } from '#test/support/fake-account-watch.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'
import { Connection } from '#test/transcripts/connection.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start({ clock, ...options }: Partial<SmtpListenerOptions> & { clock?: Clock } = {}) {
  const log = new MemoryLog()
  const accountWatch = new FakeAccountWatch()
  const fakes = { ...smtpFakes(log), accountWatch, ...(clock && { clock }) }
  const listener = createSmtpListener({ role: 'smtp', address: '127.0.0.1', ...options }, fakes)
  const { port } = await listener.listen()
  closing.push(() => listener.close({ graceMs: 0 }))
  const implicitTls = options.role === 'submissions'
  const open = async () => {
    const client = await Connection.open({ port, implicitTls })
    await client.readLine('greeting')
    return client
  }
  return { ...fakes, log, listener, port, open }
}

/** Sends lines together and gives back the last line of each reply. */
async function say(client: Connection, ...lines: readonly string[]): Promise<readonly string[]> {
  await client.write(Buffer.from(lines.map((line) => `${line}\r\n`).join('')))
  const answers: string[] = []
  while (answers.length < lines.length) {
    const line = await client.readLine(String(lines))
    if (line[3] === ' ') answers.push(line)
  }
  return answers
}

async function sendContent(client: Connection, content: string): Promise<string> {
  await client.write(Buffer.from(`${content}.\r\n`))
  return client.readLine('content')
}

const envelope = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'] as const

describe('what policy is told', () => {
  const login = `AUTH PLAIN ${btoa(`\0${goodLogin.login}\0${goodLogin.password}`)}`
  const content =
    'From: a@b.example, c@d.example\r\nSender: e@f.example\r\n\r\nFrom: x@y.example\r\n'
  const submission = { role: 'submission', submissionRequireTls: false } as const
  const openly = { ...submission, disablePlaintextAuth: 'no' } as const

  it('has the authors of a message whose sender logged in', async () => {
    const { open, policy, spool } = await start(openly)
    const client = await open()
    await say(client, 'HELO client.example', login, ...envelope)
    await sendContent(client, content)
    expect(policy.messageRequests[0]).toMatchObject({
      from: ['a@b.example', 'c@d.example'],
      sender: ['e@f.example'],
    })
    expect(spool.accepted[0]?.prepend).toContain(`(Authenticated sender: ${goodLogin.login})`)
  })

  it('has none where nobody logged in or nobody is held to its address', async () => {
    const off = {
      ...openly,
      smtpdRejectSenderLoginMismatch: false,
      smtpdSaslAuthenticatedHeader: false,
    }
    for (const options of [{}, off]) {
      const { open, policy, spool } = await start(options)
      const client = await open()
      const lines = 'role' in options ? [login] : []
      await say(client, 'HELO client.example', ...lines, ...envelope)
      await sendContent(client, content)
      expect(policy.messageRequests[0]).toMatchObject({ from: [], sender: [] })
      expect(spool.accepted[0]?.prepend).not.toContain(goodLogin.login)
    }
  })

  it('is nothing where the header is too long to know', async () => {
    const { open, policy, spool } = await start(openly)
    const client = await open()
    await say(client, 'HELO client.example', login, ...envelope)
    const reply = await sendContent(client, `X: ${'x'.repeat(300_000)}\r\n${content}`)
    expect(reply).toBe('552 5.3.4 Message header is too long')
    expect(policy.messageRequests).toEqual([])
    expect(spool.accepted).toEqual([])
  })

  it('has what the recipients so far lead to', async () => {
    const { open, policy } = await start()
    const client = await open()
    const rcpt = ['list', 'unknown', 'c', 'list', 'c'].map(
      (local) => `RCPT TO:<${local}@d.example>`,
    )
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>', ...rcpt)
    expect(policy.recipientRequests.map((request) => request.finalRecipientsSoFar)).toEqual([
      0, 3, 3, 4, 7,
    ])
  })
})

describe('the envelope of a message', () => {
  const orcpt = `rfc822;${'x'.repeat(490)}`

  it('has a limit in bytes (RFC 5321 §4.5.3.1.10)', async () => {
    const { open, spool } = await start({ offersDsn: true })
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>')
    const lines = Array.from({ length: 500 }, (_, i) => `RCPT TO:<r${i}@d.example> ORCPT=${orcpt}`)
    const replies = await say(client, ...lines)
    const taken = replies.filter((reply) => reply.startsWith('250 '))
    expect(taken.length).toBeGreaterThan(300)
    expect(replies.slice(taken.length)).toEqual(
      replies.slice(taken.length).map(() => '452 4.5.3 Too many recipients'),
    )
    await say(client, 'DATA')
    expect(await sendContent(client, '')).toMatch(/^250 /)
    const { recipients } = spool.accepted[0]?.envelope ?? {}
    expect(recipients).toHaveLength(taken.length)
    expect(Buffer.byteLength(JSON.stringify(recipients))).toBeLessThan(ENVELOPE_BYTES_MAX)
  })

  it('takes a hundred of the longest recipients (RFC 5321 §4.5.3.1.8)', async () => {
    const { open } = await start({ offersDsn: true })
    const client = await open()
    const domain = Array.from({ length: 4 }, () => 'd'.repeat(44)).join('.')
    const lines = Array.from(
      { length: 100 },
      (_, i) =>
        `RCPT TO:<${String(i).padStart(640 - 1 - domain.length, 'x')}@${domain}> ORCPT=${orcpt}`,
    )
    await say(client, 'HELO client.example', `MAIL FROM:<a@b.example> ENVID=${'e'.repeat(100)}`)
    const replies = await say(client, ...lines)
    expect(replies.every((reply) => reply.startsWith('250 '))).toBe(true)
  })

  it('takes nobody more once policy found that it leads to too many', async () => {
    const { open, policy } = await start()
    const client = await open()
    const rcpt = ['c', 'crowd', 'c', 'c'].map((local) => `RCPT TO:<${local}@d.example>`)
    const replies = await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>', ...rcpt)
    expect(replies.slice(2).map((reply) => reply.slice(0, 9))).toEqual([
      '250 2.1.5',
      '452 4.5.3',
      '452 4.5.3',
      '452 4.5.3',
    ])
    expect(policy.recipientRequests).toHaveLength(2)
  })
})

describe('who makes many errors', () => {
  const errors = (count: number) => Array.from({ length: count }, () => 'FOO')

  it('gets each further reply slowly, and what was said before at once', async () => {
    const clock = new ManualClock()
    const { open } = await start({ clock, smtpdSoftErrorLimit: 3, smtpdErrorSleepTimeMs: 1_000 })
    const client = await open()
    await client.write(Buffer.from('FOO\r\nFOO\r\nFOO\r\nNOOP\r\n'))
    expect([await client.readLine('1'), await client.readLine('2')]).toHaveLength(2)
    let answered = 0
    const third = client.readLine('3').then(() => answered++)
    await clock.advance(999)
    expect(answered).toBe(0)
    await clock.advance(1)
    await third
    const fourth = client.readLine('4')
    await clock.advance(1_000)
    expect(await fourth).toBe('250 2.0.0 Ok')
  })

  it('is sent away all the same, and its sleep ends with it', async () => {
    const clock = new ManualClock()
    const { open, listener } = await start({ clock, smtpdSoftErrorLimit: 1 })
    const client = await open()
    await client.write(Buffer.from('FOO\r\n'))
    await new Promise(setImmediate)
    await listener.close({ graceMs: 0 })
    await client.readToEnd('closed')
  })

  it('is slow until a message is accepted', async () => {
    const { open } = await start({ smtpdSoftErrorLimit: 3, smtpdErrorSleepTimeMs: 1 })
    const client = await open()
    await say(client, 'HELO client.example', ...errors(5), ...envelope)
    await sendContent(client, 'x\r\n')
    const replies = await say(client, ...errors(2))
    expect(replies).toHaveLength(2)
  })
})

describe('who collects addresses', () => {
  const unknown = (count: number) =>
    Array.from({ length: count }, () => 'RCPT TO:<unknown@d.example>')
  const patient = { smtpdSoftErrorLimit: 1_000, smtpdErrorLimit: 1_000, smtpdErrorSleepTimeMs: 1 }

  it('has to wait, on every connection of the network', async () => {
    const { open, policy, log } = await start({ ...patient, clientUnknownRecipientLimit: 5 })
    const mail = ['HELO client.example', 'MAIL FROM:<a@b.example>']
    const first = await open()
    await say(first, ...mail, ...unknown(3))
    const second = await open()
    const replies = await say(second, ...mail, ...unknown(3))
    expect(replies.slice(2).map((reply) => reply.slice(0, 9))).toEqual([
      '550 5.1.1',
      '550 5.1.1',
      '421 4.7.0',
    ])
    // Whoever exists is not told apart either.
    const third = await open()
    const [, , reply] = await say(third, ...mail, 'RCPT TO:<c@d.example>')
    expect(reply).toBe('421 4.7.0 Too many unknown recipients, try again later')
    await third.readToEnd('closed')
    expect(policy.recipientRequests).toHaveLength(5)
    expect(
      log.lines.filter(({ message }) => message === 'too many unknown recipients'),
    ).toHaveLength(2)
  })

  it('is sent away slowly, so that coming back is no way to go on', async () => {
    const clock = new ManualClock()
    const options = { ...patient, smtpdErrorSleepTimeMs: 1_000, clientUnknownRecipientLimit: 1 }
    const { open } = await start({ ...options, clock })
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>')
    await client.write(Buffer.from(`${unknown(1)}\r\nRCPT TO:<c@d.example>\r\n`))
    // Sent when the wait for the next one begins.
    expect(await client.readLine('unknown')).toMatch(/^550 /)
    let answered = false
    const last = client.readLine('421').then((line) => {
      answered = true
      return line
    })
    await clock.advance(999)
    expect(answered).toBe(false)
    await clock.advance(1)
    expect(await last).toMatch(/^421 4\.7\.0 /)
  })

  it('may ask for any number from mynetworks', async () => {
    const options = { clientUnknownRecipientLimit: 1, mynetworks: ['127.0.0.0/8'] }
    const { open, policy } = await start({ ...patient, ...options })
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>', ...unknown(50))
    expect(policy.recipientRequests).toHaveLength(50)
  })

  it('does not fill the log', async () => {
    const { open, log, listener } = await start(patient)
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>', ...unknown(60))
    const lines = () => log.lines.filter(({ message }) => message === 'recipient rejected')
    expect(lines()).toHaveLength(10)
    await listener.close({ graceMs: 0 })
    expect(lines().at(-1)?.fields).toMatchObject({ network: '127.0.0.1', times: 50 })
  })
})

describe('a message', () => {
  it('has one queue id everywhere', async () => {
    const { open, policy, spool, log } = await start()
    spool.messageId = '<added@here.example>'
    const client = await open()
    await say(client, 'HELO client.example', ...envelope)
    const reply = await sendContent(client, 'x\r\n')
    const id = policy.recipientRequests[0]?.queueId
    expect(reply).toBe(`250 2.0.0 Ok: queued as ${id}`)
    expect(policy.messageRequests[0]?.queueId).toBe(id)
    expect(spool.accepted[0]?.spooled.queueId).toBe(id)
    expect(log.lines.at(-1)).toMatchObject({
      message: 'message accepted',
      fields: {
        queueId: id,
        messageId: '<added@here.example>',
        from: 'a@b.example',
        to: expect.stringContaining('@'),
        recipients: 1,
        size: 3,
        listener: 'smtp',
        helo: 'client.example',
        tls: 'none',
      },
    })
    client.destroy()
    await vi.waitFor(() =>
      expect(log.lines.at(-1)).toMatchObject({
        message: 'session ended',
        fields: { helo: 'client.example', tls: 'none', reason: 'client closed', accepted: 1 },
      }),
    )
  })

  it('has another one than the message before', async () => {
    const { open, spool } = await start()
    const client = await open()
    await say(client, 'HELO client.example')
    for (const content of ['one\r\n', 'two\r\n']) {
      await say(client, ...envelope)
      await sendContent(client, content)
    }
    expect(new Set(spool.accepted.map(({ spooled }) => spooled.queueId)).size).toBe(2)
  })

  it('begins with what policy says, then our Received field', async () => {
    const { open, spool } = await start()
    const client = await open()
    const rcpt = ['RCPT TO:<tagged@d.example>', 'RCPT TO:<tagged@e.example>']
    await say(client, 'EHLO client.example', 'MAIL FROM:<tagged@b.example>', ...rcpt, 'DATA')
    await sendContent(client, 'x\r\n')
    expect(spool.accepted[0]?.prepend).toMatch(
      /^X-Tag: message\r\nX-Tag: recipient\r\nReceived: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.test with ESMTP id \S+;\r\n/,
    )
  })

  it('tells policy where it comes from', async () => {
    const { open, policy } = await start({ role: 'submissions' })
    const client = await open()
    const plain = Buffer.from(`\0${goodLogin.login}\0${goodLogin.password}`).toString('base64')
    await say(client, 'EHLO client.example', `AUTH PLAIN ${plain}`)
    await say(client, 'MAIL FROM:<a@b.example> SIZE=7', 'RCPT TO:<c@d.example>')
    await say(client, 'RCPT TO:<e@d.example>', 'DATA')
    await sendContent(client, 'x\r\n')
    const origin = {
      listener: 'submissions',
      remoteAddress: '127.0.0.1',
      helo: 'client.example',
      tls: { protocol: 'TLSv1.3' },
      account: { id: 'a1', login: goodLogin.login },
    }
    expect(policy.recipientRequests[1]).toMatchObject({
      origin,
      sender: 'a@b.example',
      declaredBytes: 7,
      recipientsSoFar: 1,
      recipient: 'e@d.example',
    })
    expect(policy.messageRequests[0]).toMatchObject({ origin, bytes: 3, receivedFields: 0 })
  })

  it('is forgotten by the spool when policy rejects it', async () => {
    const { open, spool, log } = await start()
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<spammer@b.example>')
    await say(client, 'RCPT TO:<c@d.example>', 'DATA')
    expect(await sendContent(client, 'x\r\n')).toMatch(/^550 /)
    expect(spool.discarded).toHaveLength(1)
    expect(spool.contents.size).toBe(0)
    expect(log.lines.at(-1)).toMatchObject({
      message: 'message rejected',
      fields: { restriction: 'fake_spammer', code: 550 },
    })
  })

  it('leaves nothing in the spool when the client disconnects in its middle', async () => {
    const { open, spool, listener } = await start()
    const client = await open()
    await say(client, 'HELO client.example', ...envelope)
    await client.write(Buffer.from('x\r\n'))
    client.destroy()
    await listener.close({ graceMs: 10_000 })
    expect(spool.failures).toHaveLength(1)
    expect(spool.contents.size).toBe(0)
    expect(spool.accepted).toEqual([])
  })

  it('that has become too big is no longer passed on', async () => {
    const { open, spool } = await start({ messageSizeLimit: 10 })
    const client = await open()
    await say(client, 'HELO client.example', ...envelope)
    expect(await sendContent(client, 'x'.repeat(9).concat('\r\n'))).toMatch(/^552 5\.3\.4 /)
    expect(spool.failures).toHaveLength(1)
  })
})

describe('the log', () => {
  it('has a line for each decision, and no password', async () => {
    const { open, log } = await start({ role: 'submission', disablePlaintextAuth: 'no' })
    const client = await open()
    const response = (password: string) =>
      Buffer.from(`\0${goodLogin.login}\0${password}`).toString('base64')
    await say(client, 'HELO client.example', `AUTH PLAIN ${response('wrong')}`)
    await say(client, `AUTH PLAIN ${response(goodLogin.password)}`)
    await say(client, 'MAIL FROM:<a@b.example>', 'RCPT TO:<unknown@d.example>')
    const lines = log.lines.filter(({ message }) => message !== 'listening')
    expect(lines).toMatchObject([
      { message: 'login failed', fields: { login: goodLogin.login, reason: 'password' } },
      { message: 'logged in', fields: { login: goodLogin.login, remoteAddress: '127.0.0.1' } },
      {
        message: 'recipient rejected',
        fields: { account: goodLogin.login, to: 'unknown@d.example', code: 550, dsn: '5.1.1' },
      },
    ])
    expect(JSON.stringify(log.lines)).not.toContain(goodLogin.password)
  })
})

describe('replies', () => {
  it('to a pipelined group leave in one write (RFC 2920 §3.2)', async () => {
    const writes: string[] = []
    const { open } = await startElsewhere((socket) => {
      const write = socket.write.bind(socket)
      socket.write = (text: string | Uint8Array): boolean => {
        writes.push(String(text))
        return write(text)
      }
    })
    const client = await open()
    await say(client, 'HELO client.example')
    writes.length = 0
    await say(client, ...envelope)
    expect(writes).toEqual([
      '250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n',
    ])
  })
})

describe('behind a proxy', () => {
  const trusted = { proxyTrustedNetworks: ['127.0.0.0/8'] }
  const source = { address: '203.0.113.5', port: 99 }

  it('a client has its own address, also for the log and in the Received field', async () => {
    const { port, policy, spool, log } = await start(trusted)
    const client = await Connection.open({ port })
    await client.write(proxyHeader({ source }))
    await client.readLine('greeting')
    await say(client, 'HELO client.example', ...envelope)
    await sendContent(client, 'x\r\n')
    expect(policy.recipientRequests[0]?.origin).toMatchObject({
      remoteAddress: '203.0.113.5',
      remotePort: 99,
    })
    expect(spool.accepted[0]?.prepend).toContain('Received: from client.example ([203.0.113.5])')
    expect(log.lines.at(-1)?.fields).toMatchObject({ remoteAddress: '203.0.113.5' })
  })

  it('a client that speaks before it is greeted loses nothing where nobody minds', async () => {
    const { port } = await start({ ...trusted, smtpdGreetAction: 'ignore' })
    const client = await Connection.open({ port })
    await client.write(
      Buffer.concat([proxyHeader({ source }), Buffer.from('HELO client.example\r\n')]),
    )
    expect(await client.readLine('greeting')).toMatch(/^220 /)
    expect(await client.readLine('HELO')).toMatch(/^250 /)
  })

  it.each(['smtp', 'submissions'] as const)(
    'clients are counted by their own address: %s',
    async (role) => {
      const { port, log } = await start({ ...trusted, role, clientConnectionCountLimit: 1 })
      const openFrom = async (address: string) => {
        const client = await Connection.open({ port })
        await client.write(proxyHeader({ source: { address, port: 1 } }))
        if (role === 'submissions') await client.startTls()
        return client
      }
      const first = await openFrom('203.0.113.5')
      expect(await first.readLine('greeting')).toMatch(/^220 /)
      const second = await openFrom('203.0.113.6')
      expect(await second.readLine('greeting')).toMatch(/^220 /)
      if (role === 'smtp') {
        const third = await openFrom('203.0.113.5')
        expect(await third.readLine('greeting')).toMatch(/^421 4\.7\.0 /)
      } else await expect(openFrom('203.0.113.5')).rejects.toThrow('the TLS handshake failed')
      expect(log.lines.at(-1)).toMatchObject({
        message: 'connection refused',
        fields: { remoteAddress: '203.0.113.5' },
      })
    },
  )

  it('whoever sends no header is not waited for at the end', async () => {
    const { port, listener } = await start(trusted)
    const client = await Connection.open({ port })
    await listener.close({ graceMs: 60_000 })
    expect(await client.readToEnd('the end')).toBe('')
  })
})

/** A server that is given sockets accepted elsewhere. */
async function startElsewhere(onSocket: (socket: Socket) => void) {
  const fakes = smtpFakes()
  const smtp = new SmtpServer({ ...smtpDefaults, role: 'smtp' }, fakes)
  const proxy = createServer((socket) => {
    onSocket(socket)
    smtp.connect(socket)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('not TCP')
  closing.push(async () => {
    proxy.close()
    await smtp.drain({ graceMs: 0 })
  })
  const { port } = address
  const open = async () => {
    const client = await Connection.open({ port })
    await client.readLine('greeting')
    return client
  }
  return { ...fakes, open }
}

describe('close', () => {
  it('tells idle clients and takes no new ones', async () => {
    const { open, listener, port } = await start()
    const client = await open()
    const closed = listener.close({ graceMs: 60_000 })
    expect(await client.readLine('farewell')).toBe(
      '421 4.3.2 Service shutting down, closing connection',
    )
    client.end()
    await closed
    await expect(Connection.open({ port })).rejects.toThrow('ECONNREFUSED')
  })

  it('tells one after the other when there is time', async () => {
    const clock = new ManualClock()
    const { open, listener } = await start({ clock })
    const first = await open()
    const second = await open()
    const closed = listener.close({ graceMs: 60_000, paceMs: 2_000 })
    expect(await first.readLine('farewell')).toMatch(/^421 4\.3\.2 /)
    await clock.advance(999)
    expect(second.unread()).toBe('')
    await clock.advance(1)
    expect(await second.readLine('farewell')).toMatch(/^421 4\.3\.2 /)
    first.end()
    second.end()
    await closed
  })

  it('without grace cuts one short that takes its time', async () => {
    const clock = new ManualClock()
    const { open, listener } = await start({ clock })
    const clients = [await open(), await open()]
    const closed = listener.close({ graceMs: 60_000, paceMs: 60_000 })
    await listener.close({ graceMs: 0 })
    for (const client of clients) expect(await client.readToEnd('the end')).toMatch(/^421 4\.3\.2 /)
    await closed
  })

  it('lets a transaction end first', async () => {
    const { open, listener, spool } = await start()
    const client = await open()
    await say(client, 'HELO client.example', ...envelope)
    const closed = listener.close({ graceMs: 60_000 })
    expect(await sendContent(client, 'x\r\n')).toMatch(/^250 /)
    expect(await client.readLine('farewell')).toMatch(/^421 4\.3\.2 /)
    client.end()
    await closed
    expect(spool.accepted).toHaveLength(1)
  })

  it('cuts a transaction off after the grace, which is then not accepted', async () => {
    const { open, listener, spool } = await start()
    const client = await open()
    await say(client, 'HELO client.example', ...envelope)
    await client.write(Buffer.from('x\r\n'))
    await listener.close({ graceMs: 1 })
    expect(await client.readToEnd('the end')).toMatch(/^421 4\.3\.2 /)
    expect(spool.accepted).toEqual([])
  })

  it('does not wait for a client in the middle of a handshake', async () => {
    const { port, listener } = await start({ role: 'submissions' })
    const socket = connect({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.on('error', () => {})
    // Whoever came behind it was served, so it was accepted, and is not closed before we say so.
    expect(await greeted(connect({ port, host: '127.0.0.1' }))).toMatch(/^220 /)
    expect(socket.destroyed || socket.readableEnded).toBe(false)
    const closed = once(socket, 'close')
    await listener.close({ graceMs: 1 })
    await closed
  })
})

describe('TLS', () => {
  it.each(['submission', 'submissions'] as const)(
    'uses a renewed certificate for handshakes from then on: %s',
    async (role) => {
      const { port, certificates } = await start({ role })
      const before = await fingerprint(port, role)
      expect(await fingerprint(port, role)).toBe(before)
      certificates.renew()
      expect(await fingerprint(port, role)).not.toBe(before)
    },
  )

  it('drops a client that makes no handshake in time', async () => {
    const clock = new ManualClock()
    // So long that the library's own timer, which knows no other clock, has no part in it.
    const smtpdTimeoutMs = 300_000
    const { port } = await start({ role: 'submissions', smtpdTimeoutMs, clock })
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    let isClosed = false
    const closed = once(socket, 'close').then(() => {
      isClosed = true
    })
    await once(socket, 'connect')
    // Accepted behind it, and served: until it is too late both may shake hands.
    expect(await greeted(connect({ port, host: '127.0.0.1' }))).toMatch(/^220 /)
    await clock.advance(smtpdTimeoutMs - 1)
    expect(await greeted(connect({ port, host: '127.0.0.1' }))).toMatch(/^220 /)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    await closed
  })

  // The second has left before we look: its end was read with the command.
  it.each([
    ['after the reply', ''],
    ['at once', 'NOOP\r\n'],
  ])('lets a client go that leaves STARTTLS %s', async (_when, behind) => {
    const { port } = await start({ role: 'smtp' })
    const client = await Connection.open({ port })
    await client.readLine('the greeting')
    await client.write(Buffer.from(`EHLO client.test\r\nSTARTTLS\r\n${behind}`))
    if (behind !== '') client.end()
    while (!(await client.readLine('STARTTLS')).startsWith('220 '));
    client.end()
    await client.readToEnd('the end')
  })

  it('counts a client before its handshake', async () => {
    const { port } = await start({ role: 'submissions', clientConnectionCountLimit: 1 })
    const first = connect({ port, host: '127.0.0.1' })
    await once(first, 'connect')
    const second = connect({ port, host: '127.0.0.1' })
    second.on('error', () => {})
    await once(second, 'close')
    expect(await greeted(first)).toMatch(/^220 /)
  })

  describe('of clients with a certificate', () => {
    const injected = makeSelfSigned('a") evil (b', new Date())

    /** The Received field of a message, after a handshake with this certificate, and what was logged. */
    async function received(
      options: Partial<SmtpListenerOptions>,
      client: Partial<typeof clientPair>,
      clientAuthorities?: string,
    ) {
      const log = new MemoryLog()
      const fakes = { ...smtpFakes(log), clientAuthorities }
      const role = 'smtp'
      const listener = createSmtpListener({ role, address: '127.0.0.1', ...options }, fakes)
      const { port } = await listener.listen()
      closing.push(() => listener.close({ graceMs: 0 }))
      const plain = connect({ port, host: '127.0.0.1' })
      for (const line of ['', 'EHLO client.example\r\n', 'STARTTLS\r\n']) {
        if (line !== '') plain.write(line)
        await once(plain, 'data')
      }
      const secure = connectTls({ socket: plain, rejectUnauthorized: false, ...client })
      const lines = [
        'EHLO client.example',
        'MAIL FROM:<a@b.example>',
        'RCPT TO:<c@d.example>',
        'DATA',
        '.',
      ]
      for (const line of lines) {
        secure.write(`${line}\r\n`)
        await once(secure, 'data')
      }
      secure.destroy()
      const [, field = ''] = fakes.spool.accepted[0]?.prepend.split(/(?=\tby )/) ?? []
      expect(field).toContain('ESMTPS')
      const told = fakes.spool.accepted[0]?.prepend.match(/\t\(Client.*?\)\r\n(?=\tby )/s)?.[0]
      const logged = log.lines.filter(({ message }) => message === 'client certificate')
      return { told, logged: logged.map(({ fields }) => fields) }
    }

    const asking = { smtpdTlsAskCcert: true }

    it('says nothing unless it asks', async () => {
      expect(await received({}, clientPair)).toEqual({ told: undefined, logged: [] })
    })

    it('says that none was sent', async () => {
      const told = '\t(Client did not present a certificate)\r\n'
      expect(await received(asking, {})).toEqual({ told, logged: [] })
    })

    it.each([
      ['a trusted authority', clientPair.cert, true, 'verified OK'],
      ['nobody', undefined, false, 'not verified'],
    ])('names it, and that %s vouches for it', async (_, authorities, verified, judged) => {
      const name = `\t(Client CN "client.test",\r\n\t Issuer "client.test" (${judged}))\r\n`
      expect(await received(asking, clientPair, authorities)).toEqual({
        told: name,
        logged: [
          {
            listener: 'smtp',
            remoteAddress: '127.0.0.1',
            clientCertificate: {
              subject: 'client.test',
              issuer: 'client.test',
              fingerprint: new X509Certificate(clientPair.cert).fingerprint256,
              publicKeyFingerprint: await publicKeyFingerprint(clientPair.cert),
              verified,
            },
          },
        ],
      })
    })

    it('lets nothing of it out of its place', async () => {
      const { told } = await received(asking, injected)
      expect(told).toContain('(Client CN "a?? evil ?b"')
    })
  })

  it('is needed for submissions', () => {
    const fakes = { ...smtpFakes(), certificates: undefined }
    expect(() => createSmtpListener({ role: 'submissions' }, fakes)).toThrow('certificate')
  })
})

/** Of SubjectPublicKeyInfo, made in another way: the digest of what `BEGIN PUBLIC KEY` has in it. */
async function publicKeyFingerprint(certificate: string): Promise<string> {
  const { publicKey } = new X509Certificate(certificate)
  const pem = String(publicKey.export({ type: 'spki', format: 'pem' }))
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', der))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')
}

/** Shakes hands and gives back the greeting. */
async function greeted(socket: Socket): Promise<string> {
  const secure = connectTls({ socket, rejectUnauthorized: false })
  closing.push(async () => void secure.destroy())
  const [greeting] = await once(secure, 'data')
  return String(greeting)
}

async function fingerprint(port: number, role: 'submission' | 'submissions'): Promise<string> {
  const plain = connect({ port, host: '127.0.0.1' })
  if (role === 'submission') {
    await once(plain, 'data')
    plain.write('EHLO client.example\r\n')
    await once(plain, 'data')
    plain.write('STARTTLS\r\n')
    await once(plain, 'data')
  }
  const secure = connectTls({ socket: plain, rejectUnauthorized: false })
  await once(secure, 'secureConnect')
  const { fingerprint256 } = secure.getPeerCertificate()
  secure.destroy()
  return fingerprint256
}

describe('listen', () => {
  it('rejects when the port is taken', async () => {
    const { port } = await start()
    const other = createSmtpListener({ role: 'smtp', address: '127.0.0.1', port }, smtpFakes())
    await expect(other.listen()).rejects.toThrow('EADDRINUSE')
  })

  it('serves several addresses with the same limits', async () => {
    const { listener, port, policy } = await start({
      otherAddresses: ['127.0.0.2', '127.0.0.3'],
      clientConnectionCountLimit: 2,
    })
    const [first, ...others] = listener.bound
    expect(first).toMatchObject({ address: '127.0.0.1', port })
    expect(others.map(({ address }) => address)).toEqual(['127.0.0.2', '127.0.0.3'])
    const sockets: Socket[] = []
    const greeting = async (at: { address: string; port: number }) => {
      const socket = connect({ host: at.address, port: at.port, localAddress: '127.0.0.1' })
      sockets.push(socket)
      const [line] = await once(socket, 'data')
      return String(line)
    }
    for (const at of others) expect(await greeting(at)).toMatch(/^220 /)
    expect(await greeting({ address: '127.0.0.1', port })).toMatch(/^421 /)
    sockets[0]?.write('HELO x.test\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n')
    await vi.waitFor(() => expect(policy.recipientRequests).toHaveLength(1))
    const ended = once(sockets[1] ?? new Socket(), 'close')
    await listener.close({ graceMs: 0 })
    await ended
    await expect(greeting(others[0] ?? { address: '', port: 0 })).rejects.toThrow('ECONNREFUSED')
  })

  it('listens nowhere when one address cannot be had', async () => {
    const { port } = await start({ address: '127.0.0.2' })
    const fakes = smtpFakes()
    const listener = createSmtpListener(
      { role: 'smtp', address: '127.0.0.1', otherAddresses: ['127.0.0.2'], port },
      fakes,
    )
    await expect(listener.listen()).rejects.toThrow('EADDRINUSE')
    const again = createSmtpListener({ role: 'smtp', address: '127.0.0.1', port }, fakes)
    expect((await again.listen()).port).toBe(port)
    await again.close({ graceMs: 0 })
  })

  it('listens on all addresses by default and shows IPv4 clients by their own (RFC 4291 §2.5.5.2)', async () => {
    const { open, policy } = await start({ address: '' })
    const client = await open()
    await say(client, 'HELO client.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>')
    expect(policy.recipientRequests[0]?.origin.remoteAddress).toBe('127.0.0.1')
  })
})

describe('a session whose account is disabled', () => {
  const login = `AUTH PLAIN ${Buffer.from(`\0${goodLogin.login}\0${goodLogin.password}`).toString('base64')}`
  const submission = { role: 'submission', disablePlaintextAuth: 'no' } as const

  it('ends in the middle of a message, and nothing is taken of it', async () => {
    const { open, spool, accountWatch } = await start(submission)
    const client = await open()
    await say(client, 'EHLO client.example', login, ...envelope)
    await client.write(Buffer.from('first half\r\n'))
    accountWatch.endAll()
    await client.write(Buffer.from('second half\r\n.\r\n')).catch(() => undefined)
    expect(await client.readToEnd('end')).toMatch(/^421 4\.7\.0 [^\r\n]+\r\n$/)
    expect(spool.accepted).toEqual([])
    expect(accountWatch.watching.size).toBe(0)
  })

  it('is told what became of the command that ran, and no further one runs', async () => {
    const { open, policy, accountWatch } = await start(submission)
    const client = await open()
    await say(client, 'EHLO client.example', login, 'MAIL FROM:<a@b.example>')
    const recipient = policy.recipient.bind(policy)
    const asked = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    policy.recipient = async (request) => {
      asked.resolve()
      await held.promise
      return recipient(request)
    }
    await client.write(Buffer.from('RCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n'))
    await asked.promise
    accountWatch.endAll()
    held.resolve()
    expect(await client.readToEnd('end')).toMatch(/^250 2\.1\.5 Ok\r\n421 4\.7\.0 [^\r\n]+\r\n$/)
    expect(policy.recipientRequests).toHaveLength(1)
  })

  it('is watched only while it is open', async () => {
    const { open, accountWatch } = await start(submission)
    const client = await open()
    await say(client, 'EHLO client.example', login)
    expect(accountWatch.watching.size).toBe(1)
    await say(client, 'QUIT')
    await client.readToEnd('end')
    await vi.waitFor(() => expect(accountWatch.watching.size).toBe(0))
  })
})
