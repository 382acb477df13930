// What DynamoDB allows of non-transactional reads beside transactions, made to happen often. While a transaction is under
// way a query or batchGet may see each of its items old or new, and what was once seen new stays new. Reads that are not
// consistent may fall back to the old item for a while after that. get({consistent}) and transactGet are never torn.

import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { compareUtf8 } from '#shared/storage/condition.ts'
import { keyOfWrite } from '#shared/storage/limits.ts'
import type { Item, Key, Page, Query, SortRange, Table, Write } from '#shared/storage/ports.ts'

/** Turns of the event loop that a committed transaction stays unacknowledged, at most. */
const UNDER_WAY_TURNS_MAX = 4
/** Transactions remembered for stale reads. */
const RECENT_MAX = 20

type OldItem = { readonly key: Key; readonly item: Item | undefined; shown: boolean }

export class TornReads {
  readonly #table: Table
  readonly #random: () => number
  /** Old items of transactions that are under way, and of recent ones, oldest first. */
  readonly #underWay = new Set<readonly OldItem[]>()
  #recent: (readonly OldItem[])[] = []

  constructor(table: Table, random: () => number) {
    this.#table = table
    this.#random = random
  }

  /** Issues the transaction at once, so that it keeps its place among the writes of an ordered store. */
  async transact(writes: readonly Write[]): Promise<void> {
    const keys = writes.filter((write) => !('check' in write)).map(keyOfWrite)
    const reading = this.#table.batchGet(keys, { consistent: true }).catch(() => undefined)
    let committed = false
    const committing = this.#table.transact(writes).then(() => {
      committed = true
    })
    committing.catch(() => undefined)
    const before = await reading
    // Items read too late may be the new ones.
    if (before === undefined || committed) return await committing
    const old = this.#begin(keys, before)
    try {
      await committing
      await turns(1 + Math.floor(this.#random() * UNDER_WAY_TURNS_MAX))
      this.#recent = [...this.#recent, old].slice(-RECENT_MAX)
    } finally {
      this.#underWay.delete(old)
    }
  }

  /** Beside another transaction on the same item nobody knows which old item is the last acknowledged one. */
  #begin(keys: readonly Key[], before: readonly (Item | undefined)[]): readonly OldItem[] {
    const old = keys.map((key, position) => {
      const others = this.#matching((other) => isSame(key, other), true)
      for (const other of others) other.shown = true
      return { key, item: before[position], shown: others.length > 0 }
    })
    this.#underWay.add(old)
    return old
  }

  /** These keys are written: whoever waits for that must not see older items afterwards. */
  written(keys: readonly Key[]): void {
    for (const old of this.#matching((key) => keys.some((other) => isSame(other, key)), true)) {
      old.shown = true
    }
  }

  /** These items were read: where they are new, they stay new. */
  seen(keys: readonly Key[], items: readonly (Item | undefined)[]): void {
    for (const [position, key] of keys.entries()) {
      for (const old of this.#matching((other) => isSame(other, key), true)) {
        if (!isDeepStrictEqual(old.item, items[position])) old.shown = true
      }
    }
  }

  tearBatch(
    keys: readonly Key[],
    items: readonly (Item | undefined)[],
    consistent: boolean,
  ): readonly (Item | undefined)[] {
    return keys.map((key, position) => {
      const item = items[position]
      const [old] = this.#drawOld(
        (other) => isSame(other, key),
        consistent,
        () => item,
      )
      return old === undefined ? item : old.item
    })
  }

  tearPage(query: Query, page: Page<Item>): Page<Item> {
    const current = (key: Key) => page.items.find((item) => isSame(item, key))
    const inQuery = (key: Key) => key.pk === query.pk && isWithin(query.sk, key.sk)
    const old = this.#drawOld(inQuery, query.consistent === true, current)
    const items = page.items.flatMap((item) => {
      const torn = old.find(({ key }) => isSame(key, item))
      if (torn === undefined) return [item]
      return torn.item === undefined ? [] : [torn.item]
    })
    // A deleted item comes back only where its place on the page is certain.
    if (query.after !== undefined || page.next !== undefined) return { ...page, items }
    for (const { key, item } of old) {
      const room = query.limit === undefined || items.length < query.limit
      if (room && item !== undefined && !items.some((present) => isSame(present, key))) {
        items.push(item)
      }
    }
    const direction = query.reverse === true ? -1 : 1
    return { items: items.sort((a, b) => direction * compareUtf8(a.sk, b.sk)) }
  }

  /** Draws which items show their old state. What a consistent read shows new stays new. */
  #drawOld(
    wanted: (key: Key) => boolean,
    consistent: boolean,
    current: (key: Key) => Item | undefined,
  ): readonly OldItem[] {
    return this.#matching(wanted, consistent).filter((old) => {
      if (consistent && old.shown) return false
      if (this.#random() < 0.5) return true
      if (consistent && !isDeepStrictEqual(current(old.key), old.item)) old.shown = true
      return false
    })
  }

  #matching(wanted: (key: Key) => boolean, consistent: boolean): readonly OldItem[] {
    const underWay = [...this.#underWay].flat()
    const candidates = consistent ? underWay : [...this.#recent.flat(), ...underWay]
    return candidates.filter((old) => wanted(old.key))
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await setImmediate()
}

function isSame(a: Key, b: Key): boolean {
  return a.pk === b.pk && a.sk === b.sk
}

function isWithin(range: SortRange | undefined, sk: string): boolean {
  if (range === undefined) return true
  if ('prefix' in range) return sk.startsWith(range.prefix)
  const { from, to } = range
  return (
    (from === undefined || compareUtf8(sk, from) >= 0) &&
    (to === undefined || compareUtf8(sk, to) <= 0)
  )
}
