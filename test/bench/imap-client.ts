// A client that only counts: sends one command at a time and reads until its tagged answer, keeping the answer on request.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An answer without its tag, for the floor to repeat: everything untagged, and the tagged line. */
export type KeptAnswer = readonly [untagged: string, tagged: string]

/** By command line without tag. */
export type KeptAnswers = Map<string, KeptAnswer>

/** The tagged line of an answer is no longer. */
const TAGGED_LINE_BYTES_MAX = 8_192

export class BenchClient {
  readonly #socket: Socket
  readonly #kept: KeptAnswers | undefined
  #chunks: Buffer[] = []
  #tail = ''
  #tag = ''
  #tags = 0
  #settle: ((line: string) => void) | undefined
  #fail: ((error: Error) => void) | undefined

  private constructor(socket: Socket, kept: KeptAnswers | undefined) {
    this.#socket = socket
    this.#kept = kept
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => this.#fail?.(new Error('the server closed the connection')))
    socket.on('error', () => {})
  }

  static async open(port: number, kept?: KeptAnswers): Promise<BenchClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'data')
    return new BenchClient(socket, kept)
  }

  /** A command without tag, with its literals; anything but OK is an error. */
  async ok(command: string | Buffer): Promise<string> {
    const line = await this.#ask(command)
    if (!line.startsWith('OK')) throw new Error(`${command.toString().slice(0, 100)}: ${line}`)
    return line
  }

  /** IDLE, left open. */
  async idle(): Promise<void> {
    this.#socket.write('idle IDLE\r\n')
    await once(this.#socket, 'data')
  }

  close(): void {
    this.#fail = undefined
    this.#socket.destroy()
  }

  async #ask(command: string | Buffer): Promise<string> {
    this.#tag = `b${++this.#tags}`
    const answer = new Promise<string>((resolve, reject) => {
      this.#settle = resolve
      this.#fail = reject
    })
    this.#socket.cork()
    this.#socket.write(`${this.#tag} `)
    this.#socket.write(command)
    this.#socket.write('\r\n')
    this.#socket.uncork()
    const line = await answer
    if (this.#kept !== undefined) this.#keep(commandLine(command), line)
    this.#chunks = []
    this.#tail = ''
    return line
  }

  #take(chunk: Buffer): void {
    if (this.#kept !== undefined) this.#chunks.push(chunk)
    const text = chunk.toString('latin1', Math.max(0, chunk.length - TAGGED_LINE_BYTES_MAX))
    this.#tail = (this.#tail + text).slice(-TAGGED_LINE_BYTES_MAX)
    if (!this.#tail.endsWith('\r\n')) return
    const start = this.#tail.lastIndexOf('\r\n', this.#tail.length - 3) + 1
    const line = this.#tail.slice(start === 0 ? 0 : start + 1, -2)
    if (line.startsWith(`${this.#tag} `)) this.#settle?.(line.slice(this.#tag.length + 1))
  }

  #keep(command: string, tagged: string): void {
    const whole = Buffer.concat(this.#chunks).toString('latin1')
    const untagged = whole.slice(0, whole.length - tagged.length - this.#tag.length - 3)
    this.#kept?.set(command, [untagged, tagged])
  }
}

function commandLine(command: string | Buffer): string {
  const text = typeof command === 'string' ? command : command.toString('latin1', 0, 1_000)
  const end = text.indexOf('\r\n')
  return end < 0 ? text : text.slice(0, end)
}
