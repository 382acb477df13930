// Lists in another order than that of their keys. No index has it: what is listed is read as a whole, measured and sorted anew for each page, so
// there is a limit, beyond which nothing is sorted rather than a part of it.
//
// Rejected: indexes of what accounts use and when they last logged in, which are a write more for each message and each login.

import { type BadValue, badValue } from './refusals.ts'

/** Entries of a list that is sorted. */
export const SORTED_MAX = 2_000

export const orders = ['desc', 'asc'] as const
export type Order = (typeof orders)[number]

export type Sorted<T> = {
  readonly kind: 'sorted'
  readonly items: readonly T[]
  readonly next: string | undefined
}

type Page<T> = {
  readonly items: readonly T[]
  readonly next?: string | undefined
  /** Those that it was looked for among. */
  readonly looked?: { readonly entries: number } | undefined
}

/** `after`: how many came before. What is alike stays in the order of its keys. */
export async function sortedPage<T>({
  by,
  order = 'desc',
  after,
  limit,
  read,
  measure,
}: {
  /** As it was asked for. */
  readonly by: string
  readonly order?: Order | undefined
  readonly after: string | undefined
  readonly limit: number
  readonly read: (after: string | undefined) => Promise<Page<T>>
  readonly measure: (all: readonly T[]) => Promise<readonly number[]>
}): Promise<Sorted<T> | BadValue> {
  const first = after === undefined ? 0 : placeOf(after)
  if (first === undefined) return badValue('after', after ?? '', { name: 'cursor' })
  const all: T[] = []
  let entries = 0
  let from: string | undefined
  do {
    const page = await read(from)
    all.push(...page.items)
    entries += page.looked?.entries ?? page.items.length
    if (entries > SORTED_MAX) {
      return badValue('sort', by, { name: 'too-many-to-sort', max: SORTED_MAX })
    }
    from = page.next
  } while (from !== undefined)
  const measures = await measure(all)
  const sign = order === 'asc' ? 1 : -1
  const sorted = all
    .map((item, i) => ({ item, measure: measures[i] ?? 0 }))
    .sort((a, b) => sign * (a.measure - b.measure))
    .map(({ item }) => item)
  const end = first + limit
  return {
    kind: 'sorted',
    items: sorted.slice(first, end),
    next: end < sorted.length ? String(end) : undefined,
  }
}

const placeOf = (text: string): number | undefined =>
  /^\d{1,6}$/.test(text) ? Number(text) : undefined
