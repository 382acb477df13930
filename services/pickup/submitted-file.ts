// A file of the maildrop as a message: who left it, what he wants, and its bytes with lines ended by CRLF.

import type { FileHandle } from 'node:fs/promises'
import {
  parseSubmission,
  SUBMISSION_LINE_BYTES_MAX,
  type Submission,
} from '#shared/contracts/maildrop.ts'

export type SubmittedFile = {
  readonly submission: Submission
  readonly uid: number
  /** Of the message, as it was written. */
  readonly bytes: number
  /** Once. */
  read(): AsyncIterable<Uint8Array>
}

const CHUNK_BYTES = 64 * 1024

/** A text: why it is none. */
export async function readSubmittedFile(file: FileHandle): Promise<SubmittedFile | string> {
  const facts = await file.stat()
  if (!facts.isFile()) return 'it is no file'
  // A second name would let one user submit in the name of another whose file it is.
  if (facts.nlink !== 1) return 'it has several names'
  const line = await firstLine(file, facts.size)
  if (line === undefined) return 'its first line is too long, or is none'
  const submission = parseSubmission(line.toString('utf8'))
  if (submission === undefined) return 'its first line is not of sendmail'
  const start = line.length + 1
  const { uid, size } = facts
  return {
    submission,
    uid,
    bytes: size - start,
    // To the size that was seen: its owner may still write.
    read: () => withCrlf(bytesOf(file, start, size)),
  }
}

async function firstLine(file: FileHandle, size: number): Promise<Buffer | undefined> {
  let line = Buffer.alloc(0)
  while (line.length < Math.min(size, SUBMISSION_LINE_BYTES_MAX)) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, chunk.length, line.length)
    if (bytesRead === 0) return undefined
    const at = chunk.subarray(0, bytesRead).indexOf(LF)
    line = Buffer.concat([line, chunk.subarray(0, at === -1 ? bytesRead : at)])
    if (at !== -1) return line
  }
  return undefined
}

async function* bytesOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, end - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0) throw new Error('the file became shorter')
    at += bytesRead
    yield chunk.subarray(0, bytesRead)
  }
}

/** Lines that end with LF end with CRLF, the last one too. */
export async function* withCrlf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let last = LF
  for await (const chunk of source) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const pieces: Buffer[] = []
    let from = 0
    for (let at = text.indexOf(LF); at !== -1; at = text.indexOf(LF, at + 1)) {
      const before = at === 0 ? last : text[at - 1]
      if (before !== CR) {
        pieces.push(text.subarray(from, at), CRLF)
        from = at + 1
      }
    }
    pieces.push(text.subarray(from))
    last = text.at(-1) ?? last
    yield Buffer.concat(pieces)
  }
  if (last !== LF) yield last === CR ? CRLF.subarray(1) : CRLF
}

const CR = 0x0d
const LF = 0x0a
const CRLF = Buffer.from('\r\n')
