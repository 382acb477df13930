// The mailbox core: everything that listeners and delivery do with stored mail. It knows no protocol; IMAP, POP3 and delivery
// stand on it. Data model and invariants: docs/ARCHITECTURE.md, "Data".

import type { AccountId, MailboxReader, Message } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore, Signals, Table } from '#shared/storage/ports.ts'
import { createAccess } from './access.ts'
import { createAnnotations } from './annotations.ts'
import { createAppend } from './append.ts'
import { createBlobs } from './blobs.ts'
import { createChange } from './change.ts'
import { createEmptying } from './emptying.ts'
import { createFolderMoving } from './folder-moving.ts'
import { createFolderSnapshots, type OpenFolder } from './folder-snapshots.ts'
import { createFolders } from './folders.ts'
import { openMessage } from './open-message.ts'
import { type Usage, usageOf } from './quota.ts'
import { receiveMessage } from './receive.ts'
import { messageFromRecord } from './records.ts'
import { changesSince } from './resync.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTransfer } from './transfer.ts'

export type Mailbox = ReturnType<typeof createMailbox>

export function createMailbox(deps: {
  readonly table: Table
  readonly objects: ObjectStore
  readonly signals: Signals
  readonly clock: Clock
}) {
  const folders = createFolders(deps)
  const snapshots = createFolderSnapshots(deps)
  const { blob, blobs } = createBlobs(deps)
  const append = createAppend(deps)
  const { storeFlags, expunge } = createChange(deps)
  const transfer = createTransfer({ ...deps, expunge })
  const moving = createFolderMoving({ ...deps, folders, expunge, move: transfer.move })
  const { empty } = createEmptying({ ...deps, folders, expunge, moving })

  /** What a quota is compared with; removed folders count until they are empty. */
  async function usage(accountId: AccountId): Promise<Usage> {
    return usageOf(await folders.all(accountId))
  }

  const reader: MailboxReader = {
    inbox: (accountId) => folders.inbox(accountId),
    async snapshot(folder) {
      const opened = await snapshots.open(folder)
      if (opened === undefined) throw new Error(`no folder ${folder.id}`)
      const { messages, modSeq } = opened
      const found = Array.from(messages.uids(), (_, row) =>
        messageFromRecord(messages.recordAt(row)),
      )
      opened.close()
      return { modSeq, messages: found }
    },
    async open(message: Message) {
      const found = await blob(message.blobId)
      return found && openMessage(deps.objects, found, message.prepend)
    },
    expunge,
  }

  return {
    ...reader,
    expunge,
    folders,
    createFolder: moving.create,
    renameFolder: moving.rename,
    removeFolder: moving.remove,
    finishRemovals: moving.finishRemovals,
    subscriptions: createSubscriptions(deps),
    annotations: createAnnotations(deps),
    access: createAccess(deps),
    snapshots,
    changesSince: (opened: OpenFolder, since: number) => changesSince(deps, opened, since),
    append,
    receive: (source: AsyncIterable<Uint8Array>) => receiveMessage(deps, source),
    appendTogether: transfer.appendTogether,
    replace: transfer.replace,
    copy: transfer.copy,
    move: transfer.move,
    storeFlags,
    empty,
    usage,
    blob,
    blobs,
  }
}
