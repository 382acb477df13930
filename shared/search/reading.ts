// What every walk over the messages of a folder is given.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { MessageColumns, UidList } from '#shared/mailbox/message-columns.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { SearchMemory } from './memory.ts'
import type { Pace } from './pace.ts'

/** Where messages are looked for. */
export type Field = {
  /** Ascending; of these only. */
  readonly uids: UidList
  readonly messages: MessageColumns
}

/** What reading a message takes. */
export type Reading = {
  readonly blobs: (ids: readonly BlobId[]) => Promise<readonly (Blob | undefined)[]>
  readonly objects: ObjectStore
  readonly pace: Pace
  readonly memory: SearchMemory
}
