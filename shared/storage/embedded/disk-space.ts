// How much of the disk is free. Below the reserve nothing new is taken in, so that what is here can still be delivered, read and
// above all deleted: lmdb writes new pages even to delete.

import { statfs } from 'node:fs/promises'
import type { Clock } from '#shared/runtime/clock.ts'
import { SystemFull } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Space } from '../ports.ts'

/** The disk is asked once in so long: a thousand clients at once cost as much as one. */
export const SPACE_KNOWN_MS = 1_000
/** A full disk is told of once in so long, not once for each refusal. */
export const SHORTAGE_TOLD_MS = 60_000
/** A failed write leaves no more than this where the disk was the reason. */
const FULL_BYTES = 1024 * 1024

const MIB = 1024 * 1024

/** Bytes that this process may still write below a folder. */
export type FreeBytes = (directory: string) => Promise<number>

export const freeBytesOnDisk: FreeBytes = async (directory) => {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

export class DiskSpace implements Space {
  readonly #directory: string
  readonly #reserveBytes: number
  readonly #freeBytes: FreeBytes
  readonly #clock: Clock
  readonly #log: Log
  #known: { readonly atMs: number; readonly free: Promise<number> } | undefined
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(deps: {
    readonly directory: string
    /** 0: nothing is refused. */
    readonly reserveBytes: number
    readonly freeBytes?: FreeBytes | undefined
    readonly clock: Clock
    readonly log: Log
  }) {
    this.#directory = deps.directory
    this.#reserveBytes = deps.reserveBytes
    this.#freeBytes = deps.freeBytes ?? freeBytesOnDisk
    this.#clock = deps.clock
    this.#log = deps.log
  }

  async isShort(): Promise<boolean> {
    if (this.#reserveBytes === 0) return false
    const free = await this.#free()
    if (free >= this.#reserveBytes) return false
    this.#tell(free)
    return true
  }

  async require(): Promise<void> {
    if (await this.isShort()) throw this.#full(await this.#free())
  }

  /** The error to reject with after a write failed: a full disk is named. */
  async failure(error: Error): Promise<Error> {
    const free = await this.#freeBytes(this.#directory).catch(() => Number.POSITIVE_INFINITY)
    if (free >= FULL_BYTES && !isNoSpace(error.cause)) return error
    this.#tell(free)
    return this.#full(free, error)
  }

  async #free(): Promise<number> {
    const nowMs = this.#clock.now()
    if (this.#known === undefined || Math.abs(nowMs - this.#known.atMs) >= SPACE_KNOWN_MS) {
      // Where the file system does not say, writing will show.
      const free = this.#freeBytes(this.#directory).catch(() => Number.POSITIVE_INFINITY)
      this.#known = { atMs: nowMs, free }
    }
    return this.#known.free
  }

  #full(free: number, cause?: Error): SystemFull {
    const text = `disk full: ${(free / MIB).toFixed(1)} MiB free in ${this.#directory}`
    return new SystemFull(text, { cause })
  }

  #tell(freeBytes: number): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#toldMs < SHORTAGE_TOLD_MS) return
    this.#toldMs = nowMs
    this.#log.error(
      { data: this.#directory, freeBytes, reserveBytes: this.#reserveBytes },
      'disk full',
    )
  }
}

function isNoSpace(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT'
}
