// The bytes of one message on their way from the socket to the spool: pushed on one side, iterated on the other. Holds
// little: whoever pushes looks at `saturated` and waits.

import { BUFFERED_BYTES_MAX, CHUNK_OVERHEAD_BYTES } from './config.ts'

type Waiting = {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (reason: Error) => void
}

export class MessageSource implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  #chunks: Uint8Array[] = []
  /** What is held, with what it takes to hold it. */
  #bytes = 0
  #outcome: 'open' | 'finished' | 'abandoned' | Error = 'open'
  #waiting: Waiting | undefined
  #onDrain: (() => void) | undefined;

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#chunks.shift()
    if (chunk) {
      this.#bytes -= chunk.length + CHUNK_OVERHEAD_BYTES
      if (!this.saturated) this.#drained()
      return Promise.resolve({ value: chunk, done: false })
    }
    if (this.#outcome instanceof Error) return Promise.reject(this.#outcome)
    if (this.#outcome !== 'open') return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** The reader wants no more; what is pushed from now on is dropped. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.abandon()
    return Promise.resolve({ value: undefined, done: true })
  }

  push(chunk: Uint8Array): void {
    if (this.#outcome !== 'open' || chunk.length === 0) return
    const waiting = this.#takeWaiting()
    if (waiting) {
      waiting.resolve({ value: chunk, done: false })
      return
    }
    this.#chunks.push(chunk)
    this.#bytes += chunk.length + CHUNK_OVERHEAD_BYTES
  }

  finish(): void {
    if (this.#outcome !== 'open') return
    this.#outcome = 'finished'
    this.#takeWaiting()?.resolve({ value: undefined, done: true })
  }

  /** The reader gets this error at once, not after what is still held. */
  fail(error: Error): void {
    if (this.#outcome !== 'open') return
    this.#outcome = error
    this.#drop()
    this.#takeWaiting()?.reject(error)
  }

  /** Nobody will read on. */
  abandon(): void {
    if (this.#outcome === 'open') this.#outcome = 'abandoned'
    this.#drop()
  }

  get saturated(): boolean {
    return this.#bytes > BUFFERED_BYTES_MAX
  }

  /** Calls back once, when no longer saturated. */
  onDrain(resume: () => void): void {
    this.#onDrain = resume
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }

  #drop(): void {
    this.#chunks = []
    this.#bytes = 0
    this.#drained()
  }

  #drained(): void {
    const resume = this.#onDrain
    this.#onDrain = undefined
    resume?.()
  }
}
