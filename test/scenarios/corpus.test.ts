// Every message of the corpus goes into a running server over SMTP and comes back over POP3: the bytes that were sent, mended as
// receipt does, with header fields before them, and a line end behind them where they had none.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { type CorpusMessage, corpus } from '#test/support/corpus.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { receivedBytes } from '#test/support/received-bytes.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient, type SmtpReply } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const ways = {
  DATA: (smtp: SmtpClient, { bytes }: CorpusMessage) => smtp.data(bytes),
  'one chunk of BDAT': (smtp: SmtpClient, { bytes }: CorpusMessage) => smtp.bdat(bytes),
  'two chunks of BDAT': (smtp: SmtpClient, { bytes }: CorpusMessage) => smtp.bdat(bytes, 2),
}

describe('corpus', () => {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess
  let alice: Account
  let smtp: SmtpClient

  beforeAll(async () => {
    const folder = resources.use(await temporaryFolder())
    server = await startServer(folder.path, await freePorts(), [
      'messageSizeLimit=20MB',
      'mailboxSizeLimit=0',
      'smtpdErrorLimit=10000',
      'log.level=warn',
    ])
    resources.defer(async () => void (await server.end('SIGTERM')))
    alice = firstAccounts(server).alice
    smtp = resources.use(await SmtpClient.open(server.ports.smtp))
    await smtp.hello()
  })
  afterAll(() => resources.disposeAsync())

  /** The only message in the mailbox, which is then removed. */
  async function fetch(): Promise<{ listed: number; retr: Buffer; top: Buffer }> {
    return eventually('the message arrives', async () => {
      await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
      await pop3.logIn(alice.address, alice.password)
      const list = await pop3.list('LIST')
      if (list.length === 0) return undefined
      expect(list).toHaveLength(1)
      const retr = await pop3.multiline('RETR 1')
      const top = await pop3.multiline('TOP 1 0')
      await pop3.command('DELE 1')
      await pop3.quit()
      return { listed: Number(list[0]?.split(' ')[1]), retr, top }
    })
  }

  async function send(
    message: CorpusMessage,
    how: (typeof ways)[keyof typeof ways],
  ): Promise<SmtpReply> {
    const body = message.sevenBit ? '' : ' BODY=8BITMIME'
    expect((await smtp.envelope('corpus@remote.test', alice.address, body)).code).toBe(250)
    return how(smtp, message)
  }

  const messages = [...corpus()]
  const whole = messages.filter((message) => !message.bareLineEnds)
  const broken = messages.filter((message) => message.bareLineEnds)

  describe.each(Object.entries(ways))('by %s', (_, how) => {
    it.each(whole)('gives back $name', async (message) => {
      const sent = await send(message, how)
      expect(sent.text).toMatch(/^250 2\.0\.0 Ok: queued as \w+$/)
      const { listed, retr, top } = await fetch()

      const added =
        /^Delivered-To: alice@example\.test\r\nReturn-Path: <corpus@remote\.test>\r\n(Received: [^\r]+\r\n(?:\t[^\r]+\r\n)+)/
      const [prepended = '', received = ''] = added.exec(retr.toString('latin1', 0, 2000)) ?? []
      expect(received).toContain(`id ${sent.text.split(' ').at(-1)}`)
      const lineEnd = message.unended ? '\r\n' : ''
      const stored = receivedBytes(message.bytes)
      const expected = Buffer.concat([Buffer.from(prepended), stored, Buffer.from(lineEnd)])
      // Not `toEqual`: nobody wants to read the difference of 10 MB.
      expect(retr.length).toBe(expected.length)
      expect(retr.compare(expected)).toBe(0)
      // By BDAT a message may end without a line end, which POP3 cannot show.
      expect(listed).toBe(retr.length)

      // TOP ends a header that nothing follows (RFC 1939 §7).
      const emptyLine = retr.indexOf('\r\n\r\n')
      const header =
        emptyLine < 0 ? Buffer.concat([retr, Buffer.from('\r\n')]) : retr.subarray(0, emptyLine + 4)
      expect(top.length).toBe(header.length)
      expect(top.compare(header)).toBe(0)
    })

    it.each(broken)('refuses $name', async (message) => {
      const refused = await send(message, how)
      expect(refused.text).toMatch(/^550 5\.6\.11 Bare <(CR|LF)> in message/)
      expect((await smtp.command('NOOP')).code).toBe(250)
    })
  })

  it('stored nothing of what it refused', async () => {
    const last = messages.find((message) => message.name === 'no body')
    if (last === undefined) throw new Error('no such message')
    await send(last, ways.DATA)
    // Exactly one message: this one, though cleanup has passed all that came before it.
    expect((await fetch()).retr.subarray(-last.bytes.length)).toEqual(last.bytes)
  })
})
