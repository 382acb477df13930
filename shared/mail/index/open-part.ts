// A part whose end has not been reached yet, and what it becomes at its end.

import type { Envelope, Part } from '../message-index.ts'
import type { DefaultType, PartHeader } from './part-header.ts'
import { plainTextHeader } from './part-header.ts'

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
  readonly headerOffset: number
  readonly defaultType: DefaultType
  /** Null while the header is being read. */
  content: Content | null = null
  /** Parts of a multipart that have ended, or the message of a message part. */
  readonly parts: Part[] = []
  /** Of the message of a message part. */
  envelope: Envelope | null = null

  constructor(headerOffset: number, defaultType: DefaultType) {
    this.headerOffset = headerOffset
    this.defaultType = defaultType
  }

  /**
   * A multipart must have parts (RFC 2046 §5.1.1, RFC 9051 body-type-mpart). One without any, be it that its boundary is
   * missing or never comes, gets one of plain text that holds what would be its preamble, so that it can be read.
   */
  ensurePart(end: Position): void {
    if (this.content?.kind !== 'multipart' || this.parts.length > 0) return
    const { body } = this.content
    this.parts.push({
      kind: 'leaf',
      ...extent(body.offset, body, end.offset, end),
      ...plainTextHeader,
    })
  }

  close(end: Position): Part {
    if (this.content === null) throw new Error('a part was closed before its header was ended')
    this.ensurePart(end)
    const { kind, header, body } = this.content
    const fields = { ...extent(this.headerOffset, body, this.#partsEnd(), end), ...header }
    if (kind === 'leaf') return { kind, ...fields }
    if (kind === 'multipart') return { kind, ...fields, parts: this.parts }
    const message = this.parts[0]
    if (message === undefined || this.envelope === null)
      throw new Error('message part without message')
    return { kind, ...fields, envelope: this.envelope, message }
  }

  #partsEnd(): number {
    const last = this.parts.at(-1)
    return last === undefined ? 0 : last.body[0] + last.body[1]
  }
}

/** The line end before a boundary may lie before the body, or in the header of the last part within: then nothing is taken. */
function extent(headerOffset: number, body: Position, partsEnd: number, end: Position) {
  const bodyEnd = Math.max(end.offset, body.offset, partsEnd)
  return {
    header: [headerOffset, body.offset - headerOffset],
    body: [body.offset, bodyEnd - body.offset],
    lines: Math.max(0, end.lines - body.lines),
  } as const
}
