// Reads what FETCH takes out of one message's bytes. First it is worked out which bytes are needed, so that all items share one
// read where that is small.

import type { Span } from '#shared/mail/message-index.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { binaryContent, binarySpan } from './binary.ts'
import { type Content, clip, HELD_BYTES_MAX, type OpenedMessage, rawContent } from './content.ts'
import { headerSubset } from './header-subset.ts'
import type { MessageSource } from './message-source.ts'
import type { ContentRequest, Item } from './plan.ts'
import { previewContent, previewSpan } from './preview.ts'
import { sectionSpan } from './section-span.ts'

/** By the position of the items; undefined for those that need no bytes. */
export async function readContents(
  message: OpenedMessage,
  items: readonly Item[],
  { withoutPreview }: { readonly withoutPreview: boolean },
): Promise<readonly (Content | undefined)[]> {
  const requests = items.map((item) => (item.kind === 'content' ? item.request : undefined))
  const spans = requests.map((request) =>
    request === undefined || (withoutPreview && request.kind === 'preview')
      ? undefined
      : neededSpan(message, request),
  )
  const joined = join(spans)
  if (joined !== undefined && joined[1] <= HELD_BYTES_MAX) await message.source.hold(joined)
  const contents: (Content | undefined)[] = []
  for (const [i, request] of requests.entries()) {
    if (request === undefined) contents.push(undefined)
    else if (request.kind !== 'preview')
      contents.push(await readContent(message, request, spans[i]))
    else contents.push(withoutPreview ? nil : await previewContent(message, spans[i]))
  }
  return contents
}

function neededSpan(message: OpenedMessage, request: ContentRequest): Span | undefined {
  switch (request.kind) {
    case 'section': {
      const span = sectionSpan(message.layout, request.section)
      return span && (request.fields === null ? clip(span, request.partial) : span)
    }
    case 'binary':
    case 'binary.size':
      return binarySpan(message, request.part)
    case 'preview':
      return previewSpan(message)
  }
}

function readContent(
  message: OpenedMessage,
  request: Exclude<ContentRequest, { readonly kind: 'preview' }>,
  span: Span | undefined,
): Promise<Content> | Content {
  if (span === undefined) {
    return request.kind === 'binary.size' ? { kind: 'number', value: 0 } : nil
  }
  if (request.kind !== 'section') return binaryContent(message, request, span)
  return request.fields === null
    ? rawContent(message.source, span)
    : subsetContent(message.source, span, request)
}

async function subsetContent(
  source: MessageSource,
  span: Span,
  { fields, partial }: ContentRequest & { readonly kind: 'section' },
): Promise<Content> {
  const pieces = await source.pieces(span)
  const header = pieces.map((piece) => asBuffer(piece).toString('latin1')).join('')
  const subset = fields === null ? header : headerSubset(header, fields)
  const [offset, length] = clip([0, subset.length], partial)
  const bytes = Buffer.from(subset.slice(offset, offset + length), 'latin1')
  return { kind: 'pieces', bytes: bytes.length, pieces: [bytes], binary: false }
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

const nil: Content = { kind: 'nil' }
