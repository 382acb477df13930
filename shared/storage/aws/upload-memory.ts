// The bytes that uploads hold until S3 takes them: a part of an upload cannot be smaller than 5 MiB and a put must know its
// length, so a slow client's message waits here. All uploads of a process share a budget. Who finds no room waits, so that its
// client is read no further; after that those give way, with all they hold, that have cost more than the asking one: bytes held
// times the time they were held. Their clients come again. So nobody keeps the memory by being slow, and small mail gets through.

import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { SystemFull } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'

/** The smallest that S3 takes before the last, so that an upload holds as little as it can. */
export const PART_BYTES = 5 * 1024 * 1024
/** What a buffer holds at most before it grows: small mail must not take what only a large one needs. */
const BUFFER_BYTES = [16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024, PART_BYTES] as const
/** A buffer that grows is copied: for a moment both are held. */
export const UPLOAD_BYTES_MIN = BUFFER_BYTES[3] + PART_BYTES
/** Where the process was not told how much it may hold. */
export const UPLOAD_BYTES_DEFAULT = 64 * 1024 * 1024
/** How long an upload waits for room before another gives way, and once more after that. */
export const UPLOAD_WAIT_MS = 5_000

/** A shortage is told of once in so long, not once for each refusal. */
const SHORTAGE_TOLD_MS = 60_000

export class UploadMemory {
  readonly budget: ByteBudget
  readonly #clock: Clock
  readonly #log: Log
  #toldMs = Number.NEGATIVE_INFINITY
  readonly #buffers = new Set<PartBuffer>()

  constructor(bytesMax: number, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#log = log
    this.budget = new ByteBudget(Math.max(bytesMax, UPLOAD_BYTES_MIN))
    this.#clock = clock
  }

  buffer(partBytes = PART_BYTES): PartBuffer {
    const buffer = new PartBuffer(this, this.#clock, partBytes)
    this.#buffers.add(buffer)
    return buffer
  }

  forget(buffer: PartBuffer): void {
    this.#buffers.delete(buffer)
  }

  /** Rejects with SystemFull when there is no room; then nothing is taken. */
  async take(bytes: number, asking: PartBuffer): Promise<void> {
    if (await this.#wait(bytes)) return
    this.#tell()
    this.#makeRoom(bytes, asking)
    if (await this.#wait(bytes)) return
    throw noRoom()
  }

  #wait(bytes: number): Promise<boolean> {
    return this.budget.take(bytes, { clock: this.#clock, waitMs: UPLOAD_WAIT_MS })
  }

  #tell(): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#toldMs < SHORTAGE_TOLD_MS) return
    this.#toldMs = nowMs
    const uploads = this.#buffers.size
    this.#log.error({ uploads, bytesMax: this.budget.bytesMax }, 'no memory for uploads')
  }

  #makeRoom(bytes: number, asking: PartBuffer): void {
    const nowMs = this.#clock.now()
    const limit = asking.cost(nowMs)
    const costliest = [...this.#buffers]
      .filter((buffer) => buffer.isIdle && buffer.cost(nowMs) > limit)
      .sort((a, b) => b.cost(nowMs) - a.cost(nowMs))
    let freed = 0
    for (const buffer of costliest) {
      freed += buffer.held
      buffer.giveWay()
      if (freed >= bytes) return
    }
    // Who has cost most itself gives way.
    if (freed === 0) throw noRoom()
  }
}

/** Up to one part of one upload. Used by one caller, which awaits every call before the next. */
class PartBuffer implements Disposable {
  readonly #memory: UploadMemory
  readonly #clock: Clock
  readonly #partBytes: number
  /** When it began to hold the bytes of this part. */
  #sinceMs = 0
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  #isSending = false
  #gaveWay = false

  constructor(memory: UploadMemory, clock: Clock, partBytes: number) {
    this.#memory = memory
    this.#clock = clock
    this.#partBytes = partBytes
  }

  /** Bytes of memory, filled or not. */
  get held(): number {
    return this.#bytes.length
  }

  /** Bytes times milliseconds. */
  cost(nowMs: number): number {
    return this.held * (nowMs - this.#sinceMs)
  }

  /** Whether its bytes are in nobody's hands, so that they can be dropped. */
  get isIdle(): boolean {
    return !this.#isSending
  }

  get isFull(): boolean {
    return this.#length === this.#partBytes
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Takes as many of the bytes as fit into the part and returns the rest. Rejects with SystemFull. */
  async append(chunk: Uint8Array): Promise<Uint8Array> {
    let rest = chunk
    this.#refuseIfGone()
    if (this.isEmpty) this.#sinceMs = this.#clock.now()
    while (rest.byteLength > 0 && !this.isFull) {
      if (this.#length === this.held) await this.#grow()
      const taken = rest.subarray(0, this.held - this.#length)
      this.#bytes.set(taken, this.#length)
      this.#length += taken.byteLength
      rest = rest.subarray(taken.byteLength)
    }
    return rest
  }

  /** Hands out what is there, and is empty again when it was sent. */
  async send<T>(sending: (bytes: Uint8Array) => Promise<T>): Promise<T> {
    this.#refuseIfGone()
    this.#isSending = true
    try {
      return await sending(this.#bytes.subarray(0, this.#length))
    } finally {
      this.#isSending = false
      this.#length = 0
    }
  }

  /** Drops all at once; the upload hears of it at its next step. */
  giveWay(): void {
    this.#gaveWay = true
    this.#drop()
  }

  [Symbol.dispose](): void {
    this.#memory.forget(this)
    this.#drop()
  }

  async #grow(): Promise<void> {
    const next = BUFFER_BYTES.find((size) => size > this.held) ?? this.#partBytes
    const bytes = Math.min(next, this.#partBytes)
    await this.#memory.take(bytes, this)
    if (this.#gaveWay) this.#memory.budget.give(bytes)
    this.#refuseIfGone()
    const grown = Buffer.allocUnsafeSlow(bytes)
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#memory.budget.give(this.held)
    this.#bytes = grown
  }

  #drop(): void {
    this.#memory.budget.give(this.held)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
  }

  /** It may have happened while the client was silent, or while this upload waited for room itself. */
  #refuseIfGone(): void {
    if (this.#gaveWay) throw noRoom()
  }
}

function noRoom(): SystemFull {
  return new SystemFull('no memory for the upload')
}
