// Mail that filters and migration tools hand in by LMTP, to a real server: each recipient hears what becomes of its own copy.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess
let port = 0
beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  port = await freePort()
  server = await startServer(folder, await freePorts(), [
    'listeners.lmtp.enabled=yes',
    `listeners.lmtp.port=${port}`,
    'defaultDomain=example.test',
    'hostname=mx.example.test',
    'mailboxSizeLimit=8KB',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

async function lmtp(): Promise<SmtpClient> {
  const client = await SmtpClient.open(port)
  expect((await client.command('LHLO filter.test')).code).toBe(250)
  return client
}

/** So many answers to what was just sent. */
async function answers(client: SmtpClient, count: number): Promise<string[]> {
  const lines: string[] = []
  while (lines.length < count) lines.push(...(await client.reply()).text.split('\r\n'))
  return lines
}

describe('LMTP', () => {
  it('delivers to who has room and refuses who has none, each by itself', async () => {
    const { alice, bob } = firstAccounts(server)
    const set = ['account', 'set', bob.address, '--quota', '4KB', '--data', server.directory]
    expect(await commandLine(set)).toMatchObject({ code: 0 })
    await using client = await lmtp()
    // Of no declared size: RCPT cannot know.
    expect((await client.envelope('', [alice.address, bob.address])).code).toBe(250)
    expect((await client.command('DATA')).code).toBe(354)
    client.wire.write(`Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(70)}.\r\n`)
    const [toAlice, toBob] = await answers(client, 2)
    expect(toAlice).toMatch(/^250 2\.0\.0 Ok: queued as /)
    expect(toBob).toMatch(/^552 5\.2\.2 <bob@example\.test>: /)
    expect((await takeMail(server, alice))[0]).toMatch(/^Delivered-To: alice@example\.test\r\n/)
    expect((await client.command('NOOP')).code).toBe(250)
  })

  it('completes a user, says how the message came, and lets nobody relay', async () => {
    const { alice } = firstAccounts(server)
    await using client = await lmtp()
    const { text } = await client.envelope('', ['someone@remote.test'])
    expect(text).toMatch(/^554 5\.7\.1 /)
    await client.command('RSET')
    expect((await client.envelope('', ['alice'])).code).toBe(250)
    expect((await client.data('Subject: small\r\n\r\nx\r\n')).code).toBe(250)
    expect((await takeMail(server, alice))[0]).toMatch(/by mx\.example\.test with LMTP id /)
  })
})
