// How much of the disk is free. Below the reserve nothing new is taken in, so that what is here can still be delivered, read and
// above all deleted: lmdb writes new pages even to delete. A folder that became read-only is one without room.

import { access, constants, statfs } from 'node:fs/promises'
import type { Clock } from '#shared/runtime/clock.ts'
import { SystemFull } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Space } from '../ports.ts'

/** The disk is asked once in so long: a thousand clients at once cost as much as one. */
export const SPACE_KNOWN_MS = 1_000
/** A full disk is told of once in so long, not once for each refusal. */
export const SHORTAGE_TOLD_MS = 60_000
/** A failed write leaves no more than this where the disk was the reason. */
const FULL_BYTES = 1024 * 1024

const MIB = 1024 * 1024

/** Free at least, in messages of the largest size: as Postfix's smtpd asks for. */
const RESERVE_MESSAGES = 1.5

/** With less than this nothing is taken in. */
export const reserveBytesOf = ({
  queueMinfree,
  messageSizeLimit,
}: Pick<Settings, 'queueMinfree' | 'messageSizeLimit'>): number =>
  Math.max(queueMinfree, RESERVE_MESSAGES * messageSizeLimit)

/** Bytes that this process may still write below a folder. */
export type FreeBytes = (directory: string) => Promise<number>

export const freeBytesOnDisk: FreeBytes = async (directory) => {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** EROFS: file systems become read-only when their disk fails; EACCES: somebody changed the rights. */
const readOnlyCodes: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES'])

/** Whether nothing can be written to a folder that is there. */
export const isReadOnly = (directory: string): Promise<boolean> =>
  access(directory, constants.W_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => readOnlyCodes.has(error.code),
  )

type Room = { readonly freeBytes: number; readonly isReadOnly: boolean }

export class DiskSpace implements Space {
  readonly #directory: string
  readonly #reserveBytes: number
  readonly #freeBytes: FreeBytes
  readonly #clock: Clock
  readonly #log: Log
  #known: { readonly atMs: number; readonly room: Promise<Room> } | undefined
  /** When what was told last. */
  readonly #toldMs = new Map<string, number>()

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
    const room = await this.#room()
    if (room.freeBytes >= this.#reserveBytes) return false
    this.#tell(room)
    return true
  }

  async require(): Promise<void> {
    if (await this.isShort()) throw this.#full(await this.#room())
  }

  /** The error to reject with after a write failed: a full disk is named. */
  async failure(error: Error): Promise<Error> {
    const room = await this.#look()
    if (room.freeBytes >= FULL_BYTES && !isNoSpace(error.cause)) return error
    this.#tell(room)
    return this.#full(room, error)
  }

  async #room(): Promise<Room> {
    const nowMs = this.#clock.now()
    if (this.#known === undefined || Math.abs(nowMs - this.#known.atMs) >= SPACE_KNOWN_MS) {
      this.#known = { atMs: nowMs, room: this.#look() }
    }
    return this.#known.room
  }

  async #look(): Promise<Room> {
    if (await isReadOnly(this.#directory)) return { freeBytes: 0, isReadOnly: true }
    // Where the file system does not say, writing will show.
    const free = this.#freeBytes(this.#directory).catch(() => Number.POSITIVE_INFINITY)
    return { freeBytes: await free, isReadOnly: false }
  }

  #full({ freeBytes, isReadOnly }: Room, cause?: Error): SystemFull {
    const text = isReadOnly
      ? `${this.#directory} cannot be written to`
      : `disk full: ${(freeBytes / MIB).toFixed(1)} MiB free in ${this.#directory}`
    return new SystemFull(text, { cause })
  }

  #tell({ freeBytes, isReadOnly }: Room): void {
    const what = isReadOnly ? 'data folder cannot be written to' : 'disk full'
    const nowMs = this.#clock.now()
    const toldMs = this.#toldMs.get(what) ?? Number.NEGATIVE_INFINITY
    // The clock may be set back.
    if (Math.abs(nowMs - toldMs) < SHORTAGE_TOLD_MS) return
    this.#toldMs.set(what, nowMs)
    const data = this.#directory
    const room = isReadOnly ? {} : { freeBytes, reserveBytes: this.#reserveBytes }
    this.#log.error({ data, ...room }, what)
  }
}

function isNoSpace(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT'
}
