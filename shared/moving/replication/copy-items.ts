// Makes the items of a target those of its source, as far as the ledger says that they are not.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, TableName } from '#shared/storage/ports.ts'
import { again } from './again.ts'
import { inTurns } from './in-turns.ts'
import { itemDigest } from './item-digest.ts'
import type { After, Ledger, Which } from './ledger.ts'
import type { Side } from './side.ts'
import { doesMove, objectOf } from './what-moves.ts'

/** What is read, written and kept in memory at once: so many pages of so many items. */
const PAGE_ITEMS = 100
const PAGES_AT_ONCE = 4

export type CopyParts = {
  readonly source: Side
  readonly target: Side
  readonly ledger: Ledger
  /** Rejects when the target is another command's. */
  readonly hold: () => Promise<void>
  readonly clock: Clock
  readonly step: (done: number) => void
}

export type Copied = { readonly written: number; readonly removed: number }

/** `proving`: what was written is read again. */
export async function copyItems(
  parts: CopyParts,
  table: TableName,
  { proving, which }: { readonly proving: boolean; readonly which: Which },
): Promise<Copied> {
  const { ledger, step, hold, clock } = parts
  let written = 0
  let removed = 0
  const differing = pagesOf((after) => ledger.different(which, table, after, PAGE_ITEMS))
  await inTurns(differing, PAGES_AT_ONCE, async (keys) => {
    await hold()
    const items = await again(clock, () => copyPage(parts, table, keys))
    if (proving) await again(clock, () => provePage(parts, table, items))
    const put = items.filter(({ item }) => item !== undefined).length
    written += put
    removed += items.length - put
    step(keys.length)
  })
  const surplus = pagesOf((after) => ledger.surplus(which, table, after, PAGE_ITEMS))
  await inTurns(surplus, PAGES_AT_ONCE, async (keys) => {
    await hold()
    const items = await again(clock, () => copyPage(parts, table, keys))
    if (proving) await again(clock, () => provePage(parts, table, items))
    removed += items.length
    step(keys.length)
  })
  return { written, removed }
}

type Copy = { readonly key: Key; readonly item: Item | undefined }

/** Both ends as the source has them now: it may have gone on since it was read. */
async function copyPage(
  { source, target, ledger, clock }: CopyParts,
  table: TableName,
  keys: readonly Key[],
): Promise<readonly Copy[]> {
  const found = await source.store.tables[table].batchGet(keys, { consistent: true })
  const nowMs = clock.now()
  const copies = keys.map((key, i) => {
    const item = found[i]
    return { key, item: item && doesMove(table, item, nowMs) ? item : undefined }
  })
  await target.store.tables[table].batchWrite(
    copies.map(({ key, item }) => (item === undefined ? { delete: key } : { put: item })),
  )
  for (const { key, item } of copies) {
    if (item === undefined) {
      ledger.remove('source', table, key)
      ledger.remove('target', table, key)
      continue
    }
    const digest = itemDigest(item)
    ledger.put('source', table, key, digest)
    ledger.put('target', table, key, digest)
    const object = objectOf(table, item)
    if (object !== undefined) ledger.putObject('source', object)
  }
  return copies
}

async function provePage(
  { target }: CopyParts,
  table: TableName,
  copies: readonly Copy[],
): Promise<void> {
  const keys = copies.map(({ key }) => key)
  const found = await target.store.tables[table].batchGet(keys, { consistent: true })
  for (const [i, { key, item }] of copies.entries()) {
    const kept = found[i]
    const isEqual =
      item === undefined || kept === undefined
        ? item === kept
        : Buffer.from(itemDigest(item)).equals(itemDigest(kept))
    // Cannot happen: both drivers keep the port's promises.
    if (!isEqual) throw new Error(`the target does not keep ${table} ${key.pk} ${key.sk}`)
  }
}

function* pagesOf(next: (after: After) => readonly Key[]): Generator<readonly Key[]> {
  let after: After
  for (;;) {
    const keys = next(after)
    if (keys.length === 0) return
    yield keys
    after = keys.at(-1)
  }
}
