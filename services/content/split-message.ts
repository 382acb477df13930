// A message's bytes as its header, as text, and then its body as it comes.

import type { ByteString } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'

/** Kept of a header; what stands behind it belongs to neither part. */
export const HEADER_SPLIT_BYTES_MAX = 256 * 1024

export type SplitMessage = {
  /** Its fields, each ended by CRLF; the empty line is none of them. */
  readonly header: ByteString
  /** To the empty line and with it. */
  readonly headerBytes: number
  /** To be read once, or to be left with `return`. */
  readonly body: AsyncGenerator<Buffer, void>
}

const HEADER_END = Buffer.from('\r\n\r\n')
const LINE_END_BYTES = 2

export async function splitMessage(source: AsyncIterable<Uint8Array>): Promise<SplitMessage> {
  const chunks = source[Symbol.asyncIterator]()
  const kept: Buffer[] = []
  let keptBytes = 0
  let bytes = 0
  // As if a line ended before it: a message may begin with the empty line.
  let tail = HEADER_END.subarray(0, LINE_END_BYTES)
  let first: Buffer | undefined
  for (;;) {
    const next = await chunks.next()
    if (next.done === true) break
    const chunk = asBuffer(next.value)
    const joined = Buffer.concat([tail, chunk.subarray(0, HEADER_END.length - 1)])
    const across = joined.indexOf(HEADER_END)
    const within = across === -1 ? chunk.indexOf(HEADER_END) : -1
    const end =
      across !== -1
        ? across + HEADER_END.length - tail.length
        : within === -1
          ? -1
          : within + HEADER_END.length
    const ofHeader = end === -1 ? chunk : chunk.subarray(0, end)
    bytes += ofHeader.length
    if (keptBytes < HEADER_SPLIT_BYTES_MAX) {
      // Whose the memory is afterwards nobody knows.
      kept.push(Buffer.from(ofHeader.subarray(0, HEADER_SPLIT_BYTES_MAX - keptBytes)))
      keptBytes += ofHeader.length
    }
    if (end !== -1) {
      first = chunk.subarray(end)
      break
    }
    tail = Buffer.concat([tail, chunk]).subarray(1 - HEADER_END.length)
  }
  const text = Buffer.concat(kept).toString('latin1')
  const isWhole = first !== undefined && keptBytes <= HEADER_SPLIT_BYTES_MAX
  return {
    header: isWhole ? text.slice(0, -LINE_END_BYTES) : text,
    headerBytes: bytes,
    body: bodyOf(first, chunks),
  }
}

async function* bodyOf(
  first: Buffer | undefined,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  try {
    if (first === undefined) return
    if (first.length > 0) yield first
    for (;;) {
      const next = await chunks.next()
      if (next.done === true) return
      yield asBuffer(next.value)
    }
  } finally {
    await chunks.return?.()
  }
}
