// A bare IMAP client for tests: sends commands, gives back the untagged lines (literals inside them) and the tagged answer.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type ImapAnswer = {
  readonly status: string
  /** Text after the status. */
  readonly text: string
  /** Without `* ` and line ends; literals stand as they came. */
  readonly untagged: readonly string[]
}

export class ImapClient {
  readonly #socket: Socket
  #buffered = ''
  #wake: (() => void) | undefined
  #closed = false
  #tags = 0
  /** As if no message were \Recent: which are is the matter of few tests. */
  hidesRecent = true

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#buffered += text
      this.#wake?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
  }

  static async connect(port: number): Promise<ImapClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const client = new ImapClient(socket)
    await client.line()
    return client
  }

  static async login(port: number, login = 'ann@example.test'): Promise<ImapClient> {
    const client = await ImapClient.connect(port)
    await client.ok(`LOGIN ${login} secretword`)
    return client
  }

  /** One command without tag; `literal` is sent when the server asks for it. */
  async command(command: string, ...literals: readonly string[]): Promise<ImapAnswer> {
    const tag = `t${++this.#tags}`
    this.#socket.write(`${tag} ${command}\r\n`, 'latin1')
    const left = [...literals]
    const untagged: string[] = []
    for (;;) {
      const line = await this.line()
      if (line.startsWith('+ ') && left.length > 0) this.#socket.write(`${left.shift()}`, 'latin1')
      else if (line.startsWith('* ')) untagged.push(line.slice(2))
      else if (line.startsWith(`${tag} `)) {
        const [, status = '', ...text] = line.split(' ')
        return { status, text: text.join(' '), untagged }
      }
    }
  }

  /** The same; anything but OK is an error. */
  async ok(command: string, ...literals: readonly string[]): Promise<ImapAnswer> {
    const answer = await this.command(command, ...literals)
    if (answer.status !== 'OK') throw new Error(`${command}: ${answer.status} ${answer.text}`)
    return answer
  }

  append(mailbox: string, text: string, flags = ''): Promise<ImapAnswer> {
    return this.ok(`APPEND ${mailbox} ${flags}{${text.length}}`, `${text}\r\n`)
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** The next response line with its literals. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#takeLine()
      if (line !== undefined && this.hidesRecent) {
        if (/^\* \d+ RECENT$/.test(line)) continue
        return line.replaceAll('\\Recent ', '').replaceAll(/ ?\\Recent/g, '')
      }
      if (line !== undefined) return line
      if (this.#closed) throw new Error('the server closed the connection')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #takeLine(): string | undefined {
    let end = this.#buffered.indexOf('\r\n')
    for (;;) {
      if (end < 0) return undefined
      const literal = /~?\{(\d+)\}$/.exec(this.#buffered.slice(0, end))
      if (literal === null) break
      const after = end + 2 + Number(literal[1])
      if (this.#buffered.length < after) return undefined
      end = this.#buffered.indexOf('\r\n', after)
    }
    const line = this.#buffered.slice(0, end)
    this.#buffered = this.#buffered.slice(end + 2)
    return line
  }

  close(): void {
    this.#socket.destroy()
  }
}
