// Bytes of an archive by ranges, from a file or an object store, in blocks of which some are kept: the directory of an archive is read in
// small pieces, and each would be a request of its own.

import { open } from 'node:fs/promises'

export interface ByteRanges {
  readonly size: number
  /** All of the range, which lies within the size. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

export async function openFileRanges(path: string): Promise<ByteRanges> {
  const file = await open(path, 'r')
  const { size } = await file.stat()
  return {
    size,
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
        done += bytesRead
      }
      return bytes
    },
    close: () => file.close(),
  }
}

export const BLOCK_BYTES = 1024 ** 2
/** One for the directory, one or two for what is read. */
const BLOCKS_KEPT = 8

export function inBlocks(ranges: ByteRanges): ByteRanges & {
  stream(start: number, end: number): AsyncGenerator<Uint8Array>
} {
  const kept = new Map<number, Promise<Uint8Array>>()

  function block(number: number): Promise<Uint8Array> {
    const offset = number * BLOCK_BYTES
    const found =
      kept.get(number) ?? ranges.read(offset, Math.min(BLOCK_BYTES, ranges.size - offset))
    // The one that was used longest ago goes first.
    kept.delete(number)
    kept.set(number, found)
    for (const [oldest] of kept) {
      if (kept.size <= BLOCKS_KEPT) break
      kept.delete(oldest)
    }
    found.catch(() => kept.delete(number))
    return found
  }

  async function* stream(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; ) {
      const number = Math.floor(at / BLOCK_BYTES)
      const from = at - number * BLOCK_BYTES
      const bytes = await block(number)
      const piece = bytes.subarray(from, Math.min(from + end - at, bytes.length))
      if (piece.length === 0) throw new Error('the archive ends too early')
      yield piece
      at += piece.length
    }
  }

  return {
    size: ranges.size,
    stream,
    async read(offset, length) {
      const number = Math.floor(offset / BLOCK_BYTES)
      const from = offset - number * BLOCK_BYTES
      // Mostly it is a name or a header, and in one block.
      if (from + length <= BLOCK_BYTES && offset + length <= ranges.size) {
        return (await block(number)).subarray(from, from + length)
      }
      return Buffer.concat(await Array.fromAsync(stream(offset, offset + length)))
    },
    close: () => ranges.close(),
  }
}
