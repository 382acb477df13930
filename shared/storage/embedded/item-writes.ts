// Writes of one table inside an lmdb transaction: read what is stored, decide every condition, compute every result and
// only then write items, index entries and expiry entries.

import { applyChanges } from '../changes.ts'
import { holds } from '../condition.ts'
import { checkItem, keyOfWrite } from '../limits.ts'
import { type Item, type Key, StorageMisuse, type TableLayout, type Write } from '../ports.ts'
import { keyBytes } from './keys.ts'
import type { NewItem, TableFiles } from './table-files.ts'
import { encodeItem } from './values.ts'

export type Prepared = { readonly write: Write; readonly key: Key; readonly bytes: Uint8Array }

export type Failed = readonly { readonly position: number; readonly item: Item | undefined }[]

export type Outcome =
  | { readonly kind: 'written'; readonly items: readonly (Item | undefined)[] }
  | { readonly kind: 'failed'; readonly failed: Failed }
  | { readonly kind: 'misuse'; readonly error: StorageMisuse }

export function prepare(write: Write): Prepared {
  const key = keyOfWrite(write)
  return { write, key, bytes: keyBytes(key) }
}

/**
 * Runs inside a transaction; writes nothing unless the outcome is `written`. Everything that can throw (a result beyond the
 * limits, an encoding) comes before the first write.
 */
export function applyWrites(files: TableFiles, writes: readonly Prepared[]): Outcome {
  const stored = writes.map(({ key, bytes }) => files.read(key, bytes))
  const failed = failures(writes, stored)
  if (failed.length > 0) return { kind: 'failed', failed }
  let results: Result[]
  try {
    results = writes.map(({ write }, position) => resultOf(write, stored[position], files.layout))
  } catch (error) {
    if (error instanceof StorageMisuse) return { kind: 'misuse', error }
    throw error
  }
  for (const [position, { write, bytes }] of writes.entries()) {
    if (!('check' in write)) files.replace(bytes, stored[position], results[position])
  }
  return { kind: 'written', items: results.map((result) => result?.item) }
}

function failures(writes: readonly Prepared[], stored: readonly (Item | undefined)[]): Failed {
  const failed: { position: number; item: Item | undefined }[] = []
  for (const [position, { write }] of writes.entries()) {
    const item = stored[position]
    if (write.if !== undefined && !holds(write.if, item)) failed.push({ position, item })
  }
  return failed
}

type Result = NewItem | undefined

function resultOf(write: Write, stored: Item | undefined, layout: TableLayout): Result {
  if ('put' in write) return encode(write.put)
  if (!('update' in write)) return undefined
  return encode(checkItem(applyChanges(stored, write.update, write.changes), layout))
}

function encode(item: Item): NewItem {
  return { item, value: encodeItem(item) }
}
