// A message for a host without 8BITMIME: bodies with 8-bit bytes become quoted-printable, as Postfix does it (RFC 6152 §3 leaves that or
// returning it). Deliberately also where a part is not called 8bit, which Postfix sends as it is: a host may take the eighth bit away.
// Signatures of such a body do not survive; the text does. What cannot be converted leaves as it is: 8-bit header fields, a
// multipart or message that the index took for a leaf, a part without a header. Also finds out whether header fields have 8-bit
// bytes, for RFC 6532's sake.
//
// Implementation notes: the structure says where everything is, so nothing is parsed but the header fields of a part that is converted.
// The message is read twice, the first time to see which parts need it.

import { isAscii } from 'node:buffer'
import { HEADER_INDEXED_BYTES_MAX, type Part } from '#shared/mail/message-index.ts'
import { QuotedPrintableEncoder } from '#shared/mail/quoted-printable.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { OutboundStep, ReadMessage } from './outbound-form.ts'

type Range = {
  readonly kind: 'header' | 'body'
  readonly start: number
  readonly end: number
  readonly part: Part
}

/** Header fields of the message or of a part in it with bytes beyond ASCII. */
export async function hasEightBitHeader(read: ReadMessage, structure: Part): Promise<boolean> {
  const headers = rangesOf(structure).filter(({ kind }) => kind === 'header')
  for await (const { range, bytes } of pieces(read(headers.at(-1)?.end ?? 0), headers)) {
    if (range !== undefined && !isAscii(bytes)) return true
  }
  return false
}

/**
 * A step of what leaves, for an object with 8-bit bytes. Deliberately it says nothing of the size, which nobody knows before all is
 * encoded: a host is told that of the message as it is.
 */
export function convertTo7Bit(structure: Part): OutboundStep {
  return (form, { eightBit }) =>
    eightBit ? form : { ...form, object: () => toSevenBit(form.object, structure) }
}

export async function* toSevenBit(
  read: ReadMessage,
  structure: Part,
): AsyncGenerator<Uint8Array, void> {
  const ranges = rangesOf(structure)
  const plan = makePlan(structure, await eightBitBodies(read, ranges))
  const roots = new Set(rootsOf(structure))
  const changed = ranges.filter(({ kind, part }) =>
    kind === 'header' ? plan.has(part) : plan.get(part) === 'quoted-printable',
  )
  let current: Range | undefined
  let header: Buffer[] = []
  let encoder = new QuotedPrintableEncoder()
  const ended = () => {
    const last = current
    current = undefined
    if (last?.kind === 'body') return encoder.finish()
    const encoding = last && plan.get(last.part)
    if (last === undefined || encoding === undefined) return undefined
    return withEncoding(Buffer.concat(header), encoding, roots.has(last.part))
  }
  for await (const { range, bytes } of pieces(read(), changed)) {
    if (range !== current) {
      const rest = ended()
      if (rest !== undefined) yield rest
      current = range
      header = []
      encoder = new QuotedPrintableEncoder()
    }
    if (range === undefined) yield bytes
    else if (range.kind === 'header') header.push(Buffer.from(bytes))
    else yield encoder.push(bytes)
  }
  const rest = ended()
  if (rest !== undefined) yield rest
}

/** Headers and bodies of leaves, in the order of the message; what overlaps is left out. */
function rangesOf(structure: Part): readonly Range[] {
  const ranges: Range[] = []
  let cursor = 0
  const add = (kind: Range['kind'], [offset, length]: Part['header'], part: Part) => {
    if (length === 0 || offset < cursor) return
    cursor = offset + length
    ranges.push({ kind, start: offset, end: cursor, part })
  }
  // As deep as PART_DEPTH_MAX.
  const visit = (part: Part) => {
    add('header', part.header, part)
    if (part.kind === 'leaf') add('body', part.body, part)
    if (part.kind === 'multipart') for (const child of part.parts) visit(child)
    if (part.kind === 'message') visit(part.message)
  }
  visit(structure)
  return ranges
}

/** What has a header of a message, with MIME-Version. */
function rootsOf(root: Part): readonly Part[] {
  const messagesIn = (part: Part): readonly Part[] => {
    if (part.kind === 'message') return rootsOf(part.message)
    return part.kind === 'multipart' ? part.parts.flatMap(messagesIn) : []
  }
  return [root, ...messagesIn(root)]
}

async function eightBitBodies(
  read: ReadMessage,
  ranges: readonly Range[],
): Promise<ReadonlySet<Part>> {
  const found = new Set<Part>()
  const bodies = ranges.filter(({ kind }) => kind === 'body')
  for await (const { range, bytes } of pieces(read(), bodies)) {
    if (range !== undefined && !found.has(range.part) && !isAscii(bytes)) found.add(range.part)
  }
  return found
}

/** The source's bytes, cut where a range begins or ends. */
async function* pieces(
  source: AsyncIterable<Uint8Array>,
  ranges: readonly Range[],
): AsyncGenerator<{ readonly range: Range | undefined; readonly bytes: Uint8Array }, void> {
  let next = 0
  let offset = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      while ((ranges[next]?.end ?? Number.POSITIVE_INFINITY) <= offset) next += 1
      const range = ranges[next]
      const inside = range !== undefined && range.start <= offset
      const border = (inside ? range.end : range?.start) ?? Number.POSITIVE_INFINITY
      const length = Math.min(chunk.length - at, border - offset, PIECE_BYTES_MAX)
      yield { range: inside ? range : undefined, bytes: chunk.subarray(at, at + length) }
      at += length
      offset += length
      const wait = turns.step()
      if (wait) await wait
    }
  }
}

/** A few milliseconds of work at most. */
const PIECE_BYTES_MAX = 64 * 1024

type NewEncoding = 'quoted-printable' | '7bit'

/** What parts are called afterwards that change: bodies that are encoded, and what holds them and was 8bit or binary. */
function makePlan(structure: Part, eightBit: ReadonlySet<Part>): ReadonlyMap<Part, NewEncoding> {
  const plan = new Map<Part, NewEncoding>()
  /** Whether nothing in it is 8-bit afterwards. */
  const visit = (part: Part): boolean => {
    if (part.kind === 'leaf') {
      if (!eightBit.has(part)) return true
      if (!isConvertible(part)) return false
      plan.set(part, 'quoted-printable')
      return true
    }
    const parts = part.kind === 'multipart' ? part.parts : [part.message]
    const isClean = parts.map(visit).every(Boolean)
    const isCalledMore = part.encoding === '8bit' || part.encoding === 'binary'
    if (isClean && isCalledMore && hasBoundedHeader(part)) plan.set(part, '7bit')
    return isClean
  }
  visit(structure)
  return plan
}

/** RFC 2046 §5.2.2, §5.2.3 and RFC 2045 §6.4: composite types, and parts of messages, take no such encoding. */
function isConvertible(part: Part): boolean {
  const { type, encoding } = part
  const isComposite = type === 'multipart' || type === 'message'
  return !isComposite && /^(?:7bit|8bit|binary)$/.test(encoding) && hasBoundedHeader(part)
}

function hasBoundedHeader({ header: [, length] }: Part): boolean {
  return length > 0 && length <= HEADER_INDEXED_BYTES_MAX
}

const ENCODING = 'content-transfer-encoding:'
const VERSION = 'mime-version:'

/** The header with another Content-Transfer-Encoding, where the first one stood or at its end. */
function withEncoding(header: Buffer, encoding: NewEncoding, isMessage: boolean): Buffer {
  const field = `Content-Transfer-Encoding: ${encoding}\r\n`
  let text = ''
  let isPlaced = false
  let hasVersion = false
  let isDropped = false
  // Text that ended the header may look like a field once it is encoded.
  let end = encoding === 'quoted-printable' ? '\r\n' : ''
  for (const line of linesOf(header.toString('latin1'))) {
    if (line === '\r\n' || line === '\n') {
      end = line
      break
    }
    if (!/^[ \t]/.test(line)) {
      isDropped = line.slice(0, ENCODING.length).toLowerCase() === ENCODING
      hasVersion ||= line.slice(0, VERSION.length).toLowerCase() === VERSION
      if (isDropped && !isPlaced) text += field
      isPlaced ||= isDropped
    }
    if (!isDropped) text += line
  }
  if (!isPlaced) text += field
  if (isMessage && !hasVersion) text += 'MIME-Version: 1.0\r\n'
  return Buffer.from(text + end, 'latin1')
}

/** With their line ends. */
function linesOf(text: string): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) + 1 || text.length
    lines.push(text.slice(at, end))
    at = end
  }
  return lines
}
