// Mail of an authenticated sender leaves through the relay host: as it was submitted, whatever happens on the way.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openScriptedHost, openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account
let sink: Sink
const replies = new Map<string, string>()
let relayPort: number

const script = {
  rcpt: (address: string) => replies.get(address),
  // As many hosts are.
  options: { hideSMTPUTF8: true },
}

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  relayPort = await freePort()
  sink = await openSink({ ...script, port: relayPort })
  resources.defer(() => sink[Symbol.asyncDispose]())
  server = await startServer(folder, await freePorts(), [
    `relayhost=[127.0.0.1]:${relayPort}`,
    'minimalBackoffTime=1s',
    'maximalBackoffTime=1s',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  ;({ alice } = firstAccounts(server))
})
afterAll(() => resources.disposeAsync())

const submit = (message: string | Uint8Array, ...to: readonly string[]) =>
  submitWith(' BODY=8BITMIME', message, ...to)

async function submitWith(
  parameters: string,
  message: string | Uint8Array,
  ...to: readonly string[]
): Promise<string> {
  await using smtp = await SmtpClient.open(server.ports.submission)
  await smtp.hello({ startTls: true })
  await smtp.logIn(alice.address, alice.password)
  await smtp.envelope(alice.address, to, parameters)
  const { text } = await smtp.data(message)
  expect(text).toMatch(/^250 /)
  return text.split(' ').at(-1) ?? ''
}

type Group = {
  readonly state: string
  readonly attempts: number
  readonly lastReply: string | null
  readonly recipients: readonly string[]
}

async function queued(): Promise<readonly { queueId: string; groups: readonly Group[] }[]> {
  const { stdout } = await commandLine(['queue', 'list', '--json', '--data', folder])
  return JSON.parse(stdout)
}

const group = (queueId: string, state: string, attemptsMin: number) =>
  eventually(`${queueId} is ${state} after ${attemptsMin} attempts`, async () => {
    const entry = (await queued()).find((one) => one.queueId === queueId)
    return entry?.groups.find((one) => one.state === state && one.attempts >= attemptsMin)
  })
/** What the log says of a recipient. */
const told = (queueId: string, to: string, by = server) =>
  eventually(`what became of ${to}`, () =>
    by
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(queueId))
      .map((line) => JSON.parse(line))
      .find((line) => line.to === to && line.status !== undefined),
  )

const arrivals = (to: string) =>
  sink.messages.filter(({ envelope }) => envelope.rcptTo.some(({ address }) => address === to))
const arrival = (to: string) => eventually(`mail for ${to}`, () => arrivals(to)[0])

describe('outbound', () => {
  it('takes the bytes of the message, behind the fields that were missing, to the relay host', async () => {
    const body = 'Subject: Grüße\r\n\r\n.\r\n..dots\r\nnul \0 and 8-bit \xff\r\n\r\n'
    const message = Buffer.from(body, 'latin1')
    const queueId = await submit(message, 'a@one.test', 'b@two.test')
    const { bytes, envelope, secure } = await arrival('a@one.test')
    expect(secure).toBe(true)
    expect(envelope.mailFrom).toMatchObject({ address: alice.address })
    expect(envelope.rcptTo.map(({ address }) => address).sort()).toEqual([
      'a@one.test',
      'b@two.test',
    ])
    expect(bytes.subarray(-message.length)).toEqual(message)
    const added = bytes.subarray(0, -message.length).toString('latin1')
    expect(added).toMatch(
      new RegExp(
        `^Received: from client\\.test [^\\r]+\\r\\n(\\t[^\\r]+\\r\\n)+Date: [^\\r]+\\r\\nMessage-ID: <${queueId}@[^\\r]+>\\r\\nFrom: <${alice.address}>\\r\\n$`,
      ),
    )
    expect(added).toContain(`with ESMTPSA id ${queueId}`)
  })

  it('asks for SMTPUTF8 where the message needs it, whatever was said when it came', async () => {
    const declared = ' BODY=8BITMIME SMTPUTF8'
    const body = 'Subject: x\r\n\r\nGrüße\r\n'
    await submitWith(declared, body, 'josé@one.test', 'ascii@one.test', 'two@two.test')
    const { envelope, bytes } = await arrival('ascii@one.test')
    expect(bytes.toString()).toContain(body)
    expect(envelope.rcptTo.map(({ address }) => address).sort()).toEqual([
      'ascii@one.test',
      'two@two.test',
    ])
    const queueId = await submitWith(declared, 'Subject: ü\r\n\r\nx\r\n', 'header@one.test')
    expect(await told(queueId, 'header@one.test')).toMatchObject({
      status: 'failed',
      reply: expect.stringContaining('SMTPUTF8 is required, but was not offered'),
    })
    for (const { queueId: id } of await queued()) {
      await commandLine(['queue', 'delete', id, '--data', folder])
    }
  })

  const long = 'x'.repeat(2_500)

  it('folds lines that are too long for SMTP', async () => {
    await submit(`Subject: s\r\nX-Long: ${long}\r\n\r\n${long}\r\nshort\r\n`, 'long@one.test')
    const { bytes, envelope } = await arrival('long@one.test')
    const lines = bytes.toString('latin1').split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBe(998)
    const pieces = ['x'.repeat(998), ` ${'x'.repeat(997)}`, ` ${'x'.repeat(505)}`]
    expect(lines.slice(-6)).toEqual(['', ...pieces, 'short', ''])
    // RFC 1870 §6.1: what is declared may be too much.
    const { args } = Object(envelope.mailFrom)
    expect(Number(args.SIZE)).toBeGreaterThanOrEqual(bytes.length)
  })

  it('refuses a login whose signed message has such lines, and sends one of another as it is', async () => {
    const signed = `DKIM-Signature: v=1\r\nSubject: s\r\n\r\n${long}\r\n`
    await using smtp = await SmtpClient.open(server.ports.submission)
    await smtp.hello({ startTls: true })
    await smtp.logIn(alice.address, alice.password)
    await smtp.envelope(alice.address, 'signed@one.test')
    expect((await smtp.data(signed)).text).toBe(
      '554 5.6.0 Line of 2500 bytes: no more than 998 can be sent on, and folding it would break the signature (RFC 5322 2.1.1)',
    )
    await using outside = await SmtpClient.open(server.ports.smtp)
    await outside.hello()
    await commandLine(['alias', 'add', 'away@example.test', 'away@one.test', '--data', folder])
    expect((await outside.envelope('a@x.test', 'away@example.test')).code).toBe(250)
    expect((await outside.data(signed)).code).toBe(250)
    const { bytes } = await arrival('away@one.test')
    expect(bytes.toString('latin1').endsWith(signed)).toBe(true)
  })

  it('tries again by itself what was refused for now', async () => {
    replies.set('busy@one.test', '450 4.2.0 greylisted')
    const queueId = await submit('Subject: busy\r\n\r\n', 'busy@one.test')
    const waiting = await group(queueId, 'deferred', 1)
    expect(waiting.lastReply).toContain('450 4.2.0 greylisted')
    replies.clear()
    await arrival('busy@one.test')
    await eventually('the queue is empty', async () => (await queued()).length === 0)
  })

  it('fails a recipient who was refused for good, and delivers to the others', async () => {
    replies.set('gone@one.test', '550 5.1.1 nobody of that name')
    const queueId = await submit('Subject: gone\r\n\r\n', 'gone@one.test', 'here@one.test')
    await arrival('here@one.test')
    expect(await told(queueId, 'gone@one.test')).toMatchObject({
      status: 'failed',
      dsn: '5.1.1',
      reply: expect.stringContaining('550 5.1.1 nobody of that name'),
    })
    await commandLine(['queue', 'delete', queueId, '--data', folder])
    replies.clear()
  })

  it('keeps mail while the relay host is down, and delivers it once when it is back', async () => {
    await sink[Symbol.asyncDispose]()
    const queueId = await submit('Subject: down\r\n\r\n', 'down@one.test')
    const waiting = await group(queueId, 'deferred', 1)
    expect(waiting.lastReply).toContain(`connect to 127.0.0.1[127.0.0.1]:${relayPort}`)
    sink = await openSink({ ...script, port: relayPort })
    await arrival('down@one.test')
    await eventually('the queue is empty', async () => (await queued()).length === 0)
    expect(arrivals('down@one.test')).toHaveLength(1)
  })

  it('goes to a relay host whose certificate a private authority vouches for, and tells what is wrong with it otherwise', async () => {
    await using other = await temporaryFolder()
    const pair = makeSelfSigned('localhost', new Date())
    const authority = join(other.path, 'authority.pem')
    await writeFile(authority, pair.cert)
    await using relay = await openSink({ options: pair })
    // Behind its first address nobody listens at the second one, ::1.
    const settings = [`relayhost=[localhost]:${relay.port}`, 'smtpTlsSecurityLevel=verify']
    for (const trusts of [false, true]) {
      const all = trusts
        ? [...settings, `smtpTlsCAfile=${authority}`, 'minimalBackoffTime=1s']
        : settings
      await using direct = await startServer(
        join(other.path, String(trusts)),
        await freePorts(),
        all,
      )
      const { alice: sender } = firstAccounts(direct)
      await using smtp = await SmtpClient.open(direct.ports.submissions, { tls: true })
      await smtp.hello()
      await smtp.logIn(sender.address, sender.password)
      await smtp.envelope(sender.address, 'x@one.test')
      expect((await smtp.data('Subject: verified\r\n\r\n')).code).toBe(250)
      if (trusts) {
        await eventually('it arrives', async () => relay.messages.some(({ secure }) => secure))
        continue
      }
      const reply = await eventually('it waits with a reason', async () => {
        const folderOf = join(other.path, String(trusts))
        const { stdout } = await commandLine(['queue', 'list', '--json', '--data', folderOf])
        return JSON.parse(stdout)[0]?.groups[0]?.lastReply ?? undefined
      })
      expect(reply).toMatch(/certificate is self-signed/)
      expect(relay.messages).toEqual([])
    }
  })

  it('tells in the log why mail for a domain that cannot be looked up does not go', async () => {
    await using other = await temporaryFolder()
    await using direct = await startServer(other.path, await freePorts())
    const { alice: sender } = firstAccounts(direct)
    await using smtp = await SmtpClient.open(direct.ports.submissions, { tls: true })
    await smtp.hello()
    await smtp.logIn(sender.address, sender.password)
    expect((await smtp.envelope(sender.address, 'x@no-such-domain.invalid')).code).toBe(250)
    const { text } = await smtp.data('Subject: nowhere\r\n\r\n')
    const queueId = text.split(' ').at(-1) ?? ''
    const line = await told(queueId, 'x@no-such-domain.invalid', direct)
    // It fails for good where there is DNS, for now where there is none.
    expect(['deferred', 'failed']).toContain(line.status)
    expect(line.reply).toContain('no-such-domain.invalid')
  })

  it('says goodbye to hosts whose sessions were kept when it stops', async () => {
    await using other = await temporaryFolder()
    await using host = await openScriptedHost((line) => {
      if (line === '') return '220 host.test'
      if (line.startsWith('EHLO')) return '250-host.test\r\n250 PIPELINING'
      return line === 'DATA' ? '354 go on' : '250 2.0.0 fine'
    })
    const direct = await startServer(other.path, await freePorts(), [
      `relayhost=[127.0.0.1]:${host.port}`,
      'smtpTlsSecurityLevel=none',
      'smtpConnectionCacheOnDemand=no',
    ])
    try {
      const { alice: sender } = firstAccounts(direct)
      await using smtp = await SmtpClient.open(direct.ports.submissions, { tls: true })
      await smtp.hello()
      await smtp.logIn(sender.address, sender.password)
      await smtp.envelope(sender.address, 'x@one.test')
      expect((await smtp.data('Subject: x\r\n\r\n')).code).toBe(250)
      await eventually('the message', async () => host.bodies.length === 1 || undefined)
    } finally {
      await direct.end('SIGTERM')
    }
    expect(host.connections.map((lines) => lines.at(-1))).toEqual(['QUIT'])
  })
})
