// ObjectStore: small objects inside lmdb (one commit makes them durable), larger ones in files that a record points to. A
// record never points to a missing file: file first, then record; on deletion record first, then file.

import { Buffer } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { checkByteRange, checkObjectKey, checkObjectPrefix, LIST_KEYS_MAX } from '../limits.ts'
import type { ByteRange, ObjectStore, Page, StagedObject } from '../ports.ts'
import type { DiskSpace } from './disk-space.ts'
import type { Environment } from './environment.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import { ObjectFiles, readAt, readChunks } from './object-files.ts'
import { ObjectPin } from './object-pin.ts'
import { ObjectRecords } from './object-records.ts'

/** Objects up to this size are kept inside lmdb: measured faster than a file and its two fsyncs. */
export const INLINE_BYTES_MAX = 64 * 1024
/** Of staged objects, what waits in memory for its commit; beyond it small ones go to files too. */
export const STAGED_BYTES_MAX = 32 * 1024 * 1024
/** A file without a record that was not written to for so long belongs to nobody. */
const UNOWNED_FILE_AGE_MS = 24 * 3_600_000
/** A reader may find its file gone because the object was replaced meanwhile. */
const OPEN_ATTEMPTS_MAX = 5

type Source = Uint8Array | AsyncIterable<Uint8Array>

/** Bytes received and durable as far as they can be before the record exists. */
type Received =
  | { readonly contents: Uint8Array; readonly file?: undefined; readonly bytes: number }
  | { readonly contents?: undefined; readonly file: string; readonly bytes: number }

type Found =
  | { readonly kind: 'contents'; readonly contents: Uint8Array }
  | { readonly kind: 'file'; readonly file: FileHandle; readonly range: ByteRange }

export class EmbeddedObjectStore implements ObjectStore {
  readonly #environment: Environment
  readonly records: ObjectRecords
  readonly #files: ObjectFiles
  readonly #clock: Clock
  readonly #space: DiskSpace
  readonly #staged = new ByteBudget(STAGED_BYTES_MAX)
  readonly pin: ObjectPin

  constructor(
    environment: Environment,
    parts: { readonly folder: string; readonly clock: Clock; readonly space: DiskSpace },
  ) {
    this.#environment = environment
    this.records = new ObjectRecords(environment)
    this.#files = new ObjectFiles(parts.folder, parts.space)
    this.#clock = parts.clock
    this.#space = parts.space
    this.pin = new ObjectPin(environment, parts.clock)
  }

  async put(
    key: string,
    source: Source,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<{ readonly stored: boolean; readonly bytes: number }> {
    checkObjectKey(key)
    return this.#environment.track(async () => {
      const received = await this.#receive(source)
      const stored = await this.#record(key, received, options.ifAbsent ?? false)
      return { stored, bytes: received.bytes }
    })
  }

  async stage(key: string, source: AsyncIterable<Uint8Array>): Promise<StagedObject> {
    checkObjectKey(key)
    let heldBytes = 0
    const release = () => {
      this.#staged.give(heldBytes)
      heldBytes = 0
    }
    const received = await this.#environment.track(async () => {
      const inMemory = await this.#receive(source)
      if (inMemory.contents === undefined) return inMemory
      if (!this.#staged.tryTake(inMemory.bytes)) {
        return this.#receiveFile([inMemory.contents], undefined)
      }
      heldBytes = inMemory.bytes
      return inMemory
    })
    return {
      bytes: received.bytes,
      stored: false,
      open: () => this.#stagedChunks(received),
      commit: async () => {
        this.#environment.assertOpen()
        await this.#record(key, received, false).finally(release)
      },
      discard: async () => {
        release()
        if (received.file !== undefined) await this.#files.remove(received.file)
      },
    }
  }

  async *#stagedChunks(received: Received): AsyncGenerator<Uint8Array> {
    this.#environment.assertOpen()
    if (received.file !== undefined) {
      const file = await this.#files.open(received.file)
      yield* readChunks(file, { offset: 0, length: received.bytes })
    } else if (received.bytes > 0) yield received.contents
  }

  async read(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const found = await this.#find(key, range)
    if (found === undefined) return undefined
    if (found.kind === 'contents') return found.contents
    await using file = found.file
    return await readAt(file, found.range)
  }

  async stream(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined> {
    checkByteRange(range)
    return (await this.size(key)) === undefined ? undefined : this.#chunks(key, range)
  }

  async size(key: string): Promise<number | undefined> {
    return this.#currentRecord(key)?.bytes
  }

  async delete(key: string): Promise<void> {
    this.#environment.assertOpen()
    checkObjectKey(key)
    const { before, pinned } = await this.#environment.commit(() => ({
      before: this.records.remove(key),
      pinned: this.pin.isHeld(),
    }))
    if (before?.file !== undefined && !pinned) await this.#files.remove(before.file)
  }

  async list(
    prefix: string,
    after = '',
  ): Promise<Page<{ readonly key: string; readonly bytes: number }>> {
    this.#environment.assertOpen()
    checkObjectPrefix(prefix)
    this.#environment.refresh()
    const items: { readonly key: string; readonly bytes: number }[] = []
    for (const found of this.records.list(prefix, after)) {
      const last = items.at(-1)
      if (last !== undefined && items.length >= LIST_KEYS_MAX) return { items, next: last.key }
      items.push(found)
    }
    return { items }
  }

  /** Removes files that no record owns and that were not written to for UNOWNED_FILE_AGE_MS; returns how many. */
  async sweepOrphans(): Promise<number> {
    let removed = 0
    for await (const { name, writtenMs } of this.#files.list()) {
      if (writtenMs > this.#clock.now() - UNOWNED_FILE_AGE_MS) continue
      this.#environment.assertOpen()
      this.#environment.refresh()
      if (this.records.ownsFile(name) || this.pin.isHeld()) continue
      await this.#files.remove(name)
      removed += 1
    }
    return removed
  }

  async #receive(source: Source): Promise<Received> {
    await this.#space.require()
    if (source instanceof Uint8Array) {
      if (source.length <= INLINE_BYTES_MAX) return { contents: source, bytes: source.length }
      return this.#receiveFile([source], undefined)
    }
    const rest = source[Symbol.asyncIterator]()
    const head = new GatheredBytes()
    while (head.length <= INLINE_BYTES_MAX) {
      const { done, value } = await rest.next()
      if (done === true) {
        const bytes = head.length
        return { bytes, contents: Buffer.concat(head.take(), bytes) }
      }
      head.push(value)
    }
    return this.#receiveFile(head.take(), rest)
  }

  async #receiveFile(
    head: readonly Uint8Array[],
    rest: AsyncIterator<Uint8Array> | undefined,
  ): Promise<Received> {
    const { name, bytes } = await this.#files.write(continued(head, rest))
    return { file: name, bytes }
  }

  async #record(key: string, received: Received, ifAbsent: boolean): Promise<boolean> {
    const { contents, file, bytes } = received
    const { stored, before, pinned } = await this.#environment.commit(() => {
      if (ifAbsent && this.records.get(key) !== undefined) {
        return { stored: false, before: undefined, pinned: false }
      }
      const before = this.records.set(key, { bytes, file }, contents)
      return { stored: true, before, pinned: this.pin.isHeld() }
    })
    // What nobody heard of yet no backup names.
    const unused = stored ? (pinned ? undefined : before?.file) : file
    if (unused !== undefined) await this.#files.remove(unused)
    return stored
  }

  #currentRecord(key: string) {
    this.#environment.assertOpen()
    checkObjectKey(key)
    this.#environment.refresh()
    return this.records.get(key)
  }

  async #find(key: string, range: ByteRange | undefined): Promise<Found | undefined> {
    checkByteRange(range)
    for (let attempt = 1; ; attempt += 1) {
      const record = this.#currentRecord(key)
      if (record === undefined) return undefined
      const clipped = clip(range, record.bytes)
      if (record.file === undefined) {
        const contents = this.records.contents(key) ?? new Uint8Array(0)
        const end = clipped.offset + clipped.length
        return { kind: 'contents', contents: contents.subarray(clipped.offset, end) }
      }
      try {
        return { kind: 'file', file: await this.#files.open(record.file), range: clipped }
      } catch (cause) {
        if (attempt < OPEN_ATTEMPTS_MAX) continue
        throw new TemporaryFailure(`object ${key} cannot be opened`, { cause })
      }
    }
  }

  /** Opens at the first chunk, so that a stream nobody reads holds nothing open. */
  async *#chunks(key: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
    const found = await this.#find(key, range)
    if (found === undefined) throw new TemporaryFailure(`object ${key} was deleted meanwhile`)
    if (found.kind === 'file') yield* readChunks(found.file, found.range)
    else if (found.contents.length > 0) yield found.contents
  }
}

function clip(range: ByteRange | undefined, bytes: number): ByteRange {
  const offset = Math.min(range?.offset ?? 0, bytes)
  return { offset, length: Math.min(range?.length ?? bytes, bytes - offset) }
}

async function* continued(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* head
    if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest }
  } finally {
    await rest?.return?.()
  }
}
