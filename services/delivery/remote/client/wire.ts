// The connection under a conversation: what is written leaves in one piece, replies come with a limit of time for each, and TLS is put
// on it. Whatever ends it is told as a `ConversationLost`, by whoever waits then.

import type { Socket } from 'node:net'
import { type Reply, ReplyReader } from './reply.ts'

/** Unread bytes beyond which the other side is not listened to until somebody waits for it. */
const PENDING_BYTES_MAX = 65_536

/** `endless`, `garbled`: what came is no reply. */
export type Loss = 'closed' | 'timeout' | 'endless' | 'garbled'

export class ConversationLost extends Error {
  override readonly name = 'ConversationLost'
  readonly loss: Loss

  constructor(loss: Loss, cause?: unknown) {
    super(loss, { cause })
    this.loss = loss
  }
}

export class Wire {
  /** The connection itself; `#socket` is the layer on top of it. */
  readonly #tcp: Socket
  #socket: Socket
  #reader = new ReplyReader()
  #lost: ConversationLost | undefined
  #wake: (() => void) | undefined
  #isPaused = false

  constructor(socket: Socket) {
    this.#tcp = socket
    this.#socket = socket
    this.#listen()
  }

  get socket(): Socket {
    return this.#socket
  }

  /** It cannot go on, whether anybody has noticed or not. */
  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Something has come that nobody has read. */
  get hasPending(): boolean {
    return this.#reader.pendingBytes > 0
  }

  /** What cannot be written is noticed by who waits for the answer. */
  write(bytes: string | Uint8Array): void {
    if (this.#lost !== undefined) return
    if (typeof bytes === 'string') this.#socket.write(bytes, 'utf8')
    else this.#socket.write(bytes)
  }

  /** Resolves when more may be written, or a reply is there: whoever answers without reading is not listened to for longer. */
  async room(timeoutMs: number): Promise<void> {
    const deadline = new Deadline(timeoutMs, this.#timeOut)
    try {
      while (this.#socket.writableNeedDrain && this.#lost === undefined && !this.#reader.hasReply)
        await this.#news()
    } finally {
      deadline.end()
    }
    if (this.#lost !== undefined) throw this.#lost
  }

  /** The next reply, all of it within that time. What came before the end of a connection is still read. */
  async reply(timeoutMs: number): Promise<Reply> {
    const there = this.#next()
    if (there !== undefined) return there
    const deadline = new Deadline(timeoutMs, this.#timeOut)
    try {
      for (;;) {
        const reply = this.#next()
        if (reply !== undefined) return reply
        if (this.#lost !== undefined) throw this.#lost
        await this.#news()
      }
    } finally {
      deadline.end()
    }
  }

  /** A reply that has come before anybody asked for it. */
  early(): Reply | undefined {
    return this.#next()
  }

  /** The connection, which nobody listens to any more. What came and was not read is forgotten (RFC 3207 §6). */
  release(): Socket {
    this.#unlisten()
    this.#reader = new ReplyReader()
    return this.#tcp
  }

  /** Goes on with this layer on top of it. */
  putOn(socket: Socket): void {
    this.#socket = socket
    this.#listen()
  }

  /** Closes in order: what was written is still sent. `graceMs`: for the other side to close its end. */
  end(graceMs: number): void {
    if (this.#tcp.destroyed) return
    const socket = this.#socket
    // Nobody waits for a farewell, not the end of the process either.
    socket.end(() => this.#tcp.unref())
    socket.resume()
    const timer = setTimeout(() => this.destroy(), graceMs)
    timer.unref()
    this.#tcp.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    this.#lost ??= new ConversationLost('closed')
    this.#socket.destroy()
    // Not every layer takes the connection with it.
    this.#tcp.destroy()
    this.#notify()
  }

  /** Told of anything that happens from now on, once: for a connection that nobody uses. */
  onNews(told: (() => void) | undefined): void {
    this.#wake = told
  }

  #next(): Reply | undefined {
    const next = this.#reader.next()
    if (next === 'endless') {
      this.#lose('endless')
      return undefined
    }
    return next
  }

  #news(): Promise<void> {
    if (this.#isPaused) {
      this.#isPaused = false
      this.#socket.resume()
    }
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #lose(loss: Loss, cause?: unknown): void {
    this.#lost ??= new ConversationLost(loss, cause)
    if (loss !== 'closed') this.destroy()
    this.#notify()
  }

  readonly #timeOut = () => this.#lose('timeout')

  readonly #onData = (chunk: Buffer) => {
    this.#reader.push(chunk)
    if (this.#wake === undefined && this.#reader.pendingBytes > PENDING_BYTES_MAX) {
      this.#isPaused = true
      this.#socket.pause()
    }
    this.#notify()
  }
  readonly #onDrain = () => this.#notify()
  readonly #onEnd = () => this.#lose('closed')
  readonly #onError = (error: Error) => this.#lose('closed', error)

  #listen(): void {
    this.#socket
      .on('data', this.#onData)
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('close', this.#onEnd)
      .on('error', this.#onError)
    if (this.#socket.destroyed) this.#lose('closed')
  }

  #unlisten(): void {
    this.#socket
      .off('data', this.#onData)
      .off('drain', this.#onDrain)
      .off('end', this.#onEnd)
      .off('close', this.#onEnd)
      .off('error', this.#onError)
  }
}

/** Of one wait. */
class Deadline {
  readonly #timer: NodeJS.Timeout

  constructor(ms: number, over: () => void) {
    this.#timer = setTimeout(over, ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
