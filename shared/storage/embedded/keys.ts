// Keys as bytes: utf8(pk) NUL utf8(sk), so that lmdb's byte order is DynamoDB's order of sort keys. Neither part contains
// NUL and UTF-8 never contains 0xFF, which makes exact bounds of every range possible without knowing the next key.

import { Buffer } from 'node:buffer'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { type Key, type SortRange, StorageMisuse } from '../ports.ts'

const AFTER_EVERY_TEXT = '\u00ff'

export function keyBytes(key: Key): Buffer {
  return Buffer.from(`${key.pk}\0${key.sk}`)
}

/** The key that `keyBytes` made these bytes of. */
export function keyOfBytes(bytes: Uint8Array): Key {
  const buffer = asBuffer(bytes)
  const end = buffer.indexOf(0)
  return { pk: buffer.toString('utf8', 0, end), sk: buffer.toString('utf8', end + 1) }
}

/** The second text of a key whose first has this many bytes. */
export function textAfter(bytes: Uint8Array, firstBytes: number): string {
  return asBuffer(bytes).toString('utf8', firstBytes + 1)
}

/** Keys from `lower` (inclusive) to `upper` (never itself a key). */
export type Bounds = { readonly lower: Buffer; readonly upper: Buffer }

export function boundsOf(pk: string, range: SortRange | undefined): Bounds {
  const partition = Buffer.from(`${pk}\0`)
  if (range === undefined) return bounds(partition, '', '')
  if ('prefix' in range) return bounds(partition, range.prefix, range.prefix)
  const lower = Buffer.concat([partition, Buffer.from(range.from ?? '')])
  // `to` itself, and in an index every entry with `to`, is below `to NUL 0xFF`; the next longer text is above it.
  const end = range.to === undefined ? '' : `${range.to}\0`
  return { lower, upper: upperBound(partition, end) }
}

function bounds(partition: Buffer, from: string, prefix: string): Bounds {
  return {
    lower: Buffer.concat([partition, Buffer.from(from)]),
    upper: upperBound(partition, prefix),
  }
}

function upperBound(partition: Buffer, text: string): Buffer {
  return Buffer.concat([partition, Buffer.from(text), Buffer.from(AFTER_EVERY_TEXT, 'latin1')])
}

/** Paging tokens name the last key of the page. */
export function tokenOf(key: Uint8Array): string {
  return asBuffer(key).toString('base64url')
}

export function keyOfToken(token: string, within: Bounds): Buffer {
  const key = Buffer.from(token, 'base64url')
  if (Buffer.compare(key, within.lower) < 0 || Buffer.compare(key, within.upper) >= 0) {
    throw new StorageMisuse('a paging token of another query')
  }
  return key
}
