// A wire that keeps what an IMAP command writes, and never has to wait.

import type { Wire } from '#services/imap/wire.ts'

export class WrittenWire implements Wire {
  readonly gone = new AbortController().signal
  #text = ''

  /** The untagged responses written since the last time, without `* ` and line end. */
  take(): string[] {
    const lines = this.#text.split('\r\n').slice(0, -1)
    this.#text = ''
    return lines.map((line) => line.replace(/^\* /, ''))
  }

  untagged(response: string | Buffer): void {
    this.write(`* ${response.toString('latin1')}\r\n`)
  }

  write(bytes: Uint8Array | string): void {
    this.#text += Buffer.from(bytes as Uint8Array).toString('latin1')
  }

  room(): undefined {
    return undefined
  }

  continuation(text: string): void {
    this.write(`+ ${text}\r\n`)
  }

  async readLine(): Promise<undefined> {
    return undefined
  }
}
