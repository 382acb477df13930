// Splits what a client sends into commands: lines, and the literals inside them. A push core without sockets; the connection
// pushes chunks, calls `next` until it answers undefined, and decides about each literal that is announced:
//
//   reader.push(chunk)
//   for (let event = reader.next(); event; event = reader.next()) switch (event.kind) {
//     case 'literal':   reader.buffer(), reader.stream() or reader.refuse(); for a synchronising literal that is taken,
//                       `+ ...` is sent first (RFC 9051 §4.3); one that is refused gets the tagged NO or BAD at once
//     case 'chunk':     bytes of a streamed literal; not calling `next` is the back-pressure
//     case 'command':   the command, or what follows its last streamed literal, is whole
//     case 'too-long':  reported once; the rest of the command is skipped
//   }
//
// Lines that are no commands (DONE of IDLE, answers of AUTHENTICATE) are read with `nextLine`.
//
// Invariant: whatever becomes of a command (carried out, refused at any of its literals, too long at any limit), the reader
// afterwards stands at the octet behind it. What is skipped is read by the same rule as what is kept, or the content of a
// refused message would be executed as commands.

import { ByteQueue } from './byte-queue.ts'
import { COMMAND_BYTES_MAX, LINE_BYTES_MAX, LITERAL_BYTES_MAX, LITERALS_MAX } from './limits.ts'
import {
  type Announcement,
  AnnouncementScanner,
  type LiteralHeader,
  literalHeaderAtEnd,
} from './literal-header.ts'
import { skipsEmptyLines } from './quirks.ts'

/** A piece of a command. `announced` is the last one of a `literal` event: the literal whose bytes have not been read. */
export type Segment =
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | { readonly kind: 'literal'; readonly bytes: Buffer; readonly binary: boolean }
  | { readonly kind: 'announced'; readonly literal: LiteralHeader }

export type ReaderEvent =
  /** All since the beginning of the command or since its last streamed literal. */
  | { readonly kind: 'command'; readonly segments: readonly Segment[] }
  /**
   * `fits` is false when buffering it would break a limit. `malformed`: it stands behind a quote that is never closed, and the
   * command can only be refused.
   */
  | {
      readonly kind: 'literal'
      readonly segments: readonly Segment[]
      readonly literal: LiteralHeader
      readonly fits: boolean
      readonly malformed: boolean
    }
  | { readonly kind: 'chunk'; readonly bytes: Buffer; readonly last: boolean }
  /** `start` are the first bytes of the command, for its tag. */
  | { readonly kind: 'too-long'; readonly start: Buffer }

export type LineEvent =
  | { readonly kind: 'line'; readonly text: Buffer }
  | { readonly kind: 'too-long' }

export type ReaderLimits = {
  readonly lineBytesMax: number
  readonly literalBytesMax: number
  readonly commandBytesMax: number
  readonly literalsMax: number
}

export const readerLimits: ReaderLimits = {
  lineBytesMax: LINE_BYTES_MAX,
  literalBytesMax: LITERAL_BYTES_MAX,
  commandBytesMax: COMMAND_BYTES_MAX,
  literalsMax: LITERALS_MAX,
}

const CR = 0x0d
/** Bytes kept of a command that is too long: enough for any tag we accept. */
const START_BYTES = 300
const LINE_END_BYTES = 2

type Streaming = { readonly kind: 'streaming'; left: number }
/** The command is over for us, but not what the client sends of it. */
type SkippingLine = { readonly kind: 'skipping-line'; readonly line: AnnouncementScanner }
type SkippingLiteral = { readonly kind: 'skipping-literal'; left: number }
type State =
  | { readonly kind: 'line' }
  /** The owner has yet to say what becomes of the literal. */
  | { readonly kind: 'announced'; readonly literal: LiteralHeader }
  | { readonly kind: 'buffering'; readonly literal: LiteralHeader }
  | Streaming
  | SkippingLine
  | SkippingLiteral

const line: State = { kind: 'line' }
const nothing = Buffer.alloc(0)
const skippingLine = (): SkippingLine => ({
  kind: 'skipping-line',
  line: new AnnouncementScanner(),
})

export class CommandReader {
  /** May be changed between commands, for example after a login. */
  limits: ReaderLimits
  readonly #queue = new ByteQueue()
  #state: State = line
  #segments: Segment[] = []
  #commandBytes = 0
  #literals = 0
  /** Part of the command has been streamed: what comes next belongs to it, though there is no segment yet. */
  #afterStream = false
  #tooLongStart: Buffer = nothing
  /** The last line handed out by `nextLine`, until something else is read. */
  #rawLine: Buffer | undefined

  constructor(limits: ReaderLimits = readerLimits) {
    this.limits = limits
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk)
  }

  /** Bytes pushed and not yet handed out. */
  get pendingBytes(): number {
    return this.#queue.length
  }

  /** Lines and literals of a command that is being collected. */
  get collectedBytes(): number {
    return this.#commandBytes
  }

  next(): ReaderEvent | undefined {
    this.#rawLine = undefined
    for (;;) {
      const state = this.#state
      switch (state.kind) {
        case 'line': {
          const event = this.#readLine()
          if (event !== 'passed-over') return event
          break
        }
        case 'announced':
          throw new Error('a literal was announced and neither buffered, streamed nor refused')
        case 'buffering': {
          const { bytes, binary } = state.literal
          if (this.#queue.length < bytes) return undefined
          this.#segments.push({ kind: 'literal', bytes: this.#queue.take(bytes), binary })
          this.#state = line
          break
        }
        case 'streaming':
          return this.#readChunk(state)
        case 'skipping-line':
        case 'skipping-literal':
          if (!this.#skip(state)) return undefined
      }
    }
  }

  /** Collects the announced literal; the next event comes when the line after it is whole. */
  buffer(): void {
    const literal = this.#takeAnnounced()
    this.#segments.pop()
    this.#commandBytes += literal.bytes
    this.#literals++
    this.#state = { kind: 'buffering', literal }
  }

  /** Hands the announced literal out as `chunk` events, at least one; the segments begin anew after it. */
  stream(): void {
    const literal = this.#takeAnnounced()
    this.#forgetSegments()
    this.#afterStream = true
    this.#state = { kind: 'streaming', left: literal.bytes }
  }

  /**
   * The command will not be carried out: called for an announced literal, while one is streamed, or after that. What the
   * client sends of it without waiting for us (non-synchronising literals and the lines after them, RFC 7888 §4) is skipped.
   * Called for a line of `nextLine`: it is not what was expected but perhaps a command out of place, and skipped as one.
   *
   * False when the client has not waited for the answer to a synchronising literal: what it has sent on may be the literal or
   * the next command, and nobody can tell. Nothing more must be read from it.
   */
  refuse(): boolean {
    const state = this.#state
    if (state.kind === 'announced') {
      this.#endAtLiteral(state.literal)
      return !state.literal.synchronising || this.pendingBytes === 0
    }
    if (state.kind === 'streaming') this.#endWith({ ...state, kind: 'skipping-literal' })
    else if (state.kind === 'line' && this.#afterStream) this.#endWith(skippingLine())
    else if (state.kind === 'line' && this.#rawLine !== undefined) {
      const announced = literalHeaderAtEnd(this.#rawLine)
      this.#rawLine = undefined
      if (announced !== undefined) this.#endAtLiteral(announced.literal)
    }
    return true
  }

  /** The next line as it is, without looking for literals. Only between commands. */
  nextLine(): LineEvent | undefined {
    this.#rawLine = undefined
    while (this.#state.kind !== 'line') {
      const state = this.#state
      if (state.kind !== 'skipping-line' && state.kind !== 'skipping-literal') {
        throw new Error('a line was asked for inside a command')
      }
      if (!this.#skip(state)) return undefined
    }
    const text = this.#takeLine()
    if (text === undefined) return undefined
    if (text === 'too-long') return { kind: 'too-long' }
    this.#rawLine = text
    return { kind: 'line', text }
  }

  /** All bytes not handed out, which the reader forgets: they belong to another layer now (TLS, DEFLATE). */
  takeRest(): Buffer {
    return this.#queue.take(this.#queue.length)
  }

  #readLine(): ReaderEvent | 'passed-over' | undefined {
    const start = this.#segments.length === 0 ? undefined : this.#start()
    const text = this.#takeLine()
    if (text === undefined) return undefined
    if (text === 'too-long') {
      const event = { kind: 'too-long', start: start ?? this.#tooLongStart } as const
      this.#forget()
      return event
    }
    this.#commandBytes += text.length
    const announced = literalHeaderAtEnd(text)
    if (this.#commandBytes > this.limits.commandBytesMax) {
      const event = { kind: 'too-long', start: start ?? text.subarray(0, START_BYTES) } as const
      if (announced === undefined) this.#forget()
      else this.#endAtLiteral(announced.literal)
      return event
    }
    if (announced !== undefined) return this.#announce(text, announced)
    if (text.length === 0 && this.#segments.length === 0 && !this.#afterStream && skipsEmptyLines) {
      return 'passed-over'
    }
    this.#segments.push({ kind: 'text', bytes: text })
    const segments = this.#segments
    this.#forget()
    return { kind: 'command', segments }
  }

  #announce(text: Buffer, { start, literal, afterOpenQuote }: Announcement): ReaderEvent {
    if (start > 0) this.#segments.push({ kind: 'text', bytes: text.subarray(0, start) })
    this.#segments.push({ kind: 'announced', literal })
    this.#state = { kind: 'announced', literal }
    const fits =
      literal.bytes <= this.limits.literalBytesMax &&
      literal.bytes <= this.limits.commandBytesMax - this.#commandBytes &&
      this.#literals < this.limits.literalsMax
    const segments = [...this.#segments]
    return { kind: 'literal', segments, literal, fits, malformed: afterOpenQuote }
  }

  #readChunk(state: Streaming): ReaderEvent | undefined {
    const bytes = this.#queue.takeSome(state.left)
    if (bytes.length === 0 && state.left > 0) return undefined
    state.left -= bytes.length
    const last = state.left === 0
    if (last) this.#state = line
    return { kind: 'chunk', bytes, last }
  }

  /** A line without its end; or that it is over the limit, and then its rest is skipped. */
  #takeLine(): Buffer | 'too-long' | undefined {
    const end = this.#queue.indexOfLf()
    const most = this.limits.lineBytesMax + LINE_END_BYTES
    if (end < 0 ? this.#queue.length < most : end < most) {
      if (end < 0) return undefined
      const bytes = this.#queue.take(end + 1)
      const text = bytes.subarray(0, bytes[end - 1] === CR ? end - 1 : end)
      if (text.length <= this.limits.lineBytesMax) return text
      this.#tooLongStart = text.subarray(0, START_BYTES)
      const announced = literalHeaderAtEnd(text)
      if (announced !== undefined) this.#endAtLiteral(announced.literal)
      return 'too-long'
    }
    this.#tooLongStart = this.#queue.peek(Math.min(START_BYTES, this.#queue.length))
    this.#state = skippingLine()
    return 'too-long'
  }

  /** Skips what is there; false when more must come. */
  #skip(state: SkippingLine | SkippingLiteral): boolean {
    if (state.kind === 'skipping-literal') {
      const bytes = Math.min(state.left, this.#queue.length)
      this.#queue.skip(bytes)
      state.left -= bytes
      if (state.left === 0) this.#state = skippingLine()
      return state.left === 0
    }
    const end = this.#queue.indexOfLf()
    for (let left = end < 0 ? this.#queue.length : end + 1; left > 0; ) {
      const piece = this.#queue.takeSome(left)
      state.line.push(piece)
      left -= piece.length
    }
    if (end < 0) return false
    const { announced } = state.line
    this.#state = line
    if (announced !== undefined) this.#endAtLiteral(announced.literal)
    return true
  }

  /** A refused command goes on after a literal only when the client does not wait for our continuation. */
  #endAtLiteral(literal: LiteralHeader): void {
    this.#endWith(literal.synchronising ? line : { kind: 'skipping-literal', left: literal.bytes })
  }

  #endWith(state: State): void {
    this.#forget()
    this.#state = state
  }

  #takeAnnounced(): LiteralHeader {
    if (this.#state.kind !== 'announced') throw new Error('no literal is announced')
    return this.#state.literal
  }

  #start(): Buffer {
    const first = this.#segments[0]
    return first?.kind === 'text' ? first.bytes.subarray(0, START_BYTES) : nothing
  }

  #forget(): void {
    this.#forgetSegments()
    this.#afterStream = false
  }

  #forgetSegments(): void {
    this.#segments = []
    this.#commandBytes = 0
    this.#literals = 0
  }
}
