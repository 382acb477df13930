// Lists: pages of administration as the API has them, within what who asks may see, with signed cursors.

import type { Listed, ListRequest } from '#shared/administration/listing.ts'
import { badValue, type Refusal } from '#shared/administration/refusals.ts'
import type { Looked } from '#shared/directory/looking.ts'
import type { Call } from './call.ts'
import { answer, type Outcome } from './operation.ts'
import { LIST_ENTRIES } from './schemas.ts'

type Page<T> = { data: T[]; next: string | null; looked?: Looked }

/** `filters`: what is asked for beside the place; the cursor holds for these alone. */
export async function listOf<F, T, R extends Refusal, Q extends object>(
  { cursors, extent }: Pick<Call, 'cursors' | 'extent'>,
  { limit = LIST_ENTRIES, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  filters: Q,
  pageOf: (request: Pick<ListRequest, 'after' | 'limit' | 'within'> & Q) => Promise<Listed<F> | R>,
  show: (facts: F) => T,
): Promise<Outcome<Page<T>>> {
  const binding = [filters, extent]
  let after = cursor === undefined ? undefined : cursors.open(cursor, binding)
  if (cursor !== undefined && after === undefined) {
    return badValue('after', cursor, { name: 'cursor' })
  }
  const data: T[] = []
  do {
    const page = await pageOf({ ...filters, within: extent, after, limit: limit - data.length })
    if (page.kind !== 'page') return page
    data.push(...page.items.map(show))
    after = page.next
    // Whoever looks for something is told how far, rather than kept waiting.
    if (page.looked !== undefined) {
      const next = after === undefined ? null : cursors.seal(after, binding)
      return answer({ data, next, looked: page.looked })
    }
  } while (after !== undefined && data.length < limit)
  return answer({ data, next: after === undefined ? null : cursors.seal(after, binding) })
}
