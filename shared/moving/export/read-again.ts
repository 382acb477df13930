// A file of an export that can only be read from its beginning on (an entry of a zip, an object), for readers that name a place in it and mostly
// go forward. What is behind is kept for a while; who goes further back begins anew.

import type { ReadableFile } from '../mailboxes/mbox/mbox-file.ts'
import { TargetFailure } from './target.ts'

/** Behind the place that was read last: a header, and a window of the reader. */
const KEPT_BYTES = 2 * 1024 ** 2
/** An mbox as it was written is read twice. In one whose lengths are wrong each message leads back. */
const BEGINNINGS_MAX = 100

export function readAgain(
  path: string,
  size: number,
  open: () => Promise<AsyncIterable<Uint8Array> | undefined>,
): ReadableFile & { close(): Promise<void> } {
  let source: AsyncIterator<Uint8Array> | undefined
  let kept: Uint8Array[] = []
  /** Where what is kept begins and ends. */
  let [first, end, beginnings] = [0, 0, 0]

  async function begin(): Promise<AsyncIterator<Uint8Array>> {
    await close()
    if (++beginnings > BEGINNINGS_MAX) {
      throw new TargetFailure(`${path} is not as an export writes it: lengths in it are wrong`)
    }
    const opened = await open()
    if (opened === undefined) throw new TargetFailure(`${path} went while it was read`)
    source = opened[Symbol.asyncIterator]()
    return source
  }

  /** False: there are no more. */
  async function advance(from: AsyncIterator<Uint8Array>): Promise<boolean> {
    const next = await from.next()
    if (next.done) return false
    kept.push(next.value)
    end += next.value.length
    const [oldest] = kept
    if (oldest !== undefined && end - first - oldest.length >= KEPT_BYTES) {
      kept.shift()
      first += oldest.length
    }
    return true
  }

  async function close(): Promise<void> {
    await source?.return?.()
    ;[source, kept, first, end] = [undefined, [], 0, 0]
  }

  return {
    stat: async () => ({ size }),
    async read(buffer, offset, length, position) {
      const from = source === undefined || position < first ? await begin() : source
      while (end <= position) if (!(await advance(from))) return { bytesRead: 0 }
      let at = first
      let bytesRead = 0
      for (const chunk of kept) {
        const start = Math.max(0, position - at)
        if (start < chunk.length && bytesRead < length) {
          const piece = chunk.subarray(start, start + length - bytesRead)
          buffer.set(piece, offset + bytesRead)
          bytesRead += piece.length
          position += piece.length
        }
        at += chunk.length
      }
      return { bytesRead }
    },
    close,
  }
}
