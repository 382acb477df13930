// The mailbox core: everything that listeners and delivery do with stored mail. It knows no protocol; IMAP, POP3 and delivery
// stand on it. Data model and invariants: docs/ARCHITECTURE.md, "Data".

import type {
  AccountId,
  BlobId,
  FolderRef,
  MailboxReader,
  Message,
} from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore, Signals, Table } from '#shared/storage/ports.ts'
import { createAppend } from './append.ts'
import { createChange } from './change.ts'
import { advanceView, openView } from './folder-view.ts'
import { createFolders, isInbox } from './folders.ts'
import { blobKey } from './keys.ts'
import { openMessage } from './open-message.ts'
import { blobRecord, messageFromRecord } from './records.ts'

export type Mailbox = ReturnType<typeof createMailbox>

export function createMailbox(deps: {
  readonly table: Table
  readonly objects: ObjectStore
  readonly signals: Signals
  readonly clock: Clock
}) {
  const { table } = deps
  const folders = createFolders(deps)
  const append = createAppend(deps)
  const { storeFlags, expunge } = createChange(deps)

  async function blob(id: BlobId) {
    const item = await table.get(blobKey(id))
    return item && blobRecord(item)
  }

  /** Removes all mail and all folders of an account; returns how many messages went. Safe to repeat after a crash. */
  async function empty(accountId: AccountId): Promise<number> {
    let removed = 0
    for (const folder of await folders.list(accountId)) {
      do {
        const view = await openView(deps, folder)
        if (view === undefined) break
        removed += (await expunge(folder, [...view.messages.keys()])).length
      } while (!isInbox(folder) && !(await folders.removeEmpty(folder)))
    }
    return removed
  }

  /** Bytes stored for the account: what its quota is compared with. */
  async function usedBytes(accountId: AccountId): Promise<number> {
    return (await folders.list(accountId)).reduce((sum, folder) => sum + folder.bytes, 0)
  }

  const reader: MailboxReader = {
    inbox: (accountId) => folders.inbox(accountId),
    async snapshot(folder) {
      const view = await openView(deps, folder)
      if (view === undefined) throw new Error(`no folder ${folder.id}`)
      return {
        modSeq: view.folder.modSeq,
        messages: [...view.messages.values()].map(messageFromRecord),
      }
    },
    async open(message: Message) {
      const found = await blob(message.blobId)
      return found && openMessage(deps.objects, found, message.prepend)
    },
    expunge,
  }

  return {
    ...reader,
    folders,
    append,
    storeFlags,
    empty,
    usedBytes,
    blob,
    view: (folder: FolderRef) => openView(deps, folder),
    advance: (folder: FolderRef, view: Parameters<typeof advanceView>[2]) =>
      advanceView(deps, folder, view),
  }
}
