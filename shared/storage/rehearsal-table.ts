// A table for whoever rehearses: it reads what is stored, and what it writes stands in its own memory only, where it is read again as if it were
// stored. Index entries follow as far as `ports.ts` promises: those of what was written here never do.

import type { Clock } from '#shared/runtime/clock.ts'
import { applyChanges } from './changes.ts'
import { compareUtf8, holds } from './condition.ts'
import {
  checkItem,
  checkTransaction,
  checkTransactionKeys,
  checkWrite,
  keyOfWrite,
  pageLimit,
} from './limits.ts'
import {
  ConditionFailed,
  type Item,
  type Key,
  type Page,
  type Query,
  type SortRange,
  StorageMisuse,
  type Table,
  type TableLayout,
  type Write,
} from './ports.ts'

/** What would be changed is more than anybody looks through. */
export class RehearsalTooLarge extends Error {
  override readonly name = 'RehearsalTooLarge'
}

export type RehearsalOptions = {
  readonly clock: Clock
  /** Written in all; one more is RehearsalTooLarge. */
  readonly itemsMax?: number
}

/** Undefined: it would be gone. */
type Written = Map<string, Item | undefined>

export function createRehearsalTable(
  stored: Table,
  layout: TableLayout,
  { clock, itemsMax = Number.POSITIVE_INFINITY }: RehearsalOptions,
): Table {
  const byPartition = new Map<string, Written>()
  let count = 0

  async function get(key: Key, options?: { readonly consistent?: boolean }) {
    const written = byPartition.get(key.pk)
    return written?.has(key.sk) ? visible(written.get(key.sk)) : await stored.get(key, options)
  }

  const visible = (item: Item | undefined) =>
    typeof item?.ttl === 'number' && item.ttl * 1_000 < clock.now() ? undefined : item

  function keep({ pk, sk }: Key, item: Item | undefined): void {
    const written = byPartition.get(pk) ?? new Map<string, Item | undefined>()
    byPartition.set(pk, written)
    if (!written.has(sk) && ++count > itemsMax) {
      throw new RehearsalTooLarge(`a rehearsal writes at most ${itemsMax} items`)
    }
    written.set(sk, item)
  }

  async function apply(writes: readonly Write[]): Promise<readonly (Item | undefined)[]> {
    const keys = writes.map(keyOfWrite)
    const read = await Promise.all(keys.map((key) => get(key, { consistent: true })))
    // Another may have written meanwhile.
    const items = keys.map(({ pk, sk }, position) => {
      const written = byPartition.get(pk)
      return written?.has(sk) ? written.get(sk) : read[position]
    })
    const failed = writes.flatMap((write, position) =>
      write.if === undefined || holds(write.if, items[position])
        ? []
        : [{ position, item: items[position] }],
    )
    if (failed.length > 0) throw new ConditionFailed(failed)
    const changed = writes.map((write, position) => afterWrite(write, items[position], layout))
    for (const [position, write] of writes.entries()) {
      if (!('check' in write)) keep(keyOfWrite(write), changed[position])
    }
    return changed
  }

  /** The stored page, with what was written between its ends. */
  async function query(query: Query): Promise<Page<Item>> {
    const written = byPartition.get(query.pk)
    const place = placeOf(query.after)
    if (written === undefined && place.passed === undefined) return await stored.query(query)
    const { after: _, ...rest } = query
    const page = await stored.query({
      ...rest,
      ...(place.stored !== undefined && { after: place.stored }),
    })
    const sign = query.reverse === true ? -1 : 1
    const isBehind = (sk: string, other: string | undefined) =>
      other === undefined || sign * compareUtf8(sk, other) > 0
    const last = page.next === undefined ? undefined : page.items.at(-1)?.sk
    const kept = page.items.filter(({ sk }) => written?.has(sk) !== true)
    const added = [...(written ?? [])].flatMap(([sk, item]) =>
      visible(item) !== undefined &&
      item !== undefined &&
      isWithin(sk, query.sk) &&
      (last === undefined || !isBehind(sk, last))
        ? [item]
        : [],
    )
    const items = [...kept, ...added]
      .filter(({ sk }) => isBehind(sk, place.passed))
      .sort((a, b) => sign * compareUtf8(a.sk, b.sk))
    const shown = items.slice(0, pageLimit(query.limit))
    if (shown.length < items.length) {
      return { items: shown, next: tokenOf({ stored: place.stored, passed: shown.at(-1)?.sk }) }
    }
    if (page.next === undefined) return { items: shown }
    return { items: shown, next: tokenOf({ stored: page.next, passed: last ?? place.passed }) }
  }

  return {
    get,
    query,
    batchGet: (keys, options) => Promise.all(keys.map((key) => get(key, options))),
    queryIndex: (index, of) => stored.queryIndex(index, of),
    async write(write) {
      const [item] = await apply([checkWrite(write, layout)])
      return item
    },
    async transact(writes) {
      await apply(checkTransaction(writes, layout))
    },
    async transactGet(keys) {
      checkTransactionKeys(keys)
      return await Promise.all(keys.map((key) => get(key, { consistent: true })))
    },
    async batchWrite(writes) {
      for (const write of writes) {
        checkWrite(write, layout)
        if ('put' in write) keep(write.put, write.put)
        else keep(write.delete, undefined)
      }
    },
  }
}

function afterWrite(write: Write, item: Item | undefined, layout: TableLayout): Item | undefined {
  if ('put' in write) return write.put
  if ('update' in write) {
    return checkItem(applyChanges(item, write.update, write.changes), layout)
  }
  return 'delete' in write ? undefined : item
}

function isWithin(sk: string, range: SortRange | undefined): boolean {
  if (range === undefined) return true
  if ('prefix' in range) return sk.startsWith(range.prefix)
  const { from, to } = range
  return (
    (from === undefined || compareUtf8(sk, from) >= 0) &&
    (to === undefined || compareUtf8(sk, to) <= 0)
  )
}

/** `stored`: of the page that it goes on in; `passed`: the last sort key that was shown. */
type Place = { readonly stored: string | undefined; readonly passed: string | undefined }

const PREFIX = 'rehearsal:'

const tokenOf = ({ stored, passed }: Place) =>
  `${PREFIX}${JSON.stringify([stored ?? null, passed ?? null])}`

function placeOf(token: string | undefined): Place {
  if (token === undefined) return { stored: undefined, passed: undefined }
  // Of a page before anything was written there.
  if (!token.startsWith(PREFIX)) return { stored: token, passed: undefined }
  const parsed: unknown = JSON.parse(token.slice(PREFIX.length))
  if (!Array.isArray(parsed)) throw new StorageMisuse('no token of ours')
  const [stored, passed] = parsed
  return { stored: stored ?? undefined, passed: passed ?? undefined }
}
