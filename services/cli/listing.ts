// Lists page by page, as administration gives them, put together: columns are as wide as the widest of all cells.

import type { Listed } from '#shared/administration/listing.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import { refused } from './refusal-text.ts'

export async function readAll<T>(
  page: (after: string | undefined) => Promise<Listed<T> | Refusal>,
): Promise<readonly T[]> {
  const all: T[] = []
  let after: string | undefined
  do {
    const found = await page(after)
    if (found.kind !== 'page') throw refused(found)
    all.push(...found.items)
    after = found.next
  } while (after !== undefined)
  return all
}
