// Filters that hear the dialogue, beside an SMTP listener.

import { afterEach, describe, expect, it } from 'vitest'
import { createMilters } from '#services/content/milter/milters.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import {
  acceptOffer,
  answering,
  FakeMilter,
  type MilterScript,
  packet,
} from '#test/support/milter.ts'
import { noMacros } from '#test/support/milter-content.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(
  script: MilterScript = {},
  {
    commandTimeoutMs = 2_000,
    ...options
  }: Partial<SmtpListenerOptions> & { commandTimeoutMs?: number } = {},
) {
  const log = new MemoryLog()
  const milter = await FakeMilter.start(script)
  closing.push(() => milter[Symbol.asyncDispose]())
  const { filters } = createMilters({
    milters: [
      {
        name: 'inet:milter',
        address: { kind: 'inet', host: '127.0.0.1', port: milter.port },
        version: 6,
        connectTimeoutMs: 2_000,
        commandTimeoutMs,
        contentTimeoutMs: 2_000,
        defaultAction: 'tempfail',
        macros: { ...noMacros, mail: ['{auth_type}', '{auth_authen}'] },
      },
    ],
    facts: { hostname: 'mx.example.test', daemonName: 'mx.example.test', version: 'Postwolke' },
    nameOf: async () => 'client.example',
    bodyBytesMax: 1_000_000,
    clock: systemClock,
    log,
  })
  const fakes = { ...smtpFakes(log), filters }
  const listener = createSmtpListener({ role: 'smtp', address: '127.0.0.1', ...options }, fakes)
  const { port } = await listener.listen()
  closing.push(() => listener.close({ graceMs: 0 }))
  const open = () => SmtpClient.open(port)
  return { ...fakes, log, milter, open }
}

describe('a milter beside the dialogue', () => {
  it('hears nothing of who only connects', async () => {
    const { milter, open } = await start()
    await using client = await open()
    await client.command('NOOP')
    expect(milter.connections).toBe(0)
  })

  it('hears the commands with their parameters', async () => {
    const { milter, open } = await start()
    await using client = await open()
    await client.hello()
    const reply = await client.envelope('a@b.example', 'c@d.example', ' SIZE=7 BODY=8BITMIME')
    expect(reply.code).toBe(250)
    expect((await client.command('DATA')).code).toBe(354)
    expect(milter.heard('CHMRT')).toEqual([
      expect.stringMatching(/^C client\.example 4 \d+ 127\.0\.0\.1$/),
      'H client.test',
      'M <a@b.example>|SIZE=7|BODY=8BITMIME',
      'R <c@d.example>',
      'T',
    ])
  })

  it.each([
    ['H', ['250', '550']],
    ['M', ['250', '550']],
    ['T', ['250', '250']],
  ] as const)('refuses at %s', async (command, [hello, sender]) => {
    const { open, log } = await start({ answers: answering({ [command]: packet('r') }) })
    await using client = await open()
    expect((await client.hello()).text.slice(0, 3)).toBe(hello)
    expect((await client.command('MAIL FROM:<a@b.example>')).text.slice(0, 3)).toBe(sender)
    if (command === 'T') {
      await client.command('RCPT TO:<c@d.example>')
      expect((await client.command('DATA')).code).toBe(550)
      // The transaction is over.
      expect((await client.command('DATA')).code).toBe(503)
    }
    expect(log.find('milter refuses')).toMatchObject({ milter: 'inet:milter', code: 550 })
  })

  it('refuses a message that comes by BDAT, whose bytes are no commands', async () => {
    const { open } = await start({ answers: answering({ T: packet('r') }) })
    await using client = await open()
    await client.hello()
    await client.envelope('a@b.example', 'c@d.example')
    client.wire.write('BDAT 6 LAST\r\nNOOP\r\n')
    expect((await client.reply()).code).toBe(550)
    expect((await client.command('MAIL FROM:<a@b.example>')).code).toBe(250)
  })

  it('refuses one recipient of several', async () => {
    const { open } = await start({
      answers: (command, data) =>
        command === 'R' && data.includes('bad@') ? [packet('y', '550 5.7.9 not him')] : undefined,
    })
    await using client = await open()
    await client.hello()
    await client.command('MAIL FROM:<a@b.example>')
    expect((await client.command('RCPT TO:<bad@d.example>')).text).toBe('550 5.7.9 not him')
    expect((await client.command('RCPT TO:<c@d.example>')).code).toBe(250)
    expect((await client.command('DATA')).code).toBe(354)
  })

  it('ends the session with 421', async () => {
    const { open, milter } = await start({ answers: answering({ R: packet('4') }) })
    await using client = await open()
    await client.hello()
    expect((await client.envelope('a@b.example', 'c@d.example')).code).toBe(421)
    await expect.poll(() => milter.open).toBe(0)
  })

  it('hears of a recipient whom policy refused, where it asks for that', async () => {
    const { open, milter } = await start({ offer: acceptOffer({ wishes: 0x800 }) })
    await using client = await open()
    await client.hello()
    const reply = await client.envelope('a@b.example', 'unknown@d.example')
    expect(reply.text).toBe('550 5.1.1 No such user')
    expect(milter.heard('R')).toEqual(['R <unknown@d.example>'])
  })

  it('hears of commands that are none, once it has heard of the client', async () => {
    const answers = (command: string, data: Buffer) =>
      command === 'U' && data.includes('BAD') ? [packet('y', '550 5.7.0 stop that')] : undefined
    const { open, milter } = await start({ answers })
    await using client = await open()
    expect((await client.command('BADLY')).text).toBe('500 5.5.2 Command not recognized')
    await client.hello()
    expect((await client.command('XYZ 1')).text).toBe('500 5.5.2 Command not recognized')
    expect((await client.command('BADLY 2')).text).toBe('550 5.7.0 stop that')
    expect(milter.heard('U')).toEqual(['U XYZ 1', 'U BADLY 2'])
  })

  it('hears who logged in, and how', async () => {
    const options = { role: 'submission', submissionRequireTls: false } as const
    const { open, milter } = await start({}, { ...options, disablePlaintextAuth: 'no' })
    await using client = await open()
    await client.hello()
    await client.logIn(goodLogin.login, goodLogin.password)
    await client.command('MAIL FROM:<alice@example.test>')
    expect(milter.heard('D').at(-1)).toBe(`D M{auth_type}|PLAIN|{auth_authen}|${goodLogin.login}`)
  })

  it('hears of HELO once more after STARTTLS, and not of the connection', async () => {
    const { open, milter } = await start()
    await using client = await open()
    await client.hello({ startTls: true })
    expect(milter.heard('CH').map((one) => one[0])).toEqual(['C', 'H', 'H'])
  })

  it.each(['RSET', 'EHLO again.test'])('forgets the message with %s', async (command) => {
    const { open, milter } = await start()
    await using client = await open()
    await client.hello()
    await client.envelope('a@b.example', 'c@d.example')
    await client.command(command)
    await expect.poll(() => milter.heard('A')).toEqual(['A'])
    expect(milter.open).toBe(1)
  })

  it('is left by a client that says QUIT', async () => {
    const { open, milter } = await start()
    await using client = await open()
    await client.hello()
    await client.envelope('a@b.example', 'c@d.example')
    await client.command('QUIT')
    await expect.poll(() => milter.heard('AQ')).toEqual(['A', 'Q'])
    await expect.poll(() => milter.open).toBe(0)
  })

  it.each(['H', 'M', 'R', 'T'])(
    'is left by a client that goes while %s waits, when its time is over',
    async (command) => {
      const answers = (given: string) => (given === command ? [] : undefined)
      const { open, milter } = await start({ answers }, { commandTimeoutMs: 100 })
      const client = await open()
      client.wire.write('EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n')
      await expect.poll(() => milter.heard(command)).toHaveLength(1)
      await client[Symbol.asyncDispose]()
      await expect.poll(() => milter.open).toBe(0)
    },
  )

  it('holds up nobody else while it is slow', async () => {
    let isFirst = true
    const { open } = await start({
      answers(command) {
        if (command !== 'M' || !isFirst) return undefined
        isFirst = false
        return []
      },
    })
    await using slow = await open()
    await slow.hello()
    slow.wire.write('MAIL FROM:<a@b.example>\r\n')
    await expect.poll(() => isFirst).toBe(false)
    await using other = await open()
    await other.hello()
    expect((await other.envelope('a@b.example', 'c@d.example')).code).toBe(250)
  })
})
