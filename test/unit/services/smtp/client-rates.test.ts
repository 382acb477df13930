// How often clients may do what, as Postfix's anvil holds it; who speaks before the greeting, and who sends ahead.

import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ClientRates } from '#services/smtp/client-rates.ts'
import { type SmtpOptions, smtpDefaults } from '#services/smtp/config.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { createRates } from '#shared/rates/rates.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { sharedBuckets } from '#test/support/shared-buckets.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'
import { Connection } from '#test/transcripts/connection.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Loopback is a stranger here. */
async function start(options: Partial<SmtpListenerOptions> = {}) {
  const log = new MemoryLog()
  const clock = new ManualClock(Date.now())
  const rates = createRates({ shared: sharedBuckets(clock), clock, log })
  const fakes = { ...smtpFakes(log), clock, rates }
  const listen = async () => {
    const listener = createSmtpListener(
      { role: 'smtp', address: '127.0.0.1', smtpdClientEventLimitExceptions: [], ...options },
      fakes,
    )
    const { port } = await listener.listen()
    closing.push(() => listener.close({ graceMs: 0 }))
    return port
  }
  const port = await listen()
  const open = async (at = port) => {
    const client = await Connection.open({ port: at, implicitTls: false })
    return { client, greeting: await client.readLine('greeting') }
  }
  /** Everything that is answered to these bytes, sent at once, until the server closes. */
  const tell = async (bytes: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(bytes)
    return text(socket)
  }
  const logged = (message: string) => log.lines.filter((line) => line.message === message)
  return { ...fakes, log, clock, port, listen, open, tell, logged }
}

async function ask(client: Connection, line: string): Promise<string> {
  await client.write(Buffer.from(`${line}\r\n`))
  for (;;) {
    const answer = await client.readLine(line)
    if (answer[3] === ' ') return answer
  }
}

const openly = {
  role: 'submission',
  submissionRequireTls: false,
  disablePlaintextAuth: 'no',
} as const
const login = `AUTH PLAIN ${btoa(`\0${goodLogin.login}\0${goodLogin.password}`)}`

describe('a client that does too much', () => {
  it('is told 421 in place of the greeting, on every listener', async () => {
    const { open, listen, clock, logged } = await start({ smtpdClientConnectionRateLimit: 2 })
    expect((await open()).greeting).toMatch(/^220 /)
    const other = await listen()
    expect((await open(other)).greeting).toMatch(/^220 /)
    const { client, greeting } = await open()
    expect(greeting).toBe('421 4.7.0 mx.example.test Error: too many connections from 127.0.0.1')
    await client.readToEnd('closed')
    expect(logged('connection refused')[0]?.fields).toMatchObject({
      restriction: 'smtpdClientConnectionRateLimit',
    })
    await clock.advance(30_000)
    expect((await open()).greeting).toMatch(/^220 /)
  })

  it('may begin so many messages, over all its sessions', async () => {
    const { open } = await start({ smtpdClientMessageRateLimit: 2 })
    const answers: string[] = []
    for (let i = 0; i < 3; i++) {
      const { client } = await open()
      await ask(client, 'HELO client.example')
      answers.push(await ask(client, 'MAIL FROM:<a@b.example>'))
    }
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['250', '250', '450'])
    expect(answers[2]).toBe('450 4.7.1 Error: too much mail from 127.0.0.1')
  })

  it('may name so many recipients', async () => {
    const { open, policy } = await start({ smtpdClientRecipientRateLimit: 2 })
    const { client } = await open()
    await ask(client, 'HELO client.example')
    await ask(client, 'MAIL FROM:<a@b.example>')
    await ask(client, 'RCPT TO:<c@d.example>')
    await ask(client, 'RCPT TO:<e@f.example>')
    expect(await ask(client, 'RCPT TO:<g@h.example>')).toBe(
      '450 4.7.1 Error: too many recipients from 127.0.0.1',
    )
    expect(policy.recipientRequests).toHaveLength(2)
  })

  it('may log in so often, whatever comes of it', async () => {
    const { open, authenticator } = await start({ ...openly, smtpdClientAuthRateLimit: 1 })
    const { client } = await open()
    await ask(client, 'EHLO client.example')
    expect(await ask(client, `AUTH PLAIN ${btoa('\0x\0y')}`)).toMatch(/^535 /)
    expect(await ask(client, login)).toBe('450 4.7.1 Error: too many AUTH commands from 127.0.0.1')
    expect(authenticator.attempts).toHaveLength(1)
  })

  it('may make so many handshakes', async () => {
    const { open } = await start({ smtpdClientNewTlsSessionRateLimit: 1 })
    for (const answer of [/^220 /, /^454 4\.7\.0 Error: too many new TLS sessions from 127/]) {
      const { client } = await open()
      await ask(client, 'EHLO client.example')
      expect(await ask(client, 'STARTTLS')).toMatch(answer)
    }
  })

  it('may send so many bytes, taken or not', async () => {
    const { open } = await start({ smtpdClientByteRateLimit: 2_048, messageSizeLimit: 1_000 })
    const { client } = await open()
    await ask(client, 'HELO client.example')
    await ask(client, 'MAIL FROM:<a@b.example>')
    await ask(client, 'RCPT TO:<c@d.example>')
    await ask(client, 'DATA')
    expect(await ask(client, `${`${'x'.repeat(998)}\r\n`.repeat(3)}.`)).toMatch(/^552 /)
    expect(await ask(client, 'MAIL FROM:<a@b.example>')).toMatch(
      /^450 4\.7\.1 Error: too much mail/,
    )
  })

  it('gets its replies slowly when it has erred in other sessions', async () => {
    const { open, clock } = await start({ smtpdClientErrorRateLimit: 3, smtpdSoftErrorLimit: 3 })
    const { client } = await open()
    for (let i = 0; i < 2; i++) await ask(client, 'NONSENSE')
    const { client: second } = await open()
    await second.write(Buffer.from('NONSENSE\r\n'))
    expect(await clock.asleep()).toBe(1_000)
    await clock.advance(1_000)
    expect(await second.readLine('slow')).toMatch(/^500 /)
  })

  it('is no client in mynetworks', async () => {
    const options = { smtpdClientMessageRateLimit: 1, mynetworks: ['127.0.0.0/8'] }
    const { open } = await start(options)
    const { client } = await open()
    await ask(client, 'HELO client.example')
    for (let i = 0; i < 5; i++) {
      expect(await ask(client, 'MAIL FROM:<a@b.example>')).toMatch(/^250 /)
      await ask(client, 'RSET')
    }
  })
})

describe('an account', () => {
  it('may begin so many messages, from wherever', async () => {
    const { open } = await start({
      ...openly,
      smtpdAccountMessageRateLimit: 1,
      mynetworks: ['127.0.0.1'],
    })
    const answers: string[] = []
    for (let i = 0; i < 2; i++) {
      const { client } = await open()
      await ask(client, 'EHLO client.example')
      await ask(client, login)
      answers.push((await ask(client, 'MAIL FROM:<alice@example.test>')).slice(0, 9))
    }
    expect(answers).toEqual(['250 2.1.0', '450 4.7.1'])
  })

  it('may have so many sessions, and another when one has ended', async () => {
    const { open } = await start({ ...openly, smtpdAccountConnectionCountLimit: 1 })
    const first = await open()
    await ask(first.client, 'EHLO client.example')
    expect(await ask(first.client, login)).toMatch(/^235 /)
    const second = await open()
    await ask(second.client, 'EHLO client.example')
    expect(await ask(second.client, login)).toBe(
      '421 4.7.0 Error: too many sessions of this account',
    )
    await second.client.readToEnd('closed')
    await ask(first.client, 'QUIT')
    await first.client.readToEnd('closed')
    const third = await open()
    await ask(third.client, 'EHLO client.example')
    expect(await ask(third.client, login)).toMatch(/^235 /)
  })

  it('has no session where it left before it was known to be itself', async () => {
    const { open, port, authenticator, accountWatch, logged } = await start({
      ...openly,
      smtpdAccountConnectionCountLimit: 1,
    })
    const [asked, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const authenticate = authenticator.authenticate.bind(authenticator)
    authenticator.authenticate = async (attempt) => {
      asked.resolve()
      await left.promise
      return authenticate(attempt)
    }
    const first = connect(port, '127.0.0.1')
    first.write(`EHLO client.example\r\n${login}\r\n`)
    await asked.promise
    first.resetAndDestroy()
    await vi.waitFor(() => expect(logged('session ended')).toHaveLength(1))
    left.resolve()
    await vi.waitFor(() => expect(logged('logged in')).toHaveLength(1))
    expect(accountWatch.watching.size).toBe(0)
    const second = await open()
    await ask(second.client, 'EHLO client.example')
    expect(await ask(second.client, login)).toMatch(/^235 /)
  })
})

describe('mail', () => {
  async function deliver(client: Connection, from: string, to: string): Promise<string> {
    const sender = await ask(client, `MAIL FROM:<${from}>`)
    if (!sender.startsWith('250')) return sender
    const recipient = await ask(client, `RCPT TO:<${to}>`)
    if (!recipient.startsWith('250')) return recipient
    await ask(client, 'DATA')
    return ask(client, 'x\r\n.')
  }

  it('of one domain is taken so often, where that is set', async () => {
    const { open } = await start({ smtpdSenderDomainMessageRateLimit: 1 })
    const { client } = await open()
    await ask(client, 'HELO client.example')
    // Only naming it counts for nothing.
    await ask(client, 'MAIL FROM:<a@b.example>')
    await ask(client, 'RSET')
    expect(await deliver(client, 'a@b.example', 'c@d.example')).toMatch(/^250 /)
    expect(await deliver(client, 'other@B.example', 'c@d.example')).toMatch(/^450 4\.7\.1 /)
    expect(await deliver(client, '', 'c@d.example')).toMatch(/^250 /)
  })

  it('for one recipient is taken so often, where that is set', async () => {
    const { open } = await start({ smtpdRecipientMessageRateLimit: 1 })
    const { client } = await open()
    await ask(client, 'HELO client.example')
    expect(await deliver(client, 'a@b.example', 'c@d.example')).toMatch(/^250 /)
    expect(await deliver(client, 'a@b.example', 'C@d.example')).toMatch(/^450 4\.7\.1 /)
    await ask(client, 'RSET')
    expect(await deliver(client, 'a@b.example', 'e@d.example')).toMatch(/^250 /)
  })
})

describe('the network around clients', () => {
  const options: SmtpOptions = {
    ...smtpDefaults,
    role: 'smtp',
    smtpdClientMessageRateLimit: 2,
    smtpdNetworkRateFactor: 3,
  }
  const open = (given: Partial<SmtpOptions> = {}) => {
    const clock = new ManualClock(1_000_000)
    const rates = createRates({ shared: sharedBuckets(clock), clock, log: new MemoryLog() })
    return new ClientRates({ ...options, ...given }, rates)
  }
  const at = (remoteAddress: string) => ({ remoteAddress, account: null })
  const taken = (rates: ClientRates, address: (i: number) => string) =>
    Array.from({ length: 300 }, (_, i) => rates.take('messages', at(address(i)))).filter(
      (refusal) => refusal === undefined,
    ).length

  it('may do so many times as much, of whatever family', () => {
    expect(taken(open(), (i) => `203.0.113.${i % 256}`)).toBe(6)
    expect(taken(open(), (i) => `2001:db8:1:${i.toString(16)}::1`)).toBe(6)
    // One /64 is one client.
    expect(taken(open(), (i) => `2001:db8:1:1::${i.toString(16)}`)).toBe(2)
  })

  it('is not looked at where the factor is 0', () => {
    expect(taken(open({ smtpdNetworkRateFactor: 0 }), (i) => `203.0.113.${i % 256}`)).toBe(300)
  })
})

describe('who speaks before the greeting', () => {
  it('is told 554 and goes', async () => {
    const { tell, policy, logged } = await start()
    const answer = await tell('HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n')
    expect(answer).toBe('554 5.5.1 Protocol error: you spoke before the greeting\r\n')
    expect(policy.recipientRequests).toEqual([])
    expect(logged('client spoke before the greeting')).toHaveLength(1)
  })

  it('is served, and policy knows, where that is set', async () => {
    const { tell, policy } = await start({ smtpdGreetAction: 'flag' })
    const envelope = 'MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n'
    expect(await tell(`EHLO x\r\n${envelope}`)).toMatch(/^220 .*221 2\.0\.0 /s)
    expect(policy.recipientRequests[0]?.origin.sentAhead).toBe(true)
  })

  it('has a pause to betray itself in, where one is set', async () => {
    const { port, clock } = await start({ smtpdGreetPauseMs: 2_000 })
    const socket = connect(port, '127.0.0.1')
    expect(await clock.asleep()).toBe(2_000)
    if (socket.connecting) await once(socket, 'connect')
    await new Promise((resolve) => socket.write('HELO x\r\n', resolve))
    // It is with the server's socket now, and read with its next look there.
    for (let turns = 0; turns < 3; turns++) await nextTurn()
    const answer = text(socket)
    await clock.advance(2_000)
    expect(await answer).toMatch(/^554 5\.5\.1 /)
  })

  it('is greeted after the pause when it waits', async () => {
    const { port, clock, policy } = await start({ smtpdGreetPauseMs: 2_000 })
    const opened = Connection.open({ port, implicitTls: false })
    await clock.asleep()
    await clock.advance(2_000)
    const client = await opened
    expect(await client.readLine('greeting')).toMatch(/^220 /)
    await ask(client, 'EHLO x')
    await ask(client, 'MAIL FROM:<a@b.example>')
    await ask(client, 'RCPT TO:<c@d.example>')
    expect(policy.recipientRequests[0]?.origin.sentAhead).toBeUndefined()
  })

  it('is no stranger on loopback', async () => {
    const { tell } = await start({ smtpdClientEventLimitExceptions: ['127.0.0.0/8'] })
    expect(await tell('QUIT\r\n')).toMatch(/^220 .*221 /s)
  })
})

describe('who waits for the greeting', () => {
  it('is not the one who is slow while policy thinks', async () => {
    const { open, policy, clock } = await start({ smtpdDelayReject: false, smtpdTimeoutMs: 40 })
    const early = policy.early.bind(policy)
    policy.early = async () => {
      await clock.advance(1_000)
      // The server looks for slow clients several times.
      await sleep(100)
      return early()
    }
    expect((await open()).greeting).toMatch(/^220 /)
  })
})

describe('who sends ahead', () => {
  const envelope = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>']
  // RFC 2920 §3.1: EHLO, DATA, VRFY, NOOP, QUIT … end a group; without EHLO every command does.
  it.each([
    ['EHLO', ['EHLO x', ...envelope], [], true],
    ['NOOP', ['EHLO x'], ['NOOP', ...envelope], true],
    ['HELO and whatever follows', ['HELO x'], envelope, true],
    ['nothing but a group', ['EHLO x'], envelope, undefined],
  ] as const)('after %s', async (_, first, second, sentAhead) => {
    const { open, policy } = await start({ smtpdClientEventLimitExceptions: ['127.0.0.1'] })
    const { client } = await open()
    for (const lines of [first, second]) {
      if (lines.length === 0) continue
      await client.write(Buffer.from(lines.map((line) => `${line}\r\n`).join('')))
      for (let answers = 0; answers < lines.length; ) {
        if ((await client.readLine('answer'))[3] === ' ') answers++
      }
    }
    expect(policy.recipientRequests[0]?.origin.sentAhead).toBe(sentAhead)
  })

  it('of DATA is known at the end of the message', async () => {
    const { open, policy } = await start({ smtpdClientEventLimitExceptions: ['127.0.0.1'] })
    const { client } = await open()
    await ask(client, 'EHLO x')
    await client.write(Buffer.from(`${envelope.join('\r\n')}\r\nDATA\r\nx\r\n.\r\n`))
    for (let i = 0; i < 4; i++) await client.readLine('answer')
    expect(policy.recipientRequests[0]?.origin.sentAhead).toBeUndefined()
    expect(policy.messageRequests[0]?.origin.sentAhead).toBe(true)
  })
})
