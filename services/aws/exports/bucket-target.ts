// An export into a bucket. An object is there whole or not at all, so files need no second name. What a file system has and S3 has not:
//
// - The time of a file stands in `x-amz-meta-mtime`, seconds since 1970 with decimals, as rclone and s3fs write and read it.
// - A folder without files is kept by a file `.keep`, which readers of a Maildir pass over.
// - Nothing can be added to an object: lines that say how far the export is become objects of their own, so many in each, beside the file
//   that they belong to, and go when that is written.

import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { type ExportFile, type ExportTarget, TargetFailure } from '#shared/moving/export/target.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { calling, httpStatus } from '#shared/storage/aws/failures.ts'
import { streamObject } from '#shared/storage/aws/object-reading.ts'
import { PARTS_MAX, putObject } from '#shared/storage/aws/object-writing.ts'
import { UploadMemory } from '#shared/storage/aws/upload-memory.ts'
import { type Bucket, type BucketOptions, type BucketPlace, openBucket } from './bucket.ts'

/** Requests at the same time; each takes some 30 ms. */
const PARALLEL = 16
/** Memory of one upload. */
const PART_BYTES = 8 * 1024 ** 2
/** Of one file: 78 GiB. */
export const OBJECT_BYTES_MAX = PARTS_MAX * PART_BYTES
/** A buffer that grows is copied. */
const UPLOAD_BYTES_MAX = PARALLEL * (PART_BYTES + 1024 ** 2)
/** Of a key, by S3. */
export const KEY_BYTES_MAX = 1_024
/** Lines of a manifest in one object: as many messages are written again after a kill. */
export const LINES_EACH = 500
const KEEP_FILE = '.keep'

export type BucketTarget = {
  readonly target: ExportTarget
  /** What was written is noted, and the connections are closed. */
  end(): Promise<void>
}

export async function openBucketTarget(
  place: BucketPlace,
  options: BucketOptions,
): Promise<BucketTarget> {
  const bucket = await openBucket(place, options)
  const { s3, told } = bucket
  const keys = keysOf(bucket)
  const upload = uploads(bucket)
  const journals = new Map<string, Journal>()
  const made = new Set<string>()

  const remove = async (key: string) => {
    const request = new DeleteObjectCommand({ Bucket: bucket.bucket, Key: key })
    await told(calling('DeleteObject', s3.send(request)))
  }

  /** Objects that begin with it, without those in folders below. */
  async function* listed(prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
    let ContinuationToken: string | undefined
    do {
      const request = new ListObjectsV2Command({
        ...{ Bucket: bucket.bucket, Prefix: prefix, Delimiter: '/', ContinuationToken },
      })
      const page = await told(calling('ListObjectsV2', s3.send(request)))
      for (const { Key: key = '', Size: bytes = 0 } of page.Contents ?? []) yield { key, bytes }
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
  }

  const piecesOf = async (path: string) => {
    const found = await Array.fromAsync(listed(`${keys.at(path)}.`))
    return found.map(({ key }) => key).filter((key) => PIECE.test(key))
  }

  function journalOf(path: string): Journal {
    const found = journals.get(path) ?? { lines: [], next: undefined, before: Promise.resolve() }
    journals.set(path, found)
    return found
  }

  /** One piece after the other: a later line counts more. */
  function writePiece(path: string): Promise<void> {
    const journal = journalOf(path)
    const lines = journal.lines.splice(0)
    if (lines.length === 0) return journal.before
    journal.before = journal.before.then(async () => {
      journal.next ??= Number(PIECE.exec((await piecesOf(path)).at(-1) ?? '')?.[1] ?? 0) + 1
      const number = String(journal.next++).padStart(PIECE_DIGITS, '0')
      await upload({ path: () => `${path}.${number}`, bytes: [Buffer.from(lines.join(''))] })
    })
    return journal.before
  }

  async function* withPieces(path: string): AsyncGenerator<Uint8Array> {
    for (const key of [keys.at(path), ...(await piecesOf(path))]) {
      yield* (await told(streamObject({ ...bucket, key }))) ?? []
    }
  }

  const target: ExportTarget = {
    isKept: true,
    parallel: PARALLEL,
    async makeFolder(path) {
      if (made.has(path)) return
      made.add(path)
      await upload({ path: () => `${path}/${KEEP_FILE}`, bytes: [] })
    },
    async write(file) {
      const path = file.path()
      if (!isManifest(path)) return await upload({ ...file, path: () => path })
      const journal = journalOf(path)
      journal.lines.splice(0)
      await journal.before
      await upload({ ...file, path: () => path })
      for (const key of await piecesOf(path)) await remove(key)
      journals.delete(path)
    },
    async note(path, line) {
      const { lines } = journalOf(path)
      lines.push(line)
      if (lines.length >= LINES_EACH) await writePiece(path)
    },
    async read(path) {
      if (isManifest(path)) return withPieces(path)
      return await told(streamObject({ ...bucket, key: keys.at(path) }))
    },
    async list(path) {
      const below = keys.below(path)
      const found = new Map<string, number>()
      for await (const { key, bytes } of listed(below)) {
        if (key !== below) found.set(key.slice(below.length), bytes)
      }
      return found
    },
    async changedMs(path) {
      const request = new HeadObjectCommand({ Bucket: bucket.bucket, Key: keys.at(path) })
      const asked = calling('HeadObject', s3.send(request)).catch((error: Error) => {
        if (httpStatus(error.cause) === 404) return undefined
        throw error
      })
      const seconds = Number((await told(asked))?.Metadata?.mtime ?? Number.NaN)
      return Number.isNaN(seconds) ? undefined : Math.round(seconds * 1_000)
    },
    /** A kill between the two leaves both; the next run takes one of them away. */
    async rename(from, to) {
      const source = [bucket.bucket, ...keys.at(from).split('/')].map(encodeURIComponent).join('/')
      const request = new CopyObjectCommand({
        ...{ Bucket: bucket.bucket, Key: keys.at(to), CopySource: source },
      })
      await told(calling('CopyObject', s3.send(request)))
      await remove(keys.at(from))
    },
    remove: (path) => remove(keys.at(path)),
    removeFolder: (path) => remove(`${keys.at(path)}/${KEEP_FILE}`),
    link: async () => false,
  }
  return {
    target,
    async end() {
      try {
        for (const path of journals.keys()) await writePiece(path)
      } finally {
        s3.destroy()
      }
    },
  }
}

type Journal = {
  readonly lines: string[]
  /** Of the next piece. */
  next: number | undefined
  before: Promise<void>
}

const PIECE_DIGITS = 6
const PIECE = /\.(\d{6,})$/

/** Files that lines are added to; only of those are there pieces. */
const isManifest = (path: string) => path.endsWith('.jsonl')

function keysOf({ bucket, prefix }: BucketPlace) {
  const root = prefix === '' ? '' : `${prefix}/`
  return {
    at(path: string): string {
      const key = root + path
      if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return key
      throw new TargetFailure(
        `s3://${bucket}/${key} is no name in a bucket: it has more than ${KEY_BYTES_MAX} bytes`,
      )
    },
    below: (path: string) => (path === '' ? root : `${root}${path}/`),
  }
}

/** Puts of one bucket, so many at a time. */
export function uploads(bucket: Bucket): (file: ExportFile) => Promise<void> {
  const memory = new UploadMemory(UPLOAD_BYTES_MAX, { clock: systemClock, log: silentLog })
  const keys = keysOf(bucket)
  const inTurn = turnsOf(PARALLEL)
  return async ({ path, bytes, changedMs }) => {
    const key = keys.at(path())
    const metadata = changedMs === undefined ? undefined : { mtime: secondsOf(changedMs) }
    const put = { ...bucket, key, memory, metadata, clock: systemClock, ifAbsent: false }
    let ofSource: unknown
    const source = limited(bytes, key, (error) => (ofSource = error))
    await inTurn(async () => {
      try {
        await bucket.told(putObject({ ...put, partBytes: PART_BYTES }, source))
      } catch (error) {
        // What the mailbox says of itself is nothing that the bucket said.
        throw ofSource ?? error
      }
    })
  }
}

const secondsOf = (ms: number) => (ms / 1_000).toFixed(3)

async function* limited(
  source: ExportFile['bytes'],
  key: string,
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > OBJECT_BYTES_MAX) {
        throw new TargetFailure(`${key} has more than the ${OBJECT_BYTES_MAX} bytes of one upload`)
      }
      yield chunk
    }
  } catch (error) {
    failed(error)
    throw error
  }
}

function turnsOf(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = atOnce
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
