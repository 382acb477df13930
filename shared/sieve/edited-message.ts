// A message as scripts changed it: which lines its headers have, and which MIME entities stand in place of which parts. Nothing of what
// came is copied: what was changed is put between it while it passes by. Each change gives another message; those before stay as they are.
//
// Implementation notes. A part keeps its identity in all messages that were made of one, so a loop over parts goes on while they are
// replaced. What was made in place of a part stands for that part (`placeOf`), also when it is replaced itself. Header lines are kept by the
// place of an outermost part: the message's own, and those of messages that were enclosed.

import { headerFields } from '#shared/mail/header-field.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { Part, Span } from '#shared/mail/message-index.ts'
import { type HeaderLines, headerText } from './header-lines.ts'
import { ENCLOSURES_MAX, MADE_BYTES_MAX, REPLACED_DEPTH_MAX } from './limits.ts'
import { Header, type SieveMessage } from './message.ts'
import type { Original } from './original-message.ts'
import { LimitExceeded } from './run/failure.ts'

export type Edits = {
  /** Of the message that encloses; undefined while none does. */
  readonly root: Part | undefined
  /** By place. */
  readonly lines: ReadonlyMap<Part, HeaderLines>
  readonly replaced: ReadonlyMap<Part, Part>
  readonly enclosures: number
  readonly madeBytes: number
  readonly enclosed: SieveMessage | undefined
}

export const asItCame: Edits = {
  root: undefined,
  lines: new Map(),
  replaced: new Map(),
  enclosures: 0,
  madeBytes: 0,
  enclosed: undefined,
}

/** Where a part that a script made comes from. */
type Made = {
  /** The part as it came in whose place it stands; itself where it is within another one that does. */
  readonly place: Part
  /** How many replaced parts it is within. */
  readonly depth: number
  readonly content:
    | { readonly kind: 'bytes'; readonly bytes: Buffer }
    | {
        readonly kind: 'assembled'
        readonly header: Buffer
        readonly body: readonly (Uint8Array | Part)[]
      }
}

/** Parts are objects that nobody makes twice. */
const madeParts = new WeakMap<Part, Made>()
const placeOf = (part: Part): Part => madeParts.get(part)?.place ?? part

export class EditedMessage implements SieveMessage {
  readonly #original: Original
  readonly #edits: Edits
  #header: Header | undefined

  constructor(original: Original, edits: Edits) {
    this.#original = original
    this.#edits = edits
  }

  get size(): number {
    return this.#original.size
  }

  get enclosed(): SieveMessage | undefined {
    return this.#edits.enclosed
  }

  get changed(): (() => AsyncIterable<Uint8Array>) | undefined {
    if (this.#edits === asItCame) return undefined
    return () => withLineEnds(this.#whole(this.#root()))
  }

  header(): Promise<Header> | Header {
    if (this.#header !== undefined) return this.#header
    if (this.#edits.lines.size === 0) return this.#original.header()
    const lines = this.#edits.lines.get(this.#root())
    if (lines === undefined) return this.#original.header()
    this.#header = headerOf(lines)
    return this.#header
  }

  structure(): Part {
    return this.#now(this.#root())
  }

  parts(part: Part): readonly Part[] {
    return inside(part).map((each) => this.#now(each))
  }

  partHeader(part: Part): Promise<Header> | Header {
    const place = placeOf(part)
    if (place === this.#root()) return this.header()
    const lines = this.#edits.lines.get(place)
    if (lines !== undefined) return headerOf(lines)
    if (this.#isOriginal(part)) return this.#original.header()
    const made = madeParts.get(part)
    if (made === undefined) return this.#original.partHeader(part)
    const { content } = made
    const bytes = content.kind === 'bytes' ? within(content.bytes, part.header) : content.header
    return new Header(headerFields(bytes))
  }

  rawHeader(part: Part): AsyncIterable<Uint8Array> {
    return this.#rawHeader(placeOf(part), part)
  }

  content(part: Part): AsyncIterable<Uint8Array> {
    return part === this.#original.structure() ? this.#original.body() : this.#span(part, part.body)
  }

  frame(part: Part): readonly AsyncIterable<Uint8Array>[] {
    const parts = inside(part)
    const [first] = parts
    const last = parts.at(-1)
    const content = madeParts.get(part)?.content
    if (content?.kind === 'assembled' || first === undefined || last === undefined) return []
    const [from, length] = part.body
    const lastEnd = endOf(last.body)
    return [
      this.#span(part, [from, first.header[0] - from]),
      this.#span(part, [lastEnd, from + length - lastEnd]),
    ]
  }

  body(): AsyncIterable<Uint8Array> {
    const { root, replaced } = this.#edits
    if (root === undefined && replaced.size === 0) return this.#original.body()
    return withLineEnds(this.#body(this.structure()))
  }

  async lines(): Promise<HeaderLines> {
    return this.#edits.lines.get(this.#root()) ?? (await this.#original.lines())
  }

  withLines(lines: HeaderLines): SieveMessage {
    const before = this.#edits.lines.get(this.#root())
    const had = new Set((before ?? lines).fields)
    let bytes = 0
    for (const field of lines.fields) if (!had.has(field)) bytes += field.text.length
    return this.#with(bytes, { lines: new Map(this.#edits.lines).set(this.#root(), lines) })
  }

  withPart(part: Part, entity: Uint8Array) {
    const place = placeOf(part)
    const depth = (madeParts.get(place)?.depth ?? 0) + 1
    if (depth > REPLACED_DEPTH_MAX) {
      throw new LimitExceeded(`more than ${REPLACED_DEPTH_MAX} replaced parts within each other`)
    }
    const made = makePart(entity, place, depth)
    const lines = new Map(this.#edits.lines)
    if (place !== this.#root()) lines.delete(place)
    const message = this.#with(entity.length, {
      lines,
      replaced: new Map(this.#edits.replaced).set(place, made),
    })
    return { message, part: made }
  }

  encloseIn(lines: HeaderLines, boundary: string, text: Uint8Array): SieveMessage {
    const enclosures = this.#edits.enclosures + 1
    if (enclosures > ENCLOSURES_MAX) {
      throw new LimitExceeded(`more than ${ENCLOSURES_MAX} messages around each other`)
    }
    const inner = this.#root()
    const textPart = makePart(text, undefined, 0)
    const attached: Part = {
      ...asMade,
      kind: 'message',
      type: 'message',
      subtype: 'rfc822',
      envelope: noEnvelope,
      message: inner,
    }
    const header = Buffer.from('Content-Type: message/rfc822\r\n\r\n')
    assemble(attached, header, [inner])
    const root: Part = {
      ...asMade,
      kind: 'multipart',
      type: 'multipart',
      subtype: 'mixed',
      parameters: [['boundary', boundary]],
      parts: [textPart, attached],
    }
    assemble(root, Buffer.alloc(0), [
      Buffer.from(`--${boundary}\r\n`),
      textPart,
      Buffer.from(`\r\n--${boundary}\r\n`),
      attached,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ])
    return this.#with(text.length + headerText(lines).length, {
      root,
      enclosures,
      lines: new Map(this.#edits.lines).set(root, lines),
      enclosed: this.#edits.enclosed ?? this,
    })
  }

  #with(bytes: number, edits: Partial<Edits>): EditedMessage {
    const madeBytes = this.#edits.madeBytes + bytes
    if (madeBytes > MADE_BYTES_MAX) {
      throw new LimitExceeded(`more than ${MADE_BYTES_MAX} bytes put into the message`)
    }
    return new EditedMessage(this.#original, { ...this.#edits, ...edits, madeBytes })
  }

  /** The place of the outermost part. */
  #root(): Part {
    return this.#edits.root ?? this.#original.structure()
  }

  #now(place: Part): Part {
    return this.#edits.replaced.get(place) ?? place
  }

  #isOriginal(part: Part): boolean {
    return part === this.#original.structure()
  }

  #span(part: Part, span: Span): AsyncIterable<Uint8Array> {
    const content = madeParts.get(part)?.content
    if (content === undefined) return this.#original.span(span)
    return pieceOf(content.kind === 'bytes' ? within(content.bytes, span) : none)
  }

  /** Header and content of what stands at this place. */
  async *#whole(place: Part): AsyncGenerator<Uint8Array> {
    const now = this.#now(place)
    yield* this.#rawHeader(place, now)
    yield* this.#body(now)
  }

  async *#rawHeader(place: Part, now: Part): AsyncGenerator<Uint8Array> {
    const lines = this.#edits.lines.get(place)
    const made = madeParts.get(now)?.content
    if (lines !== undefined) {
      yield Buffer.from(headerText(lines), 'latin1')
      if (this.#isOriginal(place)) yield* this.#original.restOfHeader()
    } else if (made?.kind === 'assembled') yield made.header
    else if (this.#isOriginal(now)) yield* this.#original.rawHeader()
    else yield* this.#span(now, now.header)
  }

  async *#body(part: Part): AsyncGenerator<Uint8Array> {
    const made = madeParts.get(part)?.content
    if (made?.kind === 'assembled') {
      for (const piece of made.body) {
        if (piece instanceof Uint8Array) yield piece
        else yield* this.#whole(piece)
      }
      return
    }
    let at = part.body[0]
    for (const place of this.#replacedIn(part, [])) {
      yield* this.#span(part, [at, place.header[0] - at])
      yield* this.#whole(place)
      yield lineEnd
      at = endOf(place.body)
    }
    if (this.#isOriginal(part) && at === part.body[0]) yield* this.#original.body()
    else yield* this.#span(part, [at, endOf(part.body) - at])
  }

  /** The outermost ones, in order. */
  #replacedIn(part: Part, found: Part[]): readonly Part[] {
    if (this.#edits.replaced.size === 0) return found
    for (const each of inside(part)) {
      if (this.#edits.replaced.has(each)) found.push(each)
      else this.#replacedIn(each, found)
    }
    return found
  }
}

function headerOf({ fields }: HeaderLines): Header {
  return new Header(fields.filter(({ name }) => name !== ''))
}

/** Within it, as it was made. */
function inside(part: Part): readonly Part[] {
  if (part.kind === 'multipart') return part.parts
  return part.kind === 'message' ? [part.message] : []
}

const endOf = ([offset, length]: Span) => offset + length
const within = (bytes: Buffer, [offset, length]: Span) => bytes.subarray(offset, offset + length)
const none = Buffer.alloc(0)

async function* pieceOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

function makePart(entity: Uint8Array, place: Part | undefined, depth: number): Part {
  const indexer = new MessageIndexer()
  indexer.push(entity)
  const { structure } = indexer.finish()
  const content = { kind: 'bytes', bytes: Buffer.from(entity) } as const
  const remember = (part: Part) => {
    madeParts.set(part, { place: part, depth, content })
    inside(part).forEach(remember)
  }
  remember(structure)
  if (place !== undefined) madeParts.set(structure, { place, depth, content })
  return structure
}

function assemble(part: Part, header: Buffer, body: readonly (Uint8Array | Part)[]): void {
  madeParts.set(part, { place: part, depth: 0, content: { kind: 'assembled', header, body } })
}

/** Of a part that is put together from others. */
const asMade = {
  header: [0, 0],
  body: [0, 0],
  parameters: [],
  id: null,
  description: null,
  encoding: '7bit',
  lines: 0,
  md5: null,
  disposition: null,
  language: null,
  location: null,
} as const

const noEnvelope = {
  date: null,
  subject: null,
  from: null,
  sender: null,
  replyTo: null,
  to: null,
  cc: null,
  bcc: null,
  inReplyTo: null,
  messageId: null,
}

/** Stands behind what replaced a part: there begins a line, be it that of a delimiter whose line end was the header's. */
const lineEnd = Buffer.alloc(0)

async function* withLineEnds(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isDue = false
  for await (const piece of pieces) {
    if (piece === lineEnd) isDue = true
    if (piece.length === 0) continue
    if (isDue && piece[0] !== CR && piece[0] !== LF) yield Buffer.from('\r\n')
    isDue = false
    yield piece
  }
}

const CR = 0x0d
const LF = 0x0a
