// A message whose verdict needs more than its flags, sizes and dates, with what has been read of it.

import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { FoldedHeader } from './header-fields.ts'
import { IndexedFields } from './indexed-fields.ts'
import type { TextNeedle } from './predicate.ts'

export class Candidate {
  readonly message: MessageRecord
  readonly blob: Blob
  readonly fields: IndexedFields
  /** Once the header was read. */
  header: FoldedHeader | undefined
  /** Once the message was read: those of the texts that it holds. */
  found: ReadonlySet<TextNeedle> | undefined

  constructor(message: MessageRecord, blob: Blob) {
    this.message = message
    this.blob = blob
    this.fields = new IndexedFields(blob.index)
  }

  /** Header fields before the object, byte string. */
  get added(): string {
    return this.message.prepend + this.blob.prepend
  }
}
