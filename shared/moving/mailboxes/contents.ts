// Messages that are in several folders of a source (labels of Gmail) and have come into one here: in the others they are further copies of the same
// blob, and are not read again.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { MailboxForImports } from './mailbox-for-imports.ts'
import type { SourceMessage } from './source.ts'

/** Known of one mailbox; each takes some 150 bytes. What is above it is read again. */
export const CONTENTS_MAX = 1_000_000

export interface Contents {
  /** The message has come into the folder. */
  note(message: SourceMessage, folder: FolderRef, uid: Uid): void
  /** By key, those that are here somewhere. */
  find(messages: readonly SourceMessage[]): Promise<ReadonlyMap<string, MessageRecord>>
  blob(record: MessageRecord): Promise<Blob | undefined>
}

type Place = { readonly folder: FolderRef; readonly uid: Uid; readonly message: SourceMessage }

export function createContents(
  mailbox: Pick<MailboxForImports, 'readMessages' | 'blob'>,
): Contents {
  const known = new Map<string, Pick<Place, 'folder' | 'uid'>>()

  return {
    note({ content }, folder, uid) {
      if (content === undefined || known.size >= CONTENTS_MAX) return
      known.set(content, { folder, uid })
    },
    async find(messages) {
      const places = messages.flatMap((message): Place[] => {
        const place = message.content === undefined ? undefined : known.get(message.content)
        return place === undefined ? [] : [{ ...place, message }]
      })
      const found = new Map<string, MessageRecord>()
      for (const [folder, some] of Map.groupBy(places, (place) => place.folder)) {
        const byUid = new Map(some.map(({ uid, message }) => [uid, message.key]))
        const uids = [...byUid.keys()].sort((a, b) => a - b)
        for (const record of await mailbox.readMessages(folder, uids)) {
          const key = byUid.get(record.uid)
          // What delivery put before a message was not there.
          if (key !== undefined && record.prepend === '') found.set(key, record)
        }
      }
      return found
    },
    blob: ({ blobId }) => mailbox.blob(blobId),
  }
}
