// What DynamoDB allows of non-transactional reads beside transactions, made to happen often. While a transaction is under
// way a query or batchGet may see each of its items old or new, and what was once seen new stays new. Reads that are not
// consistent may fall back to the old item for a while after that. get({consistent}) and transactGet are never torn.

import { setImmediate } from 'node:timers/promises'
import { compareUtf8 } from '../condition.ts'
import { keyOfWrite } from '../limits.ts'
import type { Item, Key, Page, Query, SortRange, Table, Write } from '../ports.ts'

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
  #writing: Promise<unknown> = Promise.resolve()

  constructor(table: Table, random: () => number) {
    this.#table = table
    this.#random = random
  }

  /** Transactions pass one by one, so that the items read before each are those it replaces. */
  transact(writes: readonly Write[]): Promise<void> {
    const turn = this.#writing.then(() => this.#transact(writes))
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  async #transact(writes: readonly Write[]): Promise<void> {
    const keys = writes.filter((write) => !('check' in write)).map(keyOfWrite)
    const before = await this.#table.transactGet(keys)
    const old = keys.map((key, position) => ({ key, item: before[position], shown: false }))
    await this.#table.transact(writes)
    this.#underWay.add(old)
    const turns = 1 + Math.floor(this.#random() * UNDER_WAY_TURNS_MAX)
    for (let turn = 0; turn < turns; turn += 1) await setImmediate()
    this.#underWay.delete(old)
    this.#recent = [...this.#recent, old].slice(-RECENT_MAX)
  }

  /** The new items were read or replaced: from now on no consistent read may show the old ones. */
  seen(keys: readonly Key[]): void {
    for (const old of this.#matching((key) => keys.some((seen) => isSame(seen, key)), true)) {
      old.shown = true
    }
  }

  tearBatch(
    keys: readonly Key[],
    items: readonly (Item | undefined)[],
    consistent: boolean,
  ): readonly (Item | undefined)[] {
    const old = this.#drawOld((key) => keys.some((asked) => isSame(asked, key)), consistent)
    return items.map((item, position) => {
      const key = keys[position]
      const torn = old.find((candidate) => key !== undefined && isSame(candidate.key, key))
      return torn === undefined ? item : torn.item
    })
  }

  tearPage(query: Query, page: Page<Item>): Page<Item> {
    const inQuery = (key: Key) => key.pk === query.pk && isWithin(query.sk, key.sk)
    const old = this.#drawOld(inQuery, query.consistent === true)
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
  #drawOld(wanted: (key: Key) => boolean, consistent: boolean): readonly OldItem[] {
    return this.#matching(wanted, consistent).filter((old) => {
      if (consistent && old.shown) return false
      if (this.#random() < 0.5) return true
      if (consistent) old.shown = true
      return false
    })
  }

  #matching(wanted: (key: Key) => boolean, consistent: boolean): readonly OldItem[] {
    const underWay = [...this.#underWay].flat()
    const candidates = consistent ? underWay : [...this.#recent.flat(), ...underWay]
    return candidates.filter((old) => wanted(old.key))
  }
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
