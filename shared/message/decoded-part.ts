// A part without its content transfer encoding: RFC 2045 §6.

import type { ByteString, Span } from '#shared/mail/message-index.ts'
import type { PartPath } from '#shared/mail/section.ts'
import { type TransferDecoder, transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { turns } from '#shared/runtime/turns.ts'
import { bodySpan, findPart } from './section-span.ts'
import type { StoredMessage } from './stored-message.ts'

/** Nobody can decode the part (RFC 2045 §6.3: an encoding that is not one of five). */
export class UnknownEncoding extends Error {
  override readonly name = 'UnknownEncoding'
}

/** Where a part stands, still encoded; [] is the message as a whole. Undefined where the message has no such part. */
export function partSpan(message: StoredMessage, path: PartPath): Span | undefined {
  if (path.length === 0) return [0, message.size]
  const part = findPart(message.structure(), path)
  return part && bodySpan(message, part)
}

/** Whether the part's bytes stand in the message as they are. */
export function isUnencoded(message: StoredMessage, path: PartPath): boolean {
  const encoding = encodingOf(message, path)
  return encoding === '7bit' || encoding === '8bit' || encoding === 'binary'
}

/** Throws UnknownEncoding for a part that nobody can decode. */
export function checkEncoding(message: StoredMessage, path: PartPath): void {
  decoderOf(message, path)
}

/** The bytes of the part at `span`, all in memory. Fails with UnknownEncoding and MessageLost. */
export async function decodePart(
  message: StoredMessage,
  path: PartPath,
  span: Span,
): Promise<Uint8Array[]> {
  const decoder = decoderOf(message, path)
  const pieces = (await message.pieces(span)).map((piece) => decoder.push(piece))
  pieces.push(decoder.finish())
  return pieces
}

/** The same with bounded memory, and turns for others between the pieces. */
export async function* streamDecoded(
  message: StoredMessage,
  path: PartPath,
  span: Span,
): AsyncGenerator<Uint8Array> {
  const decoder = decoderOf(message, path)
  for await (const piece of message.stream(...span)) {
    const wait = turns.step()
    if (wait !== undefined) await wait
    yield decoder.push(piece)
  }
  yield decoder.finish()
}

/** RFC 2045 §6.4: a multipart has no encoding of its own, whatever it says; nor has the message as a whole. */
function encodingOf(message: StoredMessage, path: PartPath): ByteString {
  const part = path.length === 0 ? undefined : findPart(message.structure(), path)
  return part === undefined || part.kind === 'multipart' ? 'binary' : part.encoding
}

function decoderOf(message: StoredMessage, path: PartPath): TransferDecoder {
  const encoding = encodingOf(message, path)
  const decoder = transferDecoder(encoding)
  if (decoder === undefined) throw new UnknownEncoding(encoding)
  return decoder
}
