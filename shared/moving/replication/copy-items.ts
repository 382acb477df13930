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
  const work = async (keys: readonly Key[]) => {
    await hold()
    const copies = await again(clock, () => copyPage(parts, table, keys))
    if (proving) await again(clock, () => provePage(parts, table, copies))
    for (const { item, wasThere } of copies) {
      if (item !== undefined) written++
      else if (wasThere) removed++
    }
    step(keys.length)
  }
  const differing = pagesOf((after) => ledger.different(which, table, after, PAGE_ITEMS))
  await inTurns(differing, PAGES_AT_ONCE, work)
  const surplus = pagesOf((after) => ledger.surplus(which, table, after, PAGE_ITEMS))
  await inTurns(surplus, PAGES_AT_ONCE, work)
  return { written, removed }
}

type Copy = {
  readonly key: Key
  /** Undefined: the source has none. */
  readonly item: Item | undefined
  /** Of one that goes: the target had it, and it had not just expired there as well. */
  readonly wasThere: boolean
}

/** Both ends as the source has them now: it may have gone on since it was read. */
async function copyPage(
  { source, target, ledger, clock }: CopyParts,
  table: TableName,
  keys: readonly Key[],
): Promise<readonly Copy[]> {
  const found = await source.store.tables[table].batchGet(keys, { consistent: true })
  const nowMs = clock.now()
  const isMoving = (item: Item | undefined) => item !== undefined && doesMove(table, item, nowMs)
  const items = found.map((item) => (isMoving(item) ? item : undefined))
  const gone = keys.filter((_, i) => items[i] === undefined)
  // Of what expires some is gone with each pass, which is no change that somebody made.
  const known = await target.store.tables[table].batchGet(gone, { consistent: true })
  const there = new Set(gone.filter((_, i) => isMoving(known[i])))
  const copies = keys.map((key, i) => ({ key, item: items[i], wasThere: there.has(key) }))
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
  { target, clock }: CopyParts,
  table: TableName,
  copies: readonly Copy[],
): Promise<void> {
  const keys = copies.map(({ key }) => key)
  const found = await target.store.tables[table].batchGet(keys, { consistent: true })
  const nowMs = clock.now()
  for (const [i, { key, item }] of copies.entries()) {
    const kept = found[i]
    const hasExpired = item !== undefined && !doesMove(table, item, nowMs)
    if (hasExpired) continue
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
