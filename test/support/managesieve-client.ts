// A ManageSieve client for tests, which knows nothing of the server's: strings go as literals, answers come back as text.

import { Wire } from './wire.ts'

export class ManageSieveClient implements AsyncDisposable {
  readonly wire: Wire

  static async open(port: number): Promise<ManageSieveClient> {
    const client = new ManageSieveClient(await Wire.open(port))
    await client.answer()
    return client
  }

  private constructor(wire: Wire) {
    this.wire = wire
  }

  /** Up to the line that ends it. */
  async answer(): Promise<string> {
    return String(await this.wire.read((bytes) => /^(?:OK|NO|BYE)\b/.test(lastLine(bytes))))
  }

  /** Arguments are strings, but for numbers. */
  async command(name: string, ...given: readonly (string | number)[]): Promise<string> {
    const written = given.map((each) =>
      typeof each === 'number' ? ` ${each}` : ` {${Buffer.byteLength(each)}+}\r\n${each}`,
    )
    this.wire.write(`${name}${written.join('')}\r\n`)
    return await this.answer()
  }

  async startTls(): Promise<string> {
    await this.command('STARTTLS')
    await this.wire.startTls()
    return await this.answer()
  }

  async logIn(login: string, password: string): Promise<string> {
    const response = Buffer.from(`\0${login}\0${password}`).toString('base64')
    return await this.command('AUTHENTICATE', 'PLAIN', response)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wire.destroy()
  }
}

function lastLine(bytes: Buffer): string {
  const text = bytes.toString()
  return text.endsWith('\r\n') ? text.slice(text.lastIndexOf('\n', text.length - 2) + 1) : ''
}
