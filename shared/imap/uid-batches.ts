// UIDBATCHES: RFC 10022 §3. uidbatches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]

import type { Cursor } from './cursor.ts'

export type UidBatchesArguments = {
  /** Messages of one batch. */
  readonly size: number
  /** Which batches, from 1, counted from the newest messages; null is all. */
  readonly batches: { readonly first: number; readonly last: number } | null
}

/** From after "UIDBATCHES" SP. */
export function parseUidBatchesArguments(cursor: Cursor): UidBatchesArguments {
  const size = cursor.nzNumber()
  if (cursor.endsAfterSpaces()) return { size, batches: null }
  cursor.space()
  const one = cursor.nzNumber()
  cursor.expect(':')
  const other = cursor.nzNumber()
  return { size, batches: { first: Math.min(one, other), last: Math.max(one, other) } }
}
