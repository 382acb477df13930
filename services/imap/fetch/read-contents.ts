// Reads what FETCH takes out of one message's bytes. First it is worked out which bytes are needed, so that all items share one
// read where that is small. What would be much to hold is read later, one content after the other.

import type { Partial } from '#shared/imap/section.ts'
import { HEADER_INDEXED_BYTES_MAX, type Span } from '#shared/mail/message-index.ts'
import { checkEncoding, partSpan } from '#shared/message/decoded-part.ts'
import {
  type FieldSelection,
  HELD_BYTES_PER_HEADER_BYTE,
  type IndexedHeader,
  indexHeader,
} from '#shared/message/header-subset.ts'
import { threadId } from '#shared/message/object-ids.ts'
import { previewSpan, readPreview } from '#shared/message/preview.ts'
import { sectionSpan } from '#shared/message/section-span.ts'
import type { StoredMessage } from '#shared/message/stored-message.ts'
import { binaryContent, DECODED_AT_ONCE_MAX } from './binary.ts'
import {
  CONTENTS_HELD_BYTES_MAX,
  type Content,
  clip,
  HELD_BYTES_MAX,
  type ReadContent,
  rawContent,
  withoutNul,
} from './content.ts'
import type { ContentRequest, Item } from './plan.ts'

export type ReadContents = {
  /** By the position of the items; undefined for those that need no bytes. */
  readonly contents: readonly (Content | undefined)[]
  /** What has to be held while the deferred ones are read and sent, one at a time; 0 where there are none. */
  readonly deferredBytes: number
}

export async function readContents(
  message: StoredMessage,
  items: readonly Item[],
  { withoutPreview }: { readonly withoutPreview: boolean },
): Promise<ReadContents> {
  const requests = items.map((item) => (item.kind === 'content' ? item.request : undefined))
  const spans = requests.map((request) =>
    request === undefined || (withoutPreview && request.kind === 'preview')
      ? undefined
      : neededSpan(message, request),
  )
  const joined = join(spans)
  const shared = joined !== undefined && joined[1] <= HELD_BYTES_MAX
  if (shared) await message.hold(joined)
  const headers = new IndexedHeaders(message)
  const contents: (Content | undefined)[] = []
  let heldBytes = 0
  let deferredBytes = 0
  for (const [i, request] of requests.entries()) {
    if (request === undefined) {
      contents.push(undefined)
      continue
    }
    const span = spans[i]
    if (withoutPreview && request.kind === 'preview') {
      contents.push(nil)
      continue
    }
    const read = async () => readContent(message, request, span, headers)
    const bytes = bytesHeld(request, span, shared)
    if (heldBytes + bytes <= CONTENTS_HELD_BYTES_MAX) {
      heldBytes += bytes
      contents.push(await read())
      continue
    }
    if (request.kind === 'binary') checkEncoding(message, request.part)
    if (deferredBytes === 0) await message.check()
    deferredBytes = Math.max(deferredBytes, bytes)
    contents.push({ kind: 'deferred', read })
  }
  return { contents, deferredBytes }
}

/** Bytes in memory between the reading of a content and its sending, streams aside. `shared` bytes are there already. */
function bytesHeld(request: ContentRequest, span: Span | undefined, shared: boolean): number {
  if (span === undefined) return 0
  const bytes = span[1]
  switch (request.kind) {
    case 'section':
      if (request.fields !== null) {
        return bytes <= HELD_BYTES_MAX ? bytes : bytes * HELD_BYTES_PER_HEADER_BYTE
      }
      return shared || bytes > HELD_BYTES_MAX ? 0 : bytes
    case 'binary':
      return bytes > DECODED_AT_ONCE_MAX ? 0 : bytes
    case 'binary.size':
      return 0
    case 'preview':
    case 'threadid':
      return bytes
  }
}

function neededSpan(message: StoredMessage, request: ContentRequest): Span | undefined {
  switch (request.kind) {
    case 'section': {
      const span = sectionSpan(message, request.section)
      return span && (request.fields === null ? clip(span, request.partial) : span)
    }
    case 'binary':
    case 'binary.size':
      return partSpan(message, request.part)
    case 'preview':
      return previewSpan(message)
    case 'threadid':
      return headerSpan(message)
  }
}

function readContent(
  message: StoredMessage,
  request: ContentRequest,
  span: Span | undefined,
  headers: IndexedHeaders,
): Promise<ReadContent> | ReadContent {
  if (request.kind === 'preview') return previewContent(message)
  if (request.kind === 'threadid') return threadIdContent(message, span ?? headerSpan(message))
  if (span === undefined) {
    return request.kind === 'binary.size' ? { kind: 'number', value: 0 } : nil
  }
  if (request.kind !== 'section') return binaryContent(message, request, span)
  const { fields, partial } = request
  if (fields === null) return rawContent(message, span)
  return headers.subset(span, fields, partial)
}

/** Of the object: what was added to it for one recipient has no part in it. */
function headerSpan({ addedBytes, headerBytes }: StoredMessage): Span {
  return [addedBytes, Math.min(headerBytes - addedBytes, HEADER_INDEXED_BYTES_MAX)]
}

async function threadIdContent(message: StoredMessage, span: Span): Promise<ReadContent> {
  const header = Buffer.concat(await message.pieces(span)).toString('latin1')
  return { kind: 'raw', text: `(${threadId(header, message.index().envelope, message.blobId)})` }
}

/** RFC 8970 §3.2: an empty string where there is nothing to show. */
async function previewContent(message: StoredMessage): Promise<ReadContent> {
  const text = await readPreview(message)
  return { kind: 'string', text: Buffer.from(text, 'utf8').toString('latin1') }
}

/** The header that was looked at last: as a rule all items of a command name the same. */
class IndexedHeaders {
  readonly #message: StoredMessage
  #offset = -1
  #last: Promise<IndexedHeader> | undefined

  constructor(message: StoredMessage) {
    this.#message = message
  }

  async subset(span: Span, fields: FieldSelection, partial: Partial | null): Promise<ReadContent> {
    if (this.#offset !== span[0] || this.#last === undefined) {
      this.#offset = span[0]
      this.#last = indexHeader(this.#message, span, fields.all)
    }
    const subset = await (await this.#last).subset(fields)
    const [offset, bytes] = clip([0, subset.length], partial)
    const piece = withoutNul(subset.subarray(offset, offset + bytes))
    return { kind: 'pieces', bytes, pieces: [piece], binary: false }
  }
}

function join(spans: readonly (Span | undefined)[]): Span | undefined {
  let start = Number.POSITIVE_INFINITY
  let end = 0
  for (const span of spans) {
    if (span === undefined || span[1] === 0) continue
    start = Math.min(start, span[0])
    end = Math.max(end, span[0] + span[1])
  }
  return end > 0 ? [start, end - start] : undefined
}

const nil: ReadContent = { kind: 'nil' }
