// BINARY and BINARY.SIZE: a part without its content transfer encoding. RFC 3516 §4.2, §4.3; RFC 9051 §6.4.5.

import type { Span } from '#shared/mail/message-index.ts'
import { decodePart, isUnencoded, streamDecoded } from '#shared/message/decoded-part.ts'
import type { StoredMessage } from '#shared/message/stored-message.ts'
import {
  CONTENTS_HELD_BYTES_MAX,
  clip,
  clipPieces,
  type ReadContent,
  rawContent,
} from './content.ts'
import type { ContentRequest } from './plan.ts'

type BinaryRequest = ContentRequest & { readonly kind: 'binary' | 'binary.size' }

/** Encoded bytes up to this number are decoded once and kept; of more the size is counted first and they are decoded again. */
export const DECODED_AT_ONCE_MAX = CONTENTS_HELD_BYTES_MAX

/** Fails with UnknownEncoding (RFC 3516 §4.3: the command is answered UNKNOWN-CTE). */
export async function binaryContent(
  message: StoredMessage,
  request: BinaryRequest,
  span: Span,
): Promise<ReadContent> {
  const counts = request.kind === 'binary.size'
  if (isUnencoded(message, request.part)) {
    if (counts) return { kind: 'number', value: span[1] }
    return rawContent(message, clip(span, request.partial), message.index().containsNul)
  }
  if (span[1] > DECODED_AT_ONCE_MAX) return streamPart(message, request, span)
  const pieces = await decodePart(message, request.part, span)
  if (counts) {
    return { kind: 'number', value: pieces.reduce((sum, piece) => sum + piece.length, 0) }
  }
  const content = clipPieces(pieces, request.partial)
  if (content.kind !== 'pieces') return content
  // RFC 3516 §4.2: what holds NUL has to be a literal8.
  return { ...content, binary: content.pieces.some((piece) => piece.includes(0)) }
}

async function streamPart(
  message: StoredMessage,
  request: BinaryRequest,
  span: Span,
): Promise<ReadContent> {
  const decoded = () => streamDecoded(message, request.part, span)
  let all = 0
  for await (const piece of decoded()) all += piece.length
  if (request.kind === 'binary.size') return { kind: 'number', value: all }
  const [offset, bytes] = clip([0, all], request.partial)
  return { kind: 'stream', bytes, open: () => window(decoded(), offset, bytes), binary: true }
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
