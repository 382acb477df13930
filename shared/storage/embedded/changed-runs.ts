// Items of a table in runs that end where their keys say, so that what is the same as when it was read before is known without decoding it: a
// run whose bytes have the digest of before is left out. Some hundred items make a run.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Item, Key } from '../ports.ts'
import { keyOfBytes } from './keys.ts'
import type { RawEntry } from './store-view.ts'
import { decodeItem } from './values.ts'

/** One key in so many begins a run, whatever stands around it. */
const RUN_ITEMS = 256
/** Where none does. */
const RUN_ITEMS_MAX = 2_048
const RUN_BYTES_MAX = 4_000_000

/** All items from one key (none: from the first) to before another (none: to the last). */
export type Run = {
  readonly from: Key | undefined
  readonly to: Key | undefined
  readonly items: readonly Item[]
}

/** `known`: digests of runs by where they begin, of the reading before; brought up to date. */
export async function* changedRuns(
  entries: AsyncIterable<RawEntry>,
  known: Map<string, string>,
): AsyncGenerator<Run> {
  const before = new Map(known)
  known.clear()
  let run: RawEntry[] = []
  let bytes = 0
  let isFirst = true
  for await (const entry of entries) {
    const isFull = run.length >= RUN_ITEMS_MAX || bytes >= RUN_BYTES_MAX
    if (run.length > 0 && (isFull || crc32(entry.key) % RUN_ITEMS === 0)) {
      const changed = changedRun(run, { before, known, isFirst, next: entry })
      if (changed !== undefined) yield changed
      run = []
      bytes = 0
      isFirst = false
    }
    run.push(entry)
    bytes += entry.value.length
  }
  const changed = changedRun(run, { before, known, isFirst, next: undefined })
  if (changed !== undefined) yield changed
}

function changedRun(
  entries: readonly RawEntry[],
  place: {
    readonly before: ReadonlyMap<string, string>
    readonly known: Map<string, string>
    readonly isFirst: boolean
    readonly next: RawEntry | undefined
  },
): Run | undefined {
  const { before, known, isFirst, next } = place
  const [first] = entries
  const begins = isFirst || first === undefined ? '' : Buffer.from(first.key).toString('latin1')
  const hash = createHash('sha256')
  for (const { key, value } of entries) {
    hash.update(`${key.length} ${value.length} `).update(key).update(value)
  }
  // Where it ends belongs to it: what stood behind it may be gone.
  if (next !== undefined) hash.update(next.key)
  const digest = hash.digest('base64')
  known.set(begins, digest)
  if (before.get(begins) === digest) return undefined
  return {
    from: isFirst || first === undefined ? undefined : keyOfBytes(first.key),
    to: next && keyOfBytes(next.key),
    items: entries.flatMap(({ key, value }) => readable(key, value) ?? []),
  }
}

/** What cannot be read is told of by `faults.ts`. */
function readable(bytes: Uint8Array, value: Uint8Array): Item | undefined {
  const { pk, sk } = keyOfBytes(bytes)
  try {
    return decodeItem(pk, sk, value)
  } catch {
    return undefined
  }
}
