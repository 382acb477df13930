// A POP3 client for tests; messages come back as the bytes they are.

import { Wire } from './wire.ts'

export class Pop3Client implements AsyncDisposable {
  static async open(port: number, { tls = false } = {}): Promise<Pop3Client> {
    const client = new Pop3Client(await Wire.open(port, tls))
    await client.status()
    return client
  }

  readonly wire: Wire

  private constructor(wire: Wire) {
    this.wire = wire
  }

  async status(): Promise<string> {
    const received = await this.wire.read((bytes) => bytes.indexOf('\r\n') === bytes.length - 2)
    return received.toString('latin1').trimEnd()
  }

  command(line: string): Promise<string> {
    this.wire.write(`${line}\r\n`)
    return this.status()
  }

  async startTls(): Promise<void> {
    await this.command('STLS')
    await this.wire.startTls()
  }

  async logIn(login: string, password: string): Promise<string> {
    const user = await this.command(`USER ${login}`)
    return user.startsWith('+OK') ? this.command(`PASS ${password}`) : user
  }

  /** Lines of a multi-line answer; rejects when the server refuses. */
  async list(command: 'LIST' | 'UIDL' | 'CAPA'): Promise<readonly string[]> {
    const bytes = await this.multiline(command)
    return bytes.toString('latin1').split('\r\n').slice(0, -1)
  }

  /** What RETR or TOP sends, without dot-stuffing and end. */
  async multiline(command: string): Promise<Buffer> {
    this.wire.write(`${command}\r\n`)
    const received = await this.wire.read(isMultilineEnd)
    if (received[0] !== 0x2b) throw new Error(`${command}: ${received.toString('latin1')}`)
    const text = received.toString('latin1', received.indexOf('\r\n'), received.length - 3)
    return Buffer.from(text.replaceAll('\n.', '\n').slice(2), 'latin1')
  }

  async quit(): Promise<string> {
    const reply = await this.command('QUIT')
    await this.wire.closed()
    return reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wire.destroy()
  }
}

/** No line of a stuffed answer but its last is a dot alone. */
function isMultilineEnd(received: Buffer): boolean {
  if (received[0] === 0x2d) return received.indexOf('\r\n') === received.length - 2
  return received.subarray(-5).equals(Buffer.from('\r\n.\r\n'))
}
