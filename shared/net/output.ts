// The sending half of a connection. What is written in one turn of the event loop leaves in one system call, and whoever
// writes much waits for `room`, so that a client that stops reading holds no more memory than one write.

import type { Socket } from 'node:net'
import type { Clock } from '#shared/runtime/clock.ts'

export class Output {
  /** When the wait for the client to take something began. */
  waitingSinceMs: number | undefined
  readonly #clock: Clock
  #socket: Socket
  #corked = false
  #unwritten = 0
  #wake: (() => void) | undefined

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  /** Goes on with another socket; everything written must be flushed. */
  moveTo(socket: Socket): void {
    this.#socket = socket
    this.#corked = false
  }

  /** Nothing that is written from now on can arrive. */
  get closed(): boolean {
    return !this.#socket.writable
  }

  write(data: Uint8Array | string): void {
    if (this.closed) return
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(this.#uncork, this.#socket)
    }
    this.#unwritten += 1
    if (typeof data === 'string') this.#socket.write(data, 'utf8', this.#written)
    else this.#socket.write(data, this.#written)
  }

  /** Undefined when there is room now, else resolves when there is, or when the socket is gone. */
  room(): Promise<void> | undefined {
    return this.#socket.writableNeedDrain
      ? this.#wait(() => this.#socket.writableNeedDrain)
      : undefined
  }

  /** Resolves when the system has taken everything, or when the socket is gone. */
  flushed(): Promise<void> | undefined {
    return this.#unwritten > 0 ? this.#wait(() => this.#unwritten > 0) : undefined
  }

  /** The socket is gone: nobody waits for it any more. */
  lost(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  async #wait(condition: () => boolean): Promise<void> {
    while (!this.closed && condition()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.waitingSinceMs = this.#clock.now()
      await promise
    }
    this.waitingSinceMs = undefined
  }

  /** Also called, with an error, for each write that a lost connection cuts off. */
  readonly #written = (): void => {
    this.#unwritten -= 1
    this.#wake?.()
    this.#wake = undefined
  }

  readonly #uncork = (socket: Socket): void => {
    if (socket === this.#socket) this.#corked = false
    socket.uncork()
  }
}
