// An export as a zip file that is written from front to end, with bounded memory; of each entry a hundred bytes or so are kept for the directory
// at its end.

import { pipeline, Readable } from 'node:stream'
import { crc32, createDeflateRaw, deflateRawSync } from 'node:zlib'
import type { ExportTarget } from './target.ts'
import {
  centralHeader,
  dataDescriptor,
  endOfZip,
  localHeader,
  type ZipEntry,
  type ZipName,
} from './zip-format.ts'

/** Mail packs about as well as with the most that can be done, and three times as fast. */
const DEFLATE_LEVEL = 3
/** The directory is written in pieces. */
const ENTRIES_AT_ONCE = 1_000

export type ZipTarget = {
  readonly target: ExportTarget
  /** Writes the directory. Without it the file is none. */
  end(): Promise<void>
}

/** `write` takes pieces in order, and is waited for. `nowMs`: the time of files that say none. */
export function createZip(write: (piece: Uint8Array) => Promise<void>, nowMs: number): ZipTarget {
  const entries: ZipEntry[] = []
  const folders = new Set<string>()
  let offset = 0
  const put = async (piece: Uint8Array) => {
    await write(piece)
    offset += piece.length
  }
  /** One entry after the other. */
  let before: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>) => {
    const done = before.then(work)
    before = done.catch(() => undefined)
    return done
  }

  async function writeEntry(
    name: ZipName,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ) {
    const begin = offset
    await put(localHeader(name))
    let [crc, count, packedBytes] = [0, 0, 0]
    const seen = (chunk: Uint8Array) => {
      crc = crc32(chunk, crc)
      count += chunk.length
    }
    const pieces = packed(bytes, seen)
    for await (const piece of pieces) {
      packedBytes += piece.length
      await put(piece)
    }
    const sizes = { crc, packedBytes, bytes: count }
    await put(dataDescriptor(sizes))
    entries.push({ ...name, ...sizes, offset: begin })
  }

  return {
    target: {
      isKept: false,
      parallel: 1,
      makeFolder: (path) =>
        inTurn(async () => {
          if (folders.has(path)) return
          folders.add(path)
          await writeEntry({ path: `${path}/`, changedMs: nowMs }, [])
        }),
      write: ({ path, bytes, changedMs = nowMs }) =>
        inTurn(() => writeEntry({ path: path(), changedMs }, bytes)),
      note: async () => undefined,
      read: async () => undefined,
      changedMs: async () => undefined,
      list: async () => new Map(),
      rename: async () => undefined,
      remove: async () => undefined,
      removeFolder: async () => undefined,
      link: async () => false,
    },
    async end() {
      const begin = offset
      for (let i = 0; i < entries.length; i += ENTRIES_AT_ONCE) {
        await put(Buffer.concat(entries.slice(i, i + ENTRIES_AT_ONCE).map(centralHeader)))
      }
      await put(endOfZip(entries.length, begin, offset - begin))
    },
  }
}

/** Most messages are no larger: a stream for each costs more than the packing. */
const SMALL_BYTES = 64 * 1024
/** Nothing, packed: of folders and of many small files. */
const NOTHING = Uint8Array.of(3, 0)

async function* packed(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  seen: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const chunks = watched(source, seen)
  const held: Uint8Array[] = []
  for (let bytes = 0; ; ) {
    const next = await chunks.next()
    if (next.done) break
    held.push(next.value)
    bytes += next.value.length
    if (bytes <= SMALL_BYTES) continue
    const deflate = createDeflateRaw({ level: DEFLATE_LEVEL })
    // What fails in it is thrown where its output is read.
    pipeline(Readable.from(behind(held, chunks)), deflate, () => undefined)
    yield* deflate
    return
  }
  const whole = Buffer.concat(held)
  yield whole.length === 0 ? NOTHING : deflateRawSync(whole, { level: DEFLATE_LEVEL })
}

async function* watched(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  seen: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    seen(chunk)
    yield chunk
  }
}

async function* behind(
  first: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first
  yield* rest
}
