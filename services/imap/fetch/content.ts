// What FETCH takes out of a message's bytes: small contents in memory, large ones as a stream, many of them one after the other.

import type { Partial } from '#shared/imap/section.ts'
import type { ByteString, Span } from '#shared/mail/message-index.ts'
import { type StoredMessage, slicePieces } from '#shared/message/stored-message.ts'

export type Content =
  /** The message has no such part. */
  | { readonly kind: 'nil' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly text: ByteString }
  /** As it stands in the answer. */
  | { readonly kind: 'raw'; readonly text: string }
  | {
      readonly kind: 'pieces'
      readonly bytes: number
      readonly pieces: readonly Uint8Array[]
      /** To be sent as literal8. */
      readonly binary: boolean
    }
  | {
      readonly kind: 'stream'
      readonly bytes: number
      readonly open: () => AsyncIterable<Uint8Array>
      readonly binary: boolean
    }
  | Deferred

/** Read when all before it has been sent: together they would be too much to hold. */
export type Deferred = { readonly kind: 'deferred'; readonly read: () => Promise<ReadContent> }

/** What can be written as it is. */
export type ReadContent = Exclude<Content, Deferred>

/** Up to this size bytes are read at once and kept until they are sent. */
export const HELD_BYTES_MAX = 64 * 1024
/** Contents of one message that are read before it is answered; the others wait until their turn comes. */
export const CONTENTS_HELD_BYTES_MAX = 256 * 1024

/** Bytes as they are; in a literal without NUL. */
export async function rawContent(
  message: StoredMessage,
  span: Span,
  binary = false,
): Promise<ReadContent> {
  const bytes = span[1]
  if (bytes <= HELD_BYTES_MAX) {
    const pieces = await message.pieces(span)
    return { kind: 'pieces', bytes, pieces: binary ? pieces : pieces.map(withoutNul), binary }
  }
  await message.check()
  const open = () => (binary ? message.stream(...span) : streamWithoutNul(message.stream(...span)))
  return { kind: 'stream', bytes, open, binary }
}

/**
 * literal = "{" number64 ["+"] "}" CRLF *CHAR8, CHAR8 = %x01-ff (RFC 9051 §9): only a literal8 may hold NUL. As Dovecot, a NUL in
 * what is no literal8 is sent as 0x80, so that lengths stay; BINARY tells the truth.
 */
export function withoutNul(piece: Uint8Array): Uint8Array {
  if (!piece.includes(0)) return piece
  // Copied: others may hold the piece too.
  const copy = Uint8Array.from(piece)
  for (let at = copy.indexOf(0); at < copy.length; at++) if (copy[at] === 0) copy[at] = NUL_AS
  return copy
}

async function* streamWithoutNul(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) yield withoutNul(piece)
}

const NUL_AS = 0x80

/** What a partial leaves of a range; beyond the end nothing (RFC 9051 §6.4.5). */
export function clip([offset, length]: Span, partial: Partial | null): Span {
  if (partial === null) return [offset, length]
  const start = Math.min(partial.offset, length)
  return [offset + start, Math.min(partial.length, length - start)]
}

/** The same of bytes in memory. */
export function clipPieces(pieces: readonly Uint8Array[], partial: Partial | null): ReadContent {
  const all = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const span = clip([0, all], partial)
  return { kind: 'pieces', bytes: span[1], pieces: slicePieces(pieces, span), binary: false }
}
