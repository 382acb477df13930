// What an SMTP client is told of the message itself, by a running server.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('a message', () => {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess
  let alice: Account
  let bob: Account

  beforeAll(async () => {
    const { path } = resources.use(await temporaryFolder())
    server = await startServer(path, await freePorts(), [
      'messageSizeLimit=100000',
      'messageStripCharacters=\\0',
      'messageRejectCharacters=\\1',
      'log.level=warn',
    ])
    resources.defer(async () => void (await server.end('SIGTERM')))
    ;({ alice, bob } = firstAccounts(server))
  })
  afterAll(() => resources.disposeAsync())

  async function send(message: string, ...to: readonly string[]): Promise<string> {
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    expect((await smtp.envelope('sender@remote.test', to)).code).toBe(250)
    return (await smtp.data(Buffer.from(message, 'latin1'))).text
  }

  async function submit(message: string): Promise<string> {
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.hello()
    await smtp.logIn(alice.address, alice.password)
    expect((await smtp.envelope(alice.address, bob.address)).code).toBe(250)
    return (await smtp.data(Buffer.from(message, 'latin1'))).text
  }

  it('with a character of messageRejectCharacters is refused, and the session goes on', async () => {
    expect(await send('Subject: s\r\n\r\nx\x01y\r\n', alice.address)).toBe(
      '550 5.7.1 Disallowed character in message',
    )
  })

  it('is not larger than messageSizeLimit once its header is mended', async () => {
    const mbox = (lines: number) => `${'From x\r\n'.repeat(lines)}Subject: s\r\n\r\nx\r\n`
    expect(await send(mbox(4_500), alice.address)).toBe(
      '552 5.3.4 Message size exceeds fixed maximum message size 100000',
    )
    expect(await send(mbox(4_000), alice.address)).toMatch(/^250 /)
    expect(await takeMail(server, alice)).toHaveLength(1)
  })

  it('that comes back as it was delivered is refused as a loop, and nothing is held', async () => {
    expect(await send('Subject: s\r\n\r\nx\r\n', alice.address)).toMatch(/^250 /)
    const [delivered = ''] = await takeMail(server, alice)
    expect(await send(delivered, alice.address)).toBe(
      `554 5.4.6 mail forwarding loop for ${alice.address}`,
    )
    // Another is not in that circle.
    expect(await send(delivered, bob.address)).toMatch(/^250 /)
    expect(await takeMail(server, bob)).toHaveLength(1)
    const { stdout } = await commandLine(['queue', 'list', '--json', '--data', server.directory])
    expect(JSON.parse(stdout)).toEqual([])
  })

  it('of a login has the authors that its readers will see', async () => {
    const refused = `550 5.7.1 <${bob.address}>: From or Sender header field rejected: not owned by user ${alice.address}`
    expect(await submit(`F\0rom: ${bob.address}\r\n\r\nx\r\n`)).toBe(refused)
    expect(await submit(`Bcc: x\r\n\tq\r\nFrom : ${bob.address}\r\n\r\nx\r\n`)).toBe(refused)
    // Text without an empty line before it names nobody.
    expect(await submit(`Subject: s\r\nShe wrote this.\r\nFrom: ${bob.address}\r\n`)).toMatch(
      /^250 /,
    )
    const [message] = await takeMail(server, bob)
    expect(message).toContain(`\r\nSubject: s\r\n\r\nShe wrote this.\r\nFrom: ${bob.address}\r\n`)
  })
})
