// A zip archive that somebody else made, read by its central directory (PKWARE APPNOTE 4.3, zip64 too) with yauzl. Names in it are labels and
// never lead to a file. All that can be wrong with an archive is seen before anything of it is used: entries that lie in each other (as those
// of archives that grow without end do), more than can be, sizes beyond the file. What an entry holds is held against its size and checksum.

import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl'
import { turns } from '#shared/runtime/turns.ts'
import { SourceFailure } from '../../mailboxes/source.ts'
import { type ByteRanges, inBlocks } from './byte-ranges.ts'

export type ArchiveEntry = {
  readonly path: string
  /** Nothing is in it but other entries. */
  readonly isFolder: boolean
  /** As it is when it is unpacked. */
  readonly size: number
  readonly crc32: number
  readonly modifiedMs: number
  /** Undefined: it can be read. */
  readonly fault: string | undefined
  readonly compressedSize: number
  readonly offset: number
  readonly isCompressed: boolean
}

export interface Archive {
  readonly entries: readonly ArchiveEntry[]
  /** Rejects with DamagedEntry where it is not what the directory says. Left early, no more is read. */
  read(entry: ArchiveEntry): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

/** One entry is not what the archive says of it. */
export class DamagedEntry extends Error {
  override readonly name = 'DamagedEntry'
}

/** A mailbox of WorkMail has 50 GB at most. */
export const ENTRIES_MAX = 1_000_000
export const ENTRY_NAMES_BYTES_MAX = 128 * 1024 ** 2
/** Of one entry, unpacked: a message of WorkMail has 40 MB at most. */
export const ENTRY_BYTES_MAX = 64 * 1024 ** 2

/** Rejects with SourceFailure where it is no archive, or none that is read. */
export async function openArchive(
  ranges: ByteRanges,
  entryBytesMax = ENTRY_BYTES_MAX,
): Promise<Archive> {
  const blocks = inBlocks(ranges)
  let file: ZipFile | undefined
  try {
    file = await fromRandomAccessReaderPromise(new BlockReader(blocks), blocks.size, {
      ...{ lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false },
    })
    const entries = await readDirectory(file, entryBytesMax)
    refuseOverlaps(entries, blocks.size)
    const directory = file
    return {
      entries,
      read: (entry) => readEntry(blocks, entry),
      async close() {
        directory.close()
        await blocks.close()
      },
    }
  } catch (error) {
    file?.close()
    await blocks.close()
    if (error instanceof SourceFailure || !(error instanceof Error) || 'code' in error) throw error
    throw new SourceFailure(`it is no zip archive that can be read: ${error.message}`)
  }
}

type Blocks = ReturnType<typeof inBlocks>

class BlockReader extends RandomAccessReader {
  readonly #blocks: Blocks

  constructor(blocks: Blocks) {
    super()
    this.#blocks = blocks
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#blocks.stream(start, end), { objectMode: false })
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#blocks.read(position, length).then((bytes) => {
      buffer.set(bytes, offset)
      callback(null)
    }, callback)
  }
}

async function readDirectory(
  file: ZipFile,
  entryBytesMax: number,
): Promise<readonly ArchiveEntry[]> {
  const { entryCount } = file
  if (entryCount > ENTRIES_MAX) throw new SourceFailure(`it has more than ${ENTRIES_MAX} entries`)
  const entries: ArchiveEntry[] = []
  let nameBytes = 0
  for await (const entry of file.eachEntry()) {
    const wait = turns.step()
    if (wait) await wait
    nameBytes += entry.fileNameLength
    if (nameBytes > ENTRY_NAMES_BYTES_MAX) {
      throw new SourceFailure(`the names in it have more than ${ENTRY_NAMES_BYTES_MAX} bytes`)
    }
    const path = pathOf(entry)
    entries.push({
      path,
      isFolder: path.endsWith('/') && entry.uncompressedSize === 0,
      size: entry.uncompressedSize,
      crc32: entry.crc32,
      modifiedMs: entry.getLastModDate({ timezone: 'UTC' }).getTime(),
      fault: faultOf(entry, entryBytesMax),
      compressedSize: entry.compressedSize,
      offset: entry.relativeOffsetOfLocalHeader,
      isCompressed: entry.compressionMethod !== 0,
    })
  }
  return entries
}

/** Many write UTF-8 and do not say so. */
function pathOf({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
  try {
    return utf8.decode(fileNameRaw)
  } catch {
    return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false)
  }
}
const utf8 = new TextDecoder('utf-8', { fatal: true })

function faultOf(entry: Entry, bytesMax: number): string | undefined {
  if (entry.isEncrypted()) return 'it is encrypted'
  if (!entry.canDecodeFileData()) return 'it is packed in a way that is not read'
  if (entry.compressionMethod === 0 && entry.compressedSize !== entry.uncompressedSize) {
    return 'it has two sizes'
  }
  if (entry.uncompressedSize <= bytesMax) return undefined
  return `it has more than ${bytesMax} bytes`
}

// PKWARE APPNOTE 4.3.7: before what an entry holds stand so many bytes, its name and an extra field.
const LOCAL_HEADER_BYTES = 30

/** Bytes that are two entries' would unpack to more than anybody sent. */
function refuseOverlaps(entries: readonly ArchiveEntry[], size: number): void {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset)
  let end = 0
  for (const { offset, compressedSize } of sorted) {
    if (offset < end) throw new SourceFailure('entries of it lie in each other')
    end = offset + LOCAL_HEADER_BYTES + compressedSize
  }
  if (end > size) throw new SourceFailure('entries of it lie behind its end')
}

// PKWARE APPNOTE 4.3.7.
const LOCAL_HEADER_MARK = 0x04034b50

async function dataStart(blocks: Blocks, { offset }: ArchiveEntry): Promise<number> {
  const header = Buffer.from(await blocks.read(offset, LOCAL_HEADER_BYTES))
  if (header.readUInt32LE(0) !== LOCAL_HEADER_MARK)
    throw new DamagedEntry('it is not where it should be')
  return offset + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28)
}

async function* readEntry(blocks: Blocks, entry: ArchiveEntry): AsyncGenerator<Uint8Array> {
  const start = await dataStart(blocks, entry)
  const end = start + entry.compressedSize
  if (end > blocks.size) throw new DamagedEntry('it goes on behind the end of the archive')
  const packed = blocks.stream(start, end)
  let sum = 0
  let bytes = 0
  for await (const chunk of entry.isCompressed ? inflated(packed, entry) : packed) {
    bytes += chunk.length
    if (bytes > entry.size) throw new DamagedEntry('it holds more than it says')
    sum = crc32(chunk, sum)
    yield chunk
  }
  if (bytes < entry.size) throw new DamagedEntry('it holds less than it says')
  if (sum !== entry.crc32) throw new DamagedEntry('its checksum is another one')
}

/** Unpacked in one go, within a millisecond or two: streams cost more than most messages. */
const SMALL_BYTES = 256 * 1024

async function* inflated(
  packed: AsyncIterable<Uint8Array>,
  { size, compressedSize }: ArchiveEntry,
): AsyncGenerator<Uint8Array> {
  try {
    if (Math.max(size, compressedSize) > SMALL_BYTES) yield* inflatedByStream(packed)
    else {
      const whole = Buffer.concat(await Array.fromAsync(packed))
      yield inflateRawSync(whole, { maxOutputLength: size + 1 })
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new DamagedEntry('it holds more than it says')
    throw code.startsWith('Z_') ? new DamagedEntry(`it cannot be unpacked (${code})`) : error
  }
}

async function* inflatedByStream(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw()
  // What goes wrong comes out of the iteration; left early, both streams are closed.
  const source = Readable.from(packed, { objectMode: false })
  pipeline(source, inflate, () => undefined)
  try {
    for await (const chunk of inflate) if (chunk instanceof Uint8Array) yield chunk
  } finally {
    inflate.destroy()
  }
}
