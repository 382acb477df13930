// Opens messages for who knows them by their folder's snapshot alone: POP3.

import type { BlobId, Message, OpenMessage } from '#shared/contracts/mailbox.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { type ObjectReader, StoredMessage } from './stored-message.ts'

export interface MessageOpener {
  /** Undefined when nothing is known of the message any more; its streams fail with MessageLost when its object is gone. */
  open(message: Pick<Message, 'blobId' | 'prepend'>): Promise<OpenMessage | undefined>
}

export function createMessageOpener(deps: {
  /** Of the mailbox core. */
  readonly blob: (id: BlobId) => Promise<Blob | undefined>
  readonly objects: ObjectReader
}): MessageOpener {
  return {
    async open({ blobId, prepend }) {
      const blob = await deps.blob(blobId)
      return blob && new StoredMessage(deps.objects, blob, prepend)
    },
  }
}
