// A part whose end has not been reached yet, and what it becomes at its end.

import type { Envelope, Part } from '../message-index.ts'
import { type DefaultType, type PartHeader, plainTextHeader } from './part-header.ts'

/** A place between two bytes of the message. */
export type Position = {
  readonly offset: number
  /** Line ends before it. */
  readonly lines: number
}

type Content = {
  readonly kind: Part['kind']
  readonly header: PartHeader
  readonly body: Position
}

export class OpenPart {
  readonly start: Position
  readonly defaultType: DefaultType
  /** Null while the header is being read. */
  content: Content | null = null
  /** Of the message of a message part. */
  envelope: Envelope | null = null
  /** Parts of a multipart that have ended, or the message of a message part. */
  readonly #parts: Part[] = []
  #partsEnd: Position

  constructor(start: Position, defaultType: DefaultType) {
    this.start = start
    this.#partsEnd = start
    this.defaultType = defaultType
  }

  get hasParts(): boolean {
    return this.#parts.length > 0
  }

  /** Ends the innermost part, which is a part of this one. */
  closePart(part: OpenPart, end: Position): void {
    this.#partsEnd = later(part.#bodyEnd(end), this.#partsEnd)
    this.#parts.push(part.close(end))
  }

  /**
   * A multipart must have parts (RFC 2046 §5.1.1, RFC 9051 body-type-mpart). One without any, be it that its boundary is
   * missing or never comes, gets one of plain text that holds what would be its preamble, so that it can be read.
   */
  ensurePart(end: Position): void {
    if (this.content?.kind !== 'multipart' || this.hasParts) return
    const preamble = new OpenPart(this.content.body, 'text/plain')
    preamble.content = { kind: 'leaf', header: plainTextHeader, body: this.content.body }
    this.closePart(preamble, end)
  }

  close(end: Position): Part {
    this.ensurePart(end)
    if (this.content === null) throw new Error('a part was closed before its header was ended')
    const { kind, header, body } = this.content
    const bodyEnd = this.#bodyEnd(end)
    const fields = {
      header: [this.start.offset, body.offset - this.start.offset],
      body: [body.offset, bodyEnd.offset - body.offset],
      // Line ends are counted, so a last line without one is not: as Dovecot and Cyrus answer.
      lines: bodyEnd.lines - body.lines,
      ...header,
    } as const
    if (kind === 'leaf') return { kind, ...fields }
    if (kind === 'multipart') return { kind, ...fields, parts: this.#parts }
    const message = this.#parts[0]
    if (message === undefined || this.envelope === null)
      throw new Error('message part without message')
    return { kind, ...fields, envelope: this.envelope, message }
  }

  /** The line end that a delimiter claims may lie before the body, or before the last part within: then nothing is taken. */
  #bodyEnd(end: Position): Position {
    return later(later(end, this.content?.body ?? this.start), this.#partsEnd)
  }
}

export function later(one: Position, other: Position): Position {
  return other.offset > one.offset ? other : one
}
