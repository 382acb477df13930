// The stories of messages: by queue id, and by what people know of a message.

import type { Table } from '#shared/storage/ports.ts'
import type { Sought } from './journal.ts'
import { type Found, type SearchRange, searchStories } from './search.ts'
import { createReadStory, type ReadStory } from './story.ts'

export interface Stories {
  readonly read: ReadStory
  search(sought: Sought, range: SearchRange): Promise<Found>
}

export function createStories(table: Pick<Table, 'get' | 'query' | 'batchGet'>): Stories {
  const read = createReadStory(table)
  return {
    read,
    search: (sought, range) => searchStories({ table, readStory: read }, sought, range),
  }
}
