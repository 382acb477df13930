// Bytes in DynamoDB are paid by the kilobyte, and the largest thing in most items is the index of a message: packed, the items of an
// ordinary message stay below the first step. The first byte says how the rest is packed.

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { ITEM_BYTES_MAX } from '../ports.ts'

const PLAIN = 0
const DEFLATED = 1

/** Shorter ones would hardly shrink. */
const PACKED_FROM_BYTES = 64
/** Small memory, because a context is made for each; windows above the usual length of an index bring nothing. */
const settings = { level: 9, memLevel: 5, windowBits: 11 } as const

/**
 * What occurs in most indexes, the most frequent at the end (RFC 1950 §2.2). Deliberately never changed: what was packed with it
 * can only be read with it. A better one would be another first byte.
 */
const dictionary = Buffer.from(
  'text/html; charset=utf-8us-asciiiso-8859-1boundary----=_Part_ multipart/mixed multipart/alternative multipart/related application/octet-stream application/pdf image/png image/jpeg message/rfc822 attachment inline filename name 7bit 8bit quoted-printable base64 alternativemixedrelatedapplicationpdfimagejpegpngmultiparttexthtmlplaincharsetUTF-8utf-8 Re: Fwd: .com .org .net @gmail.com <>',
)

export function packBytes(bytes: Uint8Array): Uint8Array {
  const packed =
    bytes.length < PACKED_FROM_BYTES ? bytes : deflateRawSync(bytes, { ...settings, dictionary })
  return packed.length < bytes.length
    ? Buffer.concat([Buffer.of(DEFLATED), packed])
    : Buffer.concat([Buffer.of(PLAIN), bytes])
}

export function unpackBytes(stored: Uint8Array): Uint8Array {
  const rest = stored.subarray(1)
  switch (stored[0]) {
    case PLAIN:
      return rest
    case DEFLATED:
      return inflateRawSync(rest, { ...settings, dictionary, maxOutputLength: ITEM_BYTES_MAX })
    default:
      throw new Error(`bytes packed in an unknown way: ${stored[0]}`)
  }
}
