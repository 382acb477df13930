// The smallest protocol that uses all of a line connection: says back what it is told.

import type { Duplex } from 'node:stream'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import type { LineConnection } from '#shared/net/line-connection.ts'
import type { LineProtocol, LineReader } from '#shared/net/line-protocol.ts'
import type { SpliceCounts } from '#shared/net/splice.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import type { Log } from '#shared/runtime/log.ts'

export type EchoConnection = LineConnection<string, 'quit' | 'layer failed'>

class EchoReader implements LineReader<string> {
  #text = ''

  get pendingBytes(): number {
    return this.#text.length
  }

  push(chunk: Buffer): void {
    this.#text += chunk.toString('latin1')
  }

  next(): string | undefined {
    const end = this.#text.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 2)
    return line
  }

  takeRest(): Buffer {
    const rest = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    return rest
  }
}

export class EchoProtocol implements LineProtocol<string> {
  readonly reader = new EchoReader()
  readonly log: Log
  loggedIn = false
  /** Whether a stop waits until all that has arrived was answered. */
  finishes = false
  /** What HOLD waits for. */
  readonly gate = Promise.withResolvers<void>()
  news: string | undefined
  /** Where GO goes, and what went by then. */
  source: { readonly socket: Duplex; readonly first: Buffer } | undefined
  passed: SpliceCounts | undefined
  readonly #connection: EchoConnection
  readonly #counts = { answered: 0 }

  constructor(connection: EchoConnection, log: Log) {
    this.#connection = connection
    this.log = log
  }

  greet(): void {
    this.#say('hello')
  }

  async answer(line: string): Promise<void> {
    this.#counts.answered += 1
    switch (line) {
      case 'LOGIN':
        this.loggedIn = true
        break
      case 'LOGOUT':
        this.loggedIn = false
        this.#connection.loggedOut()
        break
      case 'HOLD':
        await this.gate.promise
        break
      case 'ASK':
        return this.#ask()
      case 'TWO':
        return this.#say(`both ${await this.#connection.next()}`)
      case 'FLOOD':
        this.#connection.output.write(Buffer.alloc(1024 * 1024, 'x'))
        await this.#connection.output.room()
        break
      case 'STARTTLS':
        this.#say('begin')
        return this.#connection.upgradeToTls()
      case 'GO':
        this.#say('go')
        if (this.source !== undefined) this.passed = await this.#connection.goOnAt(this.source)
        return
      case 'GONE':
        throw new ConnectionGone()
      case 'BUG':
        throw new Error('a bug')
      case 'QUIT':
        this.#say('bye')
        return this.#connection.close('quit')
    }
    this.#say(line)
  }

  tellNews(): Promise<void> | undefined {
    const { news } = this
    this.news = undefined
    return news === undefined ? undefined : Promise.resolve(this.#say(news))
  }

  tlsStarted(bindings: ChannelBindings): void {
    this.#say(`secure ${typeof bindings}`)
  }

  timedOut(reason: 'login timeout' | 'idle timeout'): void {
    if (this.#connection.isAtLineEnd) this.#say(reason)
    this.#connection.close(reason)
  }

  leave(reason: 'shutdown' | 'account ended', { quiet }: { readonly quiet: boolean }): void {
    if (reason === 'shutdown' && this.finishes && !quiet) return
    if (this.#connection.isAtLineEnd) this.#say(reason)
    this.#connection.close(reason)
  }

  async end() {
    return this.loggedIn ? this.#counts : undefined
  }

  async #ask(): Promise<void> {
    this.#say('what?')
    while (!this.#connection.ending) {
      const line = this.reader.next()
      if (line !== undefined) return this.#say(`told ${line}`)
      if (!(await this.#connection.awaitClient())) return
    }
  }

  #say(text: string): void {
    this.#connection.output.write(`${text}\r\n`)
  }
}
