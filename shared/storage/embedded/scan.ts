// Walks a range of keys forwards or backwards. Bounds are compared here rather than handed to lmdb, so that both directions
// end exactly where DynamoDB's would.

import { Buffer } from 'node:buffer'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { Bytes } from './environment.ts'
import type { Bounds } from './keys.ts'

export type Entry = { readonly key: Uint8Array; readonly value: Uint8Array }

export type Scan = Bounds & {
  readonly reverse?: boolean
  /** Begins behind this key. */
  readonly after?: Buffer | undefined
}

export function* scan(database: Bytes, { lower, upper, reverse = false, after }: Scan) {
  const start = after ?? (reverse ? upper : lower)
  for (const { key, value } of database.getRange({ start, reverse })) {
    if (reverse ? Buffer.compare(key, lower) < 0 : Buffer.compare(key, upper) >= 0) return
    if (after !== undefined && asBuffer(key).equals(after)) continue
    yield { key, value } satisfies Entry
  }
}
