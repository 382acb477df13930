// Which bytes of a stored message a section names (RFC 9051 §6.4.5.1), worked out from the indexed part offsets without looking at
// a byte. Offsets count from the first added header field: the index knows only the object, which begins after them.

import type { Part, Span } from '#shared/mail/message-index.ts'
import type { PartPath, Section } from '#shared/mail/section.ts'
import type { StoredMessage } from './stored-message.ts'

/** What is known of a message before its bytes are read; its structure is only asked for where a part is named. */
export type Layout = Pick<StoredMessage, 'addedBytes' | 'headerBytes' | 'size' | 'structure'>

/** Undefined where the message has no such part. */
export function sectionSpan(layout: Layout, section: Section): Span | undefined {
  if (section.part.length === 0) return wholeSpan(layout, section)
  const part = findPart(layout.structure(), section.part)
  const span = part && partSpan(part, section)
  return span && [span[0] + layout.addedBytes, span[1]]
}

/** The part of a path; undefined where the message has none. */
export function findPart(root: Part, path: PartPath): Part | undefined {
  let container: Part | undefined = root
  let found: Part | undefined
  for (const number of path) {
    if (container === undefined) return undefined
    // RFC 9051 §6.4.5.1: every message has at least one part; part 1 of one that is no multipart is its body.
    if (container.kind === 'multipart') found = container.parts[number - 1]
    else found = number === 1 ? container : undefined
    if (found === undefined) return undefined
    container = insideOf(found)
  }
  return found
}

/** What the part numbers below a part count in. */
function insideOf(part: Part): Part | undefined {
  if (part.kind === 'multipart') return part
  return part.kind === 'message' ? part.message : undefined
}

/** Where the content of a part stands, still encoded. */
export function bodySpan(layout: Layout, part: Part): Span {
  return [part.body[0] + layout.addedBytes, part.body[1]]
}

function wholeSpan({ headerBytes, size }: Layout, section: Section): Span {
  switch (section.kind) {
    case 'all':
      return [0, size]
    case 'text':
      return [headerBytes, size - headerBytes]
    // MIME without a part number is no section (RFC 9051 §9); the parser refuses it.
    case 'header':
    case 'header-fields':
    case 'mime':
      return [0, headerBytes]
  }
}

function partSpan(part: Part, section: Section): Span | undefined {
  switch (section.kind) {
    case 'all':
      return part.body
    case 'mime':
      return part.header
    // RFC 9051 §6.4.5.1: HEADER and TEXT with a part number need a part of type MESSAGE.
    case 'header':
    case 'header-fields':
      return part.kind === 'message' ? part.message.header : undefined
    case 'text':
      return part.kind === 'message' ? textOf(part.body, part.message.header) : undefined
  }
}

/** All of an embedded message behind its header. */
function textOf(message: Span, header: Span): Span {
  const start = header[0] + header[1]
  return [start, message[0] + message[1] - start]
}
