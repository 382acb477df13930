// Some fields of a header, or all but some, as they were sent, folds included: HEADER.FIELDS of RFC 9051 §6.4.5.1.
//
// A header is read once for all that one command asks of it, a byte at a time and with turns for others; what is remembered of it is
// where the fields are that the command names. An item then is a walk along those, not another search of the header.

import type { ByteString, Span } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { type Turns, turns as turnsOfLoop } from '#shared/runtime/turns.ts'
import type { StoredMessage } from './stored-message.ts'

/** Names that a command asks for, lower case, numbered from 0. */
export class FieldNames {
  readonly #numbers = new Map<ByteString, number>()
  #shortest = Number.POSITIVE_INFINITY
  #longest = 0

  numberOf(name: ByteString): number {
    const lower = name.toLowerCase()
    const known = this.#numbers.get(lower)
    if (known !== undefined) return known
    this.#shortest = Math.min(this.#shortest, lower.length)
    this.#longest = Math.max(this.#longest, lower.length)
    this.#numbers.set(lower, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /** Of the name that stands there, OTHER when nobody asked for it. */
  find(header: Buffer, start: number, end: number): number {
    const length = end - start
    if (length < this.#shortest || length > this.#longest) return OTHER
    return this.#numbers.get(header.toString('latin1', start, end).toLowerCase()) ?? OTHER
  }
}

export type FieldSelection = {
  /** Shared by all selections of one command. */
  readonly all: FieldNames
  /** Numbers in `all`. */
  readonly named: ReadonlySet<number>
  /** All but these. */
  readonly not: boolean
}

/** `names` in any case. Selections that are read of the same headers share `all`, so that each header is looked at once. */
export function selectFields(
  names: readonly ByteString[],
  not: boolean,
  all = new FieldNames(),
): FieldSelection {
  return { all, named: new Set(names.map((name) => all.numberOf(name))), not }
}

/** Bytes and runs looked at before others get their turn. */
const BYTES_AT_ONCE = 64 * 1024
const RUNS_AT_ONCE = 4_096
/** What has no name that was asked for. */
const OTHER = -1
/** What is kept of a run: its end and its name. */
const RUN_NUMBERS = 2
const RUNS_FIRST = 32

/** Bytes held for each byte of a header: itself, a subset of it, and the runs, of which two need five bytes at least. */
export const HELD_BYTES_PER_HEADER_BYTE = 8

/**
 * Looks for the fields in the header at `span` of the message (`sectionSpan` says where that of a message or part is). All of it is held,
 * HELD_BYTES_PER_HEADER_BYTE for each byte. Fails with MessageLost.
 */
export async function indexHeader(
  message: StoredMessage,
  span: Span,
  names: FieldNames,
): Promise<IndexedHeader> {
  const [only, ...more] = await message.pieces(span)
  const header =
    only && more.length === 0 ? asBuffer(only) : Buffer.concat(only ? [only, ...more] : [])
  return IndexedHeader.read(header, names)
}

export class IndexedHeader {
  readonly #header: Buffer
  readonly #turns: Turns
  /** Where a run of fields ends, and the number of their name. The first begins at 0, each other where the one before ends. */
  #runs = new Int32Array(RUNS_FIRST)
  #runCount = 0
  /** The empty line that ends the header; behind it nothing counts. */
  #emptyLine: readonly [number, number] = [0, 0]

  private constructor(header: Buffer, turns: Turns) {
    this.#header = header
    this.#turns = turns
  }

  static async read(
    header: Buffer,
    names: FieldNames,
    turns: Turns = turnsOfLoop,
  ): Promise<IndexedHeader> {
    const indexed = new IndexedHeader(header, turns)
    let at = 0
    for (let atOnceEnd = BYTES_AT_ONCE; at < header.length; atOnceEnd = at + BYTES_AT_ONCE) {
      const wait = turns.step()
      if (wait !== undefined) await wait
      at = indexed.#readUpTo(atOnceEnd, at, names)
    }
    return indexed
  }

  /** The subset's bytes, copied. The empty line at the end belongs to every subset, where the header has one. */
  async subset({ named, not }: FieldSelection): Promise<Buffer> {
    const [emptyStart, emptyEnd] = this.#emptyLine
    let bytes = emptyEnd - emptyStart
    await this.#eachRun((start, end, name) => {
      if (named.has(name) !== not) bytes += end - start
    })
    const subset = Buffer.allocUnsafe(bytes)
    let to = 0
    await this.#eachRun((start, end, name) => {
      if (named.has(name) !== not) to += this.#header.copy(subset, to, start, end)
    })
    this.#header.copy(subset, to, emptyStart, emptyEnd)
    return subset
  }

  async #eachRun(visit: (start: number, end: number, name: number) => void): Promise<void> {
    let start = 0
    for (let run = 0; run < this.#runCount; run++) {
      if (run % RUNS_AT_ONCE === RUNS_AT_ONCE - 1) await this.#turns.step()
      const end = this.#runs[run * RUN_NUMBERS] ?? 0
      visit(start, end, this.#runs[run * RUN_NUMBERS + 1] ?? OTHER)
      start = end
    }
  }

  /** Whole fields from one on, until so many bytes have been read; returns where it stopped. */
  #readUpTo(atOnceEnd: number, from: number, names: FieldNames): number {
    const header = this.#header
    let start = from
    while (start < header.length && start < atOnceEnd) {
      const empty = emptyLineBytes(header, start)
      if (empty > 0) {
        this.#emptyLine = [start, start + empty]
        return header.length
      }
      // A field ends behind the first line end that no white space follows (RFC 5322 §2.2.3).
      let colon = -1
      let at = start
      for (; at < header.length; at++) {
        const byte = header[at]
        if (byte === COLON && colon < 0) colon = at
        else if (byte === LF && !isBlank(header[at + 1])) {
          at++
          break
        }
      }
      // What is no field (an mbox `From ` line) has no name that could be asked for.
      const nameEnd = colon < 0 ? start : trimmedEnd(header, start, colon)
      this.#add(at, nameEnd === start ? OTHER : names.find(header, start, nameEnd))
      start = at
    }
    return start
  }

  #add(end: number, name: number): void {
    const last = (this.#runCount - 1) * RUN_NUMBERS
    if (this.#runCount > 0 && this.#runs[last + 1] === name) {
      this.#runs[last] = end
      return
    }
    const at = this.#runCount++ * RUN_NUMBERS
    if (at === this.#runs.length) {
      const larger = new Int32Array(2 * at)
      larger.set(this.#runs)
      this.#runs = larger
    }
    this.#runs[at] = end
    this.#runs[at + 1] = name
  }
}

/** Of the empty line at `start`, 0 when there is none. */
function emptyLineBytes(header: Buffer, start: number): number {
  if (header[start] === LF) return 1
  return header[start] === CR && header[start + 1] === LF ? 2 : 0
}

/** Obsolete syntax allows white space before the colon (RFC 5322 §4.5). */
function trimmedEnd(header: Buffer, start: number, colon: number): number {
  let end = colon
  while (end > start) {
    const byte = header[end - 1]
    if (!isBlank(byte) && byte !== CR && byte !== LF) break
    end--
  }
  return end
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const COLON = 0x3a
