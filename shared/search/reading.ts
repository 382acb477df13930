// What every walk over the messages of a folder is given: the messages, and how they are read.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { MessageColumns, UidList } from '#shared/mailbox/message-columns.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { SearchMemory } from './memory.ts'
import type { Pace } from './pace.ts'

/** Messages of one folder, as one reader knows them. */
export type Searched = {
  /** Ascending; of these only. Some may be gone when their turn comes. */
  readonly uids: UidList
  readonly messages: MessageColumns
}

/** What reading a message takes, how long others wait for it, and how much may be held. */
export type Reading = {
  readonly blobs: (ids: readonly BlobId[]) => Promise<readonly (Blob | undefined)[]>
  readonly objects: Pick<ObjectStore, 'read' | 'stream'>
  readonly pace: Pace
  readonly memory: SearchMemory
}
