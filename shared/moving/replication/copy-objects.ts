// Brings the objects to the target that the source's items point to, and removes those that no item points to any more.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { again } from './again.ts'
import type { CopyParts } from './copy-items.ts'
import { inTurns } from './in-turns.ts'
import type { ObjectRow } from './ledger.ts'

/** Of those that are read whole, so that writers share what a store waits for; and of streams. */
const SMALL_AT_ONCE = 64
const LARGE_AT_ONCE = 8
const PAGE_OBJECTS = 500
/** Of those that the source lacks too so many are named. */
const MISSING_NAMED_MAX = 100
/** Smaller ones are read whole. */
const WHOLE_BYTES_MAX = 262_144

export type CopiedObjects = {
  readonly copied: number
  readonly bytes: number
  readonly removed: number
  /** Items point to them, and the source has no such object: `postwolke check` says more. */
  readonly missing: { readonly count: number; readonly keys: readonly string[] }
}

export async function copyObjects(parts: CopyParts): Promise<CopiedObjects> {
  const { ledger, target, clock, hold, step } = parts
  const done = { copied: 0, bytes: 0, removed: 0, missing: 0 }
  const missing: string[] = []
  const isSmall = ({ bytes }: ObjectRow) => bytes <= WHOLE_BYTES_MAX
  const wanted = () => pagesOf((after) => ledger.missingObjects(after, PAGE_OBJECTS))
  const copyOne = async (object: ObjectRow) => {
    await hold()
    const bytes = await again(clock, () => copyObject(parts, object))
    if (bytes === undefined) {
      done.missing++
      if (missing.length < MISSING_NAMED_MAX) missing.push(object.key)
    } else {
      ledger.putObject('target', { key: object.key, bytes })
      done.copied++
      done.bytes += bytes
    }
    step(1)
  }
  await inTurns(wanted().filter(isSmall), SMALL_AT_ONCE, copyOne)
  await inTurns(
    wanted().filter((object) => !isSmall(object)),
    LARGE_AT_ONCE,
    copyOne,
  )
  const surplus = pagesOf((after) => ledger.surplusObjects(after, PAGE_OBJECTS))
  await inTurns(surplus, SMALL_AT_ONCE, async ({ key }) => {
    await hold()
    await again(clock, () => target.store.objects.delete(key))
    ledger.removeObject('target', key)
    done.removed++
  })
  return { ...done, missing: { count: done.missing, keys: missing } }
}

/** Undefined where the source has none. */
async function copyObject(
  { source, target }: CopyParts,
  { key, bytes: expected }: ObjectRow,
): Promise<number | undefined> {
  const from = source.store.objects
  if (expected <= WHOLE_BYTES_MAX) {
    const whole = await from.read(key)
    if (whole === undefined) return undefined
    return await stored(whole.length, target.store.objects.put(key, whole))
  }
  const stream = await from.stream(key)
  if (stream === undefined) return undefined
  let read = 0
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      read += chunk.length
      yield chunk
    }
  }
  const put = await target.store.objects.put(key, counted(stream))
  return await stored(read, Promise.resolve(put))
}

async function stored(read: number, putting: Promise<{ readonly bytes: number }>): Promise<number> {
  const { bytes } = await putting
  if (bytes !== read) throw new TemporaryFailure(`${read} bytes were read and ${bytes} stored`)
  return bytes
}

function* pagesOf(next: (after: string) => readonly ObjectRow[]): Generator<ObjectRow> {
  for (let after = ''; ; ) {
    const page = next(after)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}
