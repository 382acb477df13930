// A real server with content filters: what they want becomes of mail that people read, and a content filter of the old kind sends back what
// it got.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { type Clamd, startClamd, VIRUS_NAME, VIRUS_TEXT } from '#test/support/clamd.ts'
import { commandLine } from '#test/support/command-line.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { isInstalled } from '#test/support/program.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess
let hook: Server
let clamd: Clamd | undefined
/** What the webhook says, by subject. */
const verdicts = new Map<string, object>()
let asked = 0

beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  hook = createServer(async (request, response) => {
    asked += 1
    const { message } = Object(await json(request))
    const [, subject = ''] = /^Subject: (.*)\r$/m.exec(message.header) ?? []
    response.end(JSON.stringify(verdicts.get(subject) ?? { verdict: 'accept' }))
  }).listen(0, '127.0.0.1')
  await once(hook, 'listening')
  resources.defer(() => {
    hook.closeAllConnections()
    hook.close()
  })
  if (isInstalled('clamd')) clamd = resources.use(await startClamd())
  const at = hook.address()
  const port = typeof at === 'object' ? at?.port : 0
  server = await startServer(folder, await freePorts(), [
    `contentFilters=${clamd === undefined ? '' : 'clamd, '}webhook`,
    ...(clamd === undefined ? [] : [`clamd.address=unix:${clamd.socket}`]),
    `webhook.url=http://127.0.0.1:${port}/`,
    'webhook.concurrency=4',
    'webhook.timeLimit=30s',
    'disablePlaintextAuth=no',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
}, 90_000)
afterAll(() => resources.disposeAsync())

async function send(message: string | Buffer): Promise<{ code: number; text: string }> {
  const { alice } = firstAccounts(server)
  await using client = await SmtpClient.open(server.ports.smtp)
  await client.hello()
  await client.envelope('sender@remote.test', alice.address)
  return await client.data(message)
}

describe('a filter that looks at mail before it is taken', () => {
  it('may have it changed, small and large, and what is read is what it wanted', async () => {
    const { alice } = firstAccounts(server)
    const headers = {
      add: [{ name: 'X-Filter', value: 'seen' }],
      replace: [{ name: 'Subject', value: 'changed' }],
      remove: [{ name: 'X-Spam' }],
    }
    verdicts.set('to be changed', { verdict: 'accept', headers })
    for (const body of ['small\r\n', `${`${'x'.repeat(70)}\r\n`.repeat(30_000)}`]) {
      const text = `Message-ID: <1@remote.test>\r\nSubject: to be changed\r\nX-Spam: no\r\n\r\n${body}`
      expect(await send(text)).toMatchObject({ code: 250 })
      const [mail = ''] = await takeMail(server, alice)
      expect(mail).toMatch(
        /^(?:.*\r\n)*X-Filter: seen\r\nReceived: (?:.*\r\n)*Message-ID: <1@remote.test>\r\nSubject: changed\r\n\r\n/,
      )
      expect(mail).not.toMatch(/X-Spam/)
      expect(hashOf(mail.slice(mail.indexOf('\r\n\r\n') + 4))).toBe(hashOf(body))
    }
  })

  it('may have it held, which an operator releases', async () => {
    const { alice } = firstAccounts(server)
    verdicts.set('odd', { verdict: 'hold', reason: 'looks odd' })
    const { text } = await send('Subject: odd\r\n\r\nx\r\n')
    const [, queueId = ''] = /queued as (\S+)/.exec(text) ?? []
    const listed = await commandLine(['queue', 'list', '--data', server.directory])
    expect(listed.stdout).toMatch(/looks odd/)
    const words = ['queue', 'release', queueId, '--data', server.directory]
    expect(await commandLine(words)).toMatchObject({ code: 0 })
    expect((await takeMail(server, alice))[0]).toMatch(/Subject: odd/)
  })

  it('may have it delivered into Junk', async () => {
    const { alice } = firstAccounts(server)
    verdicts.set('unwanted', { verdict: 'junk', reason: 'nobody ordered it' })
    expect((await send('Subject: unwanted\r\n\r\nx\r\n')).code).toBe(250)
    const imap = await ImapClient.connect(server.ports.imap)
    await imap.ok(`LOGIN ${alice.address} ${alice.password}`)
    await eventually('it is in Junk', async () => {
      const { untagged } = await imap.ok('STATUS Junk (MESSAGES)')
      return untagged.join().includes('MESSAGES 1')
    })
    imap.close()
    expect(await takeMail(server, alice, 0)).toEqual([])
  })

  it('may refuse it', async () => {
    verdicts.set('refused', { verdict: 'reject', reply: { text: 'not this' } })
    expect(await send('Subject: refused\r\n\r\nx\r\n')).toMatchObject({
      code: 550,
      text: '550 5.7.1 not this',
    })
  })

  it.skipIf(!isInstalled('clamd'))('finds viruses', async () => {
    const before = asked
    const { text } = await send(`Subject: x\r\n\r\n${VIRUS_TEXT}\r\n`)
    expect(text).toBe(`550 5.7.1 Message has a virus: ${VIRUS_NAME}`)
    // The first that refuses ends it.
    expect(asked).toBe(before)
  })

  it('is asked about 40 messages that come at once, four at a time', async () => {
    const { alice } = firstAccounts(server)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => send(`Subject: many ${n}\r\n\r\nx\r\n`)),
    )
    expect(answers.filter(({ code }) => code === 250)).toHaveLength(40)
    expect(await takeMail(server, alice, 40)).toHaveLength(40)
  })
})

describe('a content filter that takes mail and sends it back', () => {
  const own = new AsyncDisposableStack()
  let filtered: ServerProcess
  let filter: Sink
  let backPort: number
  beforeAll(async () => {
    const folder = own.use(await temporaryFolder()).path
    backPort = await freePort()
    filter = await openSink()
    own.defer(() => filter[Symbol.asyncDispose]())
    filtered = await startServer(folder, await freePorts(), [
      `contentFilter=smtp-amavis:[127.0.0.1]:${filter.port}`,
      'listeners.reinjection.enabled=yes',
      `listeners.reinjection.port=${backPort}`,
      'minimalBackoffTime=1s',
      'maximalBackoffTime=1s',
    ])
    own.defer(async () => void (await filtered.end('SIGTERM')))
  }, 60_000)
  afterAll(() => own.disposeAsync())

  it('gets every message before anything is delivered, and what it sends back is delivered', async () => {
    const { alice, bob } = firstAccounts(filtered)
    await using client = await SmtpClient.open(filtered.ports.smtp)
    await client.hello()
    await client.envelope('sender@remote.test', [alice.address, bob.address])
    expect((await client.data('Subject: x\r\n\r\n\xfcber\r\n')).code).toBe(250)
    const got = await eventually('the filter has it', () => filter.messages[0])
    expect(got.envelope).toMatchObject({
      mailFrom: { address: 'sender@remote.test' },
      rcptTo: [{ address: alice.address }, { address: bob.address }],
    })
    expect(await takeMail(filtered, alice, 0)).toEqual([])

    await using back = await SmtpClient.open(backPort)
    await back.hello()
    await back.envelope('sender@remote.test', [alice.address, bob.address])
    const checked = Buffer.concat([
      Buffer.from('X-Checked: yes\r\n'),
      got?.bytes ?? Buffer.alloc(0),
    ])
    expect((await back.data(checked)).code).toBe(250)
    for (const account of [alice, bob]) {
      const [mail = ''] = await takeMail(filtered, account)
      expect(mail).toMatch(
        /^(?:.*\r\n)*Received: (?:.*\r\n)*X-Checked: yes\r\nAuthentication-Results: \S+; none\r\nReceived: /,
      )
    }
    // What is delivered was not filtered again.
    expect(filter.messages).toHaveLength(1)
  })

  it('may send to anybody, as it alone may', async () => {
    await using back = await SmtpClient.open(backPort)
    await back.hello()
    expect((await back.envelope('', 'somebody@remote.test')).code).toBe(250)
    await using client = await SmtpClient.open(filtered.ports.smtp)
    await client.hello()
    expect((await client.envelope('', 'somebody@remote.test')).code).toBeGreaterThanOrEqual(450)
  })
})

const hashOf = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')
