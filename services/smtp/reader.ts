// Splits what a client sends into command lines and bodies. Takes the place of the library's parser, which accepts bare
// LF, un-stuffs line by line on the event loop's queue and knows no BDAT.
//
// Implementation notes: one chunk is worked on at a time; the next is asked for when everything in it has been answered. Most
// commands are answered without a turn of the event loop, so that between any two of them others get theirs (turns.ts).
// Once `isClosed` is set (by the library at STARTTLS and at the end) nothing more is read out of the chunk in hand.

import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { turns as processTurns, type Turns } from '#shared/runtime/turns.ts'
import type { Body } from './body.ts'
import { AUTH_LINE_BYTES_MAX } from './config.ts'
import type { PassedClient } from './passed-client.ts'

/** Each may return a promise: nothing more is read before it resolves. It must not reject. */
export interface ReaderHost {
  /** Without CRLF. */
  onLine(line: Buffer): Promise<void> | undefined
  onLineTooLong(): Promise<void> | undefined
  /** A line ended by LF alone. */
  onBareLineFeed(): Promise<void> | undefined
  onBodyBytes(body: Body, bytes: number): void
  onBodyEnd(body: Body): Promise<void> | undefined
  /** Everything that came so far has been dealt with. */
  onIdle(): Promise<void> | undefined
  /** The client sends no more. */
  onEnd(): void
  /** One of the others threw: a bug. */
  onFailure(error: unknown): void
}

const CR = 0x0d
const LF = 0x0a
const nothing = Buffer.alloc(0)

export class SmtpReader extends SMTPStream {
  readonly #host: ReaderHost
  readonly #turns: Turns
  #chunk: Buffer = nothing
  #resume: () => void = () => {}
  /** The beginning of a line whose end has not come. */
  #partial: Buffer = nothing
  #lineIsTooLong = false
  #body: Body | undefined
  /** What came is kept until the greeting is said. */
  #isHeld = false
  /** Takes all that comes: it is for another server. */
  #taker: PassedClient['take'] | undefined
  /** A body of no bytes ends before anything comes. */
  #bodyIsNew = false

  constructor(host: ReaderHost, turns = processTurns) {
    super()
    this.#host = host
    this.#turns = turns
  }

  /** From the next byte on. */
  startBody(body: Body): void {
    this.#body = body
    this.#bodyIsNew = true
  }

  passTo(taker: PassedClient['take']): void {
    this.#taker = taker
    if (this.#partial.length > 0) throw new Error('passed on in the middle of a line')
  }

  override _write(chunk: Buffer, _encoding: unknown, resume: () => void): void {
    this.#chunk = chunk
    this.#resume = resume
    if (!this.#isHeld) this.#work()
  }

  hold(): void {
    this.#isHeld = true
  }

  /** Goes on with what came meanwhile. */
  release(): void {
    this.#isHeld = false
    if (this.#chunk.length > 0) this.#work()
  }

  /** There is more of the same piece of input: it was sent together with what is worked on, or before the greeting. */
  get hasInput(): boolean {
    return this.#chunk.length > 0
  }

  /** Called by the library at the end of input, where it would run a line that has no end. */
  override _flushData(): void {
    if (this.isClosed) return
    if (this.#taker) void this.#taker(null)
    else this.#host.onEnd()
  }

  get #hasMore(): boolean {
    return !this.isClosed && (this.#chunk.length > 0 || this.#bodyIsNew)
  }

  #work(): void {
    while (this.#hasMore) {
      const pending = this.#step()
      if (pending) {
        void pending.then(() => this.#goOn())
        return
      }
      const turn = this.#othersTurn()
      if (turn) {
        void turn.then(() => this.#work())
        return
      }
    }
    this.#chunk = nothing
    const pending = this.isClosed ? undefined : this.#host.onIdle()
    if (pending) void pending.then(this.#resume)
    else this.#resume()
  }

  #goOn(): void {
    const turn = this.#othersTurn()
    if (turn) void turn.then(() => this.#work())
    else this.#work()
  }

  /** Only before more of the same client: whoever sent one command gets its reply without a wait. */
  #othersTurn(): Promise<void> | undefined {
    return this.#hasMore ? this.#turns.step() : undefined
  }

  #step(): Promise<void> | undefined {
    try {
      if (this.#taker) return this.#pass(this.#taker)
      return this.#body ? this.#feed(this.#body) : this.#readLine()
    } catch (error) {
      this.#host.onFailure(error)
      return undefined
    }
  }

  #pass(take: PassedClient['take']): Promise<void> | undefined {
    const chunk = this.#chunk
    this.#chunk = nothing
    return take(chunk)
  }

  #feed(body: Body): Promise<void> | undefined {
    this.#bodyIsNew = false
    const { length } = this.#chunk
    const rest = body.push(this.#chunk)
    this.#chunk = rest ?? nothing
    if (rest) {
      this.#body = undefined
      return this.#host.onBodyEnd(body)
    }
    this.#host.onBodyBytes(body, length)
    const { receipt } = body
    return receipt?.saturated ? new Promise((resolve) => receipt.onDrain(resolve)) : undefined
  }

  #readLine(): Promise<void> | undefined {
    const end = this.#chunk.indexOf(LF) + 1
    const piece = end === 0 ? this.#chunk : this.#chunk.subarray(0, end)
    const line = this.#partial.length === 0 ? piece : Buffer.concat([this.#partial, piece])
    this.#chunk = this.#chunk.subarray(piece.length)
    if (line.length > AUTH_LINE_BYTES_MAX) this.#lineIsTooLong = true
    if (end === 0) {
      // Of a line that is refused anyway only the last byte matters: it may be the CR of its end.
      this.#partial = this.#lineIsTooLong ? line.subarray(-1) : line
      return undefined
    }
    const isTooLong = this.#lineIsTooLong
    this.#partial = nothing
    this.#lineIsTooLong = false
    if (line[line.length - 2] !== CR) return this.#host.onBareLineFeed()
    return isTooLong ? this.#host.onLineTooLong() : this.#host.onLine(line.subarray(0, -2))
  }
}
