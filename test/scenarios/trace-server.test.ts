// Beside a real server, by the command: mail that is delivered here, refused at RCPT, and taken elsewhere at the second try.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess
let refusals = 1

beforeAll(async () => {
  const sink = resources.use(
    await openSink({
      rcpt: () => (refusals-- > 0 ? '450 4.2.0 greylisted, try again later' : undefined),
    }),
  )
  const folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    'policyPreset=open',
    'dnsListTest=no',
    `relayhost=[127.0.0.1]:${sink.port}`,
    'mynetworks=127.0.0.1/32',
    'minimalBackoffTime=1s',
    'smtpTlsSecurityLevel=none',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
}, 60_000)
afterAll(() => resources.disposeAsync())

const trace = (...words: readonly string[]) =>
  commandLine(['trace', ...words, '--data', server.directory])

/** The reply to the message, or to its recipient where that is not taken. */
async function send(from: string, to: string, messageId: string): Promise<string> {
  await using client = await SmtpClient.open(server.ports.smtp)
  await client.hello()
  await client.command(`MAIL FROM:<${from}>`)
  const { code, text } = await client.command(`RCPT TO:<${to}>`)
  if (code !== 250) return text
  const header = `From: ${from}\r\nMessage-ID: <${messageId}>\r\nSubject: x\r\n`
  return (await client.data(`${header}\r\nHello\r\n`)).text
}

const told = (what: string, words: string) =>
  eventually(`told: ${words}`, async () => {
    const { code, stdout } = await trace(what)
    return code === 0 && stdout.includes(words) ? stdout : undefined
  })

describe('postwolke trace', () => {
  it('tells of mail that is delivered here', async () => {
    const { address } = firstAccounts(server).alice
    const reply = await send('far@away.test', address, 'here@away.test')
    const queueId = /queued as (\w+)/.exec(reply)?.[1] ?? ''
    const text = await told(queueId, 'delivered')
    expect(text).toContain('message-id  <here@away.test>')
    expect(text).toMatch(/delivered +\S+@\S+ by local, dsn 2\.0\.0, delays [\d./]+/)
    expect(text).toContain('uid 1 in INBOX')
    expect(text).toMatch(/^now {9}delivered /m)
  })

  it('tells of mail that was put off elsewhere, and taken then', async () => {
    await send('near@here.test', 'x@elsewhere.test', 'away@here.test')
    const text = await told('away@here.test', 'now         delivered')
    const deferred = text.indexOf('450 4.2.0 greylisted')
    const delivered = text.search(/ delivered +x@elsewhere/)
    expect(deferred).toBeGreaterThan(0)
    expect(delivered).toBeGreaterThan(deferred)
    expect(text).toMatch(/deferred +x@elsewhere\.test by \S*\[127\.0\.0\.1\]:\d+, dsn 4\.2\.0/)
  })

  it('tells of mail that was refused, by sender, recipient and client', async () => {
    const { address } = firstAccounts(server).alice
    const nobody = address.replace(/^[^@]+/, 'nobody')
    const reply = await send('spam@away.test', nobody, 'no@away.test')
    expect(reply).toContain('5.1.1')
    for (const what of ['spam@away.test', nobody]) await told(what, 'refused: 550 5.1.1')
    const text = await told('127.0.0.1', 'refused: 550 5.1.1')
    const queueId = /(\w{18}) +spam@away\.test/.exec(text)?.[1] ?? ''
    expect(await told(queueId, 'nothing of it is in the queue')).toContain('550 5.1.1')
  })

  it('prints a JSON object a line, and says where nothing is known', async () => {
    const { stdout } = await trace('away@here.test', '--json')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).message)
    expect(lines.filter((message) => !message.startsWith('policy'))).toEqual([
      'message accepted',
      'deferred',
      'delivered',
      'message removed',
    ])
    expect(await trace('nobody@nowhere.test')).toMatchObject({
      code: 67,
      stderr: expect.stringContaining("nothing is known of 'nobody@nowhere.test' since"),
    })
    expect((await trace('x@y.test', '--since', 'ever')).stderr).toContain(
      "--since cannot be 'ever'",
    )
  })
})
