// BINARY and BINARY.SIZE: a part without its content transfer encoding. RFC 3516 §4.2, §4.3; RFC 9051 §6.4.5.

import type { ByteString, Span } from '#shared/mail/message-index.ts'
import type { PartPath } from '#shared/mail/section.ts'
import { type TransferDecoder, transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { turns } from '#shared/runtime/turns.ts'
import {
  CONTENTS_HELD_BYTES_MAX,
  clip,
  clipPieces,
  type OpenedMessage,
  type ReadContent,
  rawContent,
} from './content.ts'
import type { MessageSource } from './message-source.ts'
import type { ContentRequest } from './plan.ts'
import { bodySpan, findPart } from './section-span.ts'

/** RFC 3516 §4.3: the command fails with UNKNOWN-CTE. */
export class UnknownEncoding extends Error {
  override readonly name = 'UnknownEncoding'
}

type BinaryRequest = ContentRequest & { readonly kind: 'binary' | 'binary.size' }

/** Encoded bytes up to this number are decoded once and kept; of more the size is counted first and they are decoded again. */
export const DECODED_AT_ONCE_MAX = CONTENTS_HELD_BYTES_MAX

export function binarySpan({ layout, index }: OpenedMessage, path: PartPath): Span | undefined {
  if (path.length === 0) return [0, layout.size]
  const part = findPart(index().structure, path)
  return part && bodySpan(layout, part)
}

/** Fails with UnknownEncoding for a part that nobody can decode. */
export function checkEncoding(message: OpenedMessage, path: PartPath): void {
  decoderOf(encodingOf(message, path))
}

export async function binaryContent(
  message: OpenedMessage,
  request: BinaryRequest,
  span: Span,
): Promise<ReadContent> {
  const { source } = message
  const encoding = encodingOf(message, request.part)
  const counts = request.kind === 'binary.size'
  if (isIdentity(encoding)) {
    if (counts) return { kind: 'number', value: span[1] }
    return rawContent(source, clip(span, request.partial), message.index().containsNul)
  }
  if (span[1] > DECODED_AT_ONCE_MAX) return streamed(source, request, span, encoding)
  const decoder = decoderOf(encoding)
  const pieces = (await source.pieces(span)).map((piece) => decoder.push(piece))
  pieces.push(decoder.finish())
  if (counts) {
    return { kind: 'number', value: pieces.reduce((sum, piece) => sum + piece.length, 0) }
  }
  const content = clipPieces(pieces, request.partial)
  if (content.kind !== 'pieces') return content
  // RFC 3516 §4.2: what holds NUL has to be a literal8.
  return { ...content, binary: content.pieces.some((piece) => piece.includes(0)) }
}

async function streamed(
  source: MessageSource,
  request: BinaryRequest,
  span: Span,
  encoding: ByteString,
): Promise<ReadContent> {
  let all = 0
  for await (const piece of decoded(source.stream(span), decoderOf(encoding))) all += piece.length
  if (request.kind === 'binary.size') return { kind: 'number', value: all }
  const [offset, bytes] = clip([0, all], request.partial)
  return {
    kind: 'stream',
    bytes,
    open: () => window(decoded(source.stream(span), decoderOf(encoding)), offset, bytes),
    binary: true,
  }
}

async function* decoded(
  encoded: AsyncIterable<Uint8Array>,
  decoder: TransferDecoder,
): AsyncGenerator<Uint8Array> {
  for await (const piece of encoded) {
    const wait = turns.step()
    if (wait !== undefined) await wait
    yield decoder.push(piece)
  }
  yield decoder.finish()
}

async function* window(
  pieces: AsyncIterable<Uint8Array>,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  let skip = offset
  let left = length
  if (left === 0) return
  for await (const piece of pieces) {
    if (skip >= piece.length) {
      skip -= piece.length
      continue
    }
    const part = piece.subarray(skip, skip + left)
    skip = 0
    left -= part.length
    if (part.length > 0) yield part
    if (left === 0) return
  }
}

/** RFC 2045 §6.4: a multipart has no encoding of its own, whatever it says; nor has the message as a whole. */
function encodingOf({ index }: OpenedMessage, path: PartPath): ByteString {
  const part = path.length === 0 ? undefined : findPart(index().structure, path)
  return part === undefined || part.kind === 'multipart' ? 'binary' : part.encoding
}

const isIdentity = (encoding: ByteString) =>
  encoding === '7bit' || encoding === '8bit' || encoding === 'binary'

function decoderOf(encoding: ByteString): TransferDecoder {
  const decoder = transferDecoder(encoding)
  if (decoder === undefined) throw new UnknownEncoding(encoding)
  return decoder
}
