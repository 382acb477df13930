import type { Item, Query, Table } from '#shared/storage/ports.ts'

/** Every item of a partition, page by page, newest writes included. */
export async function* allItems(
  table: Pick<Table, 'query'>,
  query: Pick<Query, 'pk' | 'sk' | 'limit'>,
): AsyncGenerator<Item> {
  let after: string | undefined
  do {
    const page = await table.query({
      ...query,
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}
