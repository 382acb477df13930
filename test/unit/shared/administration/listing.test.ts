import { expect, it } from 'vitest'
import { PAGE_ENTRIES, PAGE_ENTRIES_MAX, parseListRequest } from '#shared/administration/listing.ts'
import { openAdministration } from '#test/support/administration.ts'

it('gives a page at least one entry and at most PAGE_ENTRIES_MAX, whatever is asked for', async () => {
  await using world = await openAdministration()
  const { directory } = world.pipeline.backend
  for (const [limit, most] of [
    [undefined, PAGE_ENTRIES],
    [7, 7],
    [PAGE_ENTRIES_MAX, PAGE_ENTRIES_MAX],
    [PAGE_ENTRIES_MAX + 1, PAGE_ENTRIES_MAX],
    [0, 1],
    [1.5, 1],
  ] as const) {
    expect(await parseListRequest({ limit }, directory)).toMatchObject({ value: { limit: most } })
  }
})
