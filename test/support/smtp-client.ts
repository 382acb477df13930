// An SMTP client for tests: one command, one reply; messages by DATA or BDAT, bytes as they are.

import { Wire } from './wire.ts'

export type SmtpReply = { readonly code: number; readonly text: string }

export class SmtpClient implements AsyncDisposable {
  /** Connected and greeted; `proxyHeader` goes before all else. */
  static async open(
    port: number,
    {
      tls = false,
      proxyHeader,
    }: { readonly tls?: boolean; readonly proxyHeader?: Uint8Array } = {},
  ): Promise<SmtpClient> {
    const client = new SmtpClient(await Wire.open(port, tls))
    if (proxyHeader !== undefined) client.wire.write(proxyHeader)
    client.greeting = await client.reply()
    return client
  }

  readonly wire: Wire
  greeting: SmtpReply = { code: 0, text: '' }

  private constructor(wire: Wire) {
    this.wire = wire
  }

  async reply(): Promise<SmtpReply> {
    const received = await this.wire.read((bytes) => /^\d{3} .*\r\n$/m.test(bytes.toString()))
    const text = received.toString('utf8').trimEnd()
    return { code: Number(text.slice(0, 3)), text }
  }

  command(line: string): Promise<SmtpReply> {
    this.wire.write(`${line}\r\n`)
    return this.reply()
  }

  /** EHLO, and STARTTLS with a second EHLO when asked. */
  async hello({ startTls = false } = {}): Promise<SmtpReply> {
    const hello = await this.command('EHLO client.test')
    if (!startTls) return hello
    await this.command('STARTTLS')
    await this.wire.startTls()
    return this.command('EHLO client.test')
  }

  logIn(login: string, password: string): Promise<SmtpReply> {
    const response = Buffer.from(`\0${login}\0${password}`).toString('base64')
    return this.command(`AUTH PLAIN ${response}`)
  }

  /** MAIL and RCPT; the reply to the last of them, or the first refusal. */
  async envelope(
    from: string,
    to: string | readonly string[],
    parameters = '',
  ): Promise<SmtpReply> {
    let reply = await this.command(`MAIL FROM:<${from}>${parameters}`)
    for (const recipient of [to].flat()) {
      if (reply.code >= 400) return reply
      reply = await this.command(`RCPT TO:<${recipient}>`)
    }
    return reply
  }

  /** The message of an envelope that was taken, dot-stuffed here. */
  async data(message: string | Uint8Array): Promise<SmtpReply> {
    const started = await this.command('DATA')
    if (started.code !== 354) return started
    const text = Buffer.from(message).toString('latin1')
    const stuffed = (text.startsWith('.') ? '.' : '') + text.replaceAll('\r\n.', '\r\n..')
    const end = text === '' || text.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n'
    this.wire.write(Buffer.from(stuffed + end, 'latin1'))
    return this.reply()
  }

  /** The same in one chunk (RFC 3030), or in two when it has the bytes for them. */
  async bdat(message: Uint8Array, chunks: 1 | 2 = 1): Promise<SmtpReply> {
    const half = chunks === 1 ? 0 : message.length >> 1
    if (half > 0) {
      this.wire.write(`BDAT ${half}\r\n`)
      this.wire.write(message.subarray(0, half))
      const reply = await this.reply()
      if (reply.code !== 250) return reply
    }
    this.wire.write(`BDAT ${message.length - half} LAST\r\n`)
    this.wire.write(message.subarray(half))
    return this.reply()
  }

  async quit(): Promise<void> {
    await this.command('QUIT')
    await this.wire.closed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wire.destroy()
  }
}
