// One connection to a policy server: one request at a time, and kept for the next. A server that speaks unasked is as good as gone, as
// its words would be taken for the next answer.

import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connectService } from '#shared/net/connect-service.ts'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { AnswerReader } from './answer.ts'
import { PolicyServerFailure } from './failure.ts'

type Waiting = {
  readonly reader: AnswerReader
  readonly answered: (action: string) => void
  readonly failed: (why: unknown) => void
}

export class PolicyConnection {
  readonly openedMs: number
  requests = 0
  readonly #socket: Socket
  readonly #gone: () => void
  #waiting: Waiting | undefined
  #ended: unknown

  /** `gone` is called once, when it can be used no longer. Connecting is part of the first request. */
  constructor(endpoint: ServiceAddress, nowMs: number, gone: () => void) {
    this.openedMs = nowMs
    this.#gone = gone
    this.#socket = connectService(endpoint)
    this.#socket.on('data', (piece) => this.#read(piece))
    this.#socket.on('error', (error) => this.end(error))
    this.#socket.on('end', () => this.end(new PolicyServerFailure('closes the connection')))
    this.#socket.on('close', () => this.end(new PolicyServerFailure('closes the connection')))
    this.#socket.on('timeout', () => this.end(new PolicyServerFailure('was not needed')))
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Rejects when the signal aborts, and is ended then: the answer would come to whoever asks next. */
  async ask(request: string, signal: AbortSignal): Promise<string> {
    // What the server said or did since, and nobody has read yet, is read first.
    if (this.requests > 0) await turn()
    if (this.#ended !== undefined) throw this.#ended
    const give = () => this.end(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    this.#socket.setTimeout(0)
    this.#socket.ref()
    this.requests += 1
    try {
      return await new Promise<string>((answered, failed) => {
        this.#waiting = { reader: new AnswerReader(), answered, failed }
        this.#socket.write(request)
        if (signal.aborted) give()
      })
    } finally {
      this.#waiting = undefined
      signal.removeEventListener('abort', give)
    }
  }

  /** Until it is asked again. It keeps no process from ending. */
  rest(idleMs: number): void {
    this.#socket.unref()
    this.#socket.setTimeout(idleMs)
  }

  end(why: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = why
    this.#socket.destroy()
    this.#waiting?.failed(why)
    this.#gone()
  }

  #read(piece: Buffer): void {
    if (this.#waiting === undefined) {
      this.end(new PolicyServerFailure('speaks unasked'))
      return
    }
    const { reader, answered } = this.#waiting
    try {
      const action = reader.push(piece)
      if (action === undefined) return
      this.#waiting = undefined
      answered(action)
    } catch (error) {
      this.end(error)
    }
  }
}
