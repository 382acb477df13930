// An mbox read from its beginning to its end: where each message lies in it. A window of the file is in memory, and what is kept of a message
// is a few numbers.
//
// Messages are told apart as Dovecot does: by a line `From … time`, whether an empty line is before it or not. A Content-Length counts where
// such a line, or the end, follows exactly there; then nothing within the message is taken for one.

import { turns } from '#shared/runtime/turns.ts'
import { FROM_LINE_BYTES_MAX, parseFromLine, utcMs, type Zone } from './from-line.ts'
import { parseStatus, type StatusHeader } from './status-header.ts'

/** Where a message lies: its header from `start`, its body from `body`, up to `end`. */
export type MboxEntry = {
  readonly start: number
  readonly body: number
  readonly end: number
  readonly dateMs: number
  readonly status: StatusHeader
}

/** Of one header, as far as flags are looked for in it. */
export const HEADER_BYTES_MAX = 1024 ** 2
const WINDOW_BYTES = 256 * 1024
const headerReads = [8 * 1024, 64 * 1024, HEADER_BYTES_MAX]
const LF = 0x0a
const CR = 0x0d
const separator = Buffer.from('\nFrom ')

/** What is asked of a file. */
export type ReadableFile = {
  stat(): Promise<{ readonly size: number }>
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
}

type Line = { readonly at: number; readonly end: number; readonly dateMs: number }

export async function* mboxEntries(file: ReadableFile, zone: Zone): AsyncGenerator<MboxEntry> {
  const { size } = await file.stat()
  const view = viewOf(file, size)

  async function fromLineAt(at: number): Promise<Line | undefined> {
    const bytes = await view.peek(at, FROM_LINE_BYTES_MAX)
    const lf = bytes.indexOf(LF)
    if (lf < 0 && at + bytes.length < size) return undefined
    const length = lf < 0 ? bytes.length : lf
    const parsed = parseFromLine(bytes.toString('latin1', 0, length).trimEnd())
    if (parsed === undefined) return undefined
    const end = at + (lf < 0 ? length : lf + 1)
    return { at, end, dateMs: utcMs(parsed, zone) }
  }

  /** The next one at this place or behind it. */
  async function nextFromLine(from: number): Promise<Line | undefined> {
    // With the end of the line before it.
    for (let at = from - 1; at < size; ) {
      const bytes = await view.rest(at)
      for (let found = bytes.indexOf(separator); found >= 0; ) {
        const line = await fromLineAt(at + found + 1)
        if (line !== undefined) return line
        found = bytes.indexOf(separator, found + 1)
      }
      if (at + bytes.length >= size) return undefined
      at += bytes.length - separator.length
      const wait = turns.step()
      if (wait) await wait
    }
    return undefined
  }

  /** Up to where the header goes, the empty line included; a line between messages ends it too. */
  async function headerAt(start: number): Promise<Header> {
    let bytes: Buffer = noBytes
    for (const most of headerReads) {
      bytes = await view.read(start, most)
      const end = headerEnd(bytes, start + bytes.length >= size)
      if (end === undefined) continue
      const { text, length, isWhole } = end
      return { text: bytes.toString('latin1', 0, text), end: start + length, isWhole }
    }
    return { text: bytes.toString('latin1'), end: start + bytes.length, isWhole: false }
  }

  /** Whether a message may end here: an empty line or none, and then the next one, or nothing. */
  async function endsAt(end: number): Promise<Line | 'last' | undefined> {
    if (end > size) return undefined
    const bytes = await view.peek(end - 1, 3)
    let at = 1
    while (at < bytes.length && (bytes[at] === LF || bytes[at] === CR)) at++
    if (end - 1 + at >= size) return 'last'
    return at > 1 || bytes[0] === LF ? fromLineAt(end - 1 + at) : undefined
  }

  let line = await fromLineAt(0)
  while (line !== undefined) {
    const start = line.end
    const header = await headerAt(start)
    const status = parseStatus(header.text)
    const told = header.isWhole ? header.end + (status.contentLength ?? size) : size + 1
    const ending = await endsAt(told)
    let next: Line | undefined
    if (ending === undefined) next = await nextFromLine(header.end)
    else if (ending !== 'last') next = ending
    const end = ending === undefined ? await view.withoutEmptyLine(start, next?.at ?? size) : told
    yield { start, body: Math.min(header.end, end), end, dateMs: line.dateMs, status }
    line = next
  }
}

type Header = { readonly text: string; readonly end: number; readonly isWhole: boolean }

/** Undefined: more has to be read. `text`: without the empty line. */
function headerEnd(
  bytes: Buffer,
  isAll: boolean,
): { readonly text: number; readonly length: number; readonly isWhole: boolean } | undefined {
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at)
    if (lf < 0) break
    const isEmpty = lf === at || (lf === at + 1 && bytes[at] === CR)
    if (isEmpty) return { text: at, length: lf + 1, isWhole: true }
    const line = bytes.toString('latin1', at, Math.min(lf, at + FROM_LINE_BYTES_MAX)).trimEnd()
    if (parseFromLine(line) !== undefined) return { text: at, length: at, isWhole: false }
    at = lf + 1
  }
  return isAll ? { text: bytes.length, length: bytes.length, isWhole: false } : undefined
}

const noBytes: Buffer = Buffer.alloc(0)

/** Reads of a file that mostly go forward, through a window of it. A buffer that was handed out stays as it is. */
function viewOf(file: ReadableFile, size: number) {
  let buffer: Buffer = noBytes
  let first = 0
  const has = (at: number, bytes: number) => at >= first && at + bytes <= first + buffer.length

  async function load(at: number, bytes: number): Promise<Buffer> {
    const next = Buffer.allocUnsafe(Math.max(0, Math.min(bytes, size - at)))
    let filled = 0
    while (filled < next.length) {
      const { bytesRead } = await file.read(next, filled, next.length - filled, at + filled)
      // It got shorter meanwhile.
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return next.subarray(0, filled)
  }

  async function read(at: number, bytes: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(bytes, size - at))
    if (!has(at, wanted)) {
      buffer = await load(at, Math.max(WINDOW_BYTES, wanted))
      first = at
    }
    return buffer.subarray(at - first, at - first + wanted)
  }

  return {
    read,
    /** The same without moving the window: a length that a stranger wrote may lead anywhere. */
    async peek(at: number, bytes: number): Promise<Buffer> {
      const wanted = Math.max(0, Math.min(bytes, size - at))
      if (has(at, wanted)) return buffer.subarray(at - first, at - first + wanted)
      return load(at, wanted)
    },
    /** As much as there is in memory; a new window where that is little. */
    async rest(at: number): Promise<Buffer> {
      const isEnough = has(at, Math.min(2 * FROM_LINE_BYTES_MAX, size - at))
      return isEnough ? buffer.subarray(at - first) : read(at, WINDOW_BYTES)
    },
    /** The empty line before the next message belongs to neither. */
    async withoutEmptyLine(start: number, until: number): Promise<number> {
      const from = Math.max(start - 1, until - 3)
      const text = (await this.peek(from, until - from)).toString('latin1')
      const empty = /\n(\r?\n)$/.exec(text)?.[1]
      return until - (empty?.length ?? 0)
    },
  }
}
