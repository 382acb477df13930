// The filter side of the milter protocol, as a test scripts it: it keeps what it was told and answers what it is said to.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** What it was told: the letter, then strings or what else there is in words. */
export type Told = string

type Answers = (command: string, data: Buffer) => readonly Buffer[] | undefined

export type MilterScript = {
  /** The answer to the offer; default: the version offered, all actions, no protocol steps. */
  readonly offer?: (data: Buffer) => Buffer
  /** By letter or of a function; what is not answered so gets `c`. An empty list is silence. */
  readonly answers?: Answers
}

export class FakeMilter implements AsyncDisposable {
  readonly told: Told[] = []
  /** As they came. */
  readonly packets: { readonly command: string; readonly data: Buffer }[] = []
  readonly sockets = new Set<Socket>()
  connections = 0
  /** How many sessions are open now. */
  get open(): number {
    return this.sockets.size
  }
  readonly #server: Server
  readonly #script: MilterScript

  private constructor(script: MilterScript) {
    this.#script = script
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(script: MilterScript = {}, path?: string): Promise<FakeMilter> {
    const milter = new FakeMilter(script)
    if (path === undefined) milter.#server.listen(0, '127.0.0.1')
    else milter.#server.listen(path)
    await once(milter.#server, 'listening')
    return milter
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  /** Of these letters only, in order. */
  heard(letters: string): readonly Told[] {
    return this.told.filter((one) => letters.includes(one[0] ?? ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.connections += 1
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => undefined)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const end = 4 + rest.readUInt32BE(0)
        this.#hear(socket, rest.toString('latin1', 4, 5), Buffer.from(rest.subarray(5, end)))
        rest = rest.subarray(end)
      }
    })
  }

  #hear(socket: Socket, command: string, data: Buffer): void {
    this.told.push(inWords(command, data))
    this.packets.push({ command, data })
    if (command === 'O') {
      socket.write(packet('O', (this.#script.offer ?? acceptOffer())(data)))
      return
    }
    const answers = this.#script.answers?.(command, data)
    if (answers !== undefined) for (const answer of answers) socket.write(answer)
    else if (!'DAQK'.includes(command)) socket.write(packet('c'))
    if (command === 'Q') socket.end()
  }
}

/** An answer by letter alone: `{ R: packet('r') }`. */
export function answering(by: { readonly [command: string]: Buffer | readonly Buffer[] }): Answers {
  return (command) => {
    const answer = by[command]
    if (answer === undefined) return undefined
    return Buffer.isBuffer(answer) ? [answer] : (answer as readonly Buffer[])
  }
}

export function packet(command: string, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const data = Buffer.concat(
    parts.map((part) => {
      if (Buffer.isBuffer(part)) return part
      return typeof part === 'number' ? uint32(part) : Buffer.from(`${part}\0`, 'latin1')
    }),
  )
  return Buffer.concat([uint32(1 + data.length), Buffer.from(command, 'latin1'), data])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Takes what was offered with these in place of its masks. */
export function acceptOffer(
  wanted: { version?: number; actions?: number; wishes?: number; macros?: readonly Buffer[] } = {},
): (data: Buffer) => Buffer {
  return (data) => {
    const { version = data.readUInt32BE(0), actions = data.readUInt32BE(4), wishes = 0 } = wanted
    return Buffer.concat([
      uint32(version),
      uint32(actions),
      uint32(wishes),
      ...(wanted.macros ?? []),
    ])
  }
}

function inWords(command: string, data: Buffer): Told {
  if (command === 'O') {
    const numbers = [0, 4, 8].map((at) => `0x${data.readUInt32BE(at).toString(16)}`)
    return `O ${numbers.join(' ')}`
  }
  if (command === 'C') {
    const end = data.indexOf(0) + 1
    const family = data.toString('latin1', end, end + 1)
    const name = data.toString('utf8', 0, end - 1)
    if (family === 'U') return `C ${name} U`
    return `C ${name} ${family} ${data.readUInt16BE(end + 1)} ${data.toString('latin1', end + 3, data.length - 1)}`
  }
  if (command === 'B') return `B ${data.toString('latin1')}`
  const words = data.toString('utf8').replace(/\0$/, '').split('\0')
  const text = words.length === 1 && words[0] === '' ? command : `${command} ${words.join('|')}`
  return text
}
