// The mailbox core on a store: everything that listeners and delivery do with stored mail. What it promises: port.ts. Data model and
// invariants: docs/ARCHITECTURE.md, "Data".

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore, Signals, Table } from '#shared/storage/ports.ts'
import { createAccess } from './access.ts'
import { appendedNow, charge } from './admission.ts'
import { createAnnotations } from './annotations.ts'
import { createAppend } from './append.ts'
import { createAppendTogether } from './append-together.ts'
import { markObjectDead } from './blob-references.ts'
import { createBlobs } from './blobs.ts'
import { createBringingIn, readPop } from './bring-in.ts'
import { createFolderCreation } from './create-folder.ts'
import { createEmptying } from './emptying.ts'
import { createExpunge } from './expunge.ts'
import { readMessages } from './folder-reading.ts'
import { createFolderSnapshots } from './folder-snapshots.ts'
import { createFolders, type FoldersRead } from './folders.ts'
import { createForeignFolders } from './foreign-folders.ts'
import type { AccountMail, Mailbox, MailboxReader } from './port.ts'
import { limitOf, roomLeft, usedBy } from './quota.ts'
import { receive } from './receive.ts'
import { createRecent } from './recent.ts'
import { messageFromRecord } from './records.ts'
import { createFolderRemoval } from './remove-folder.ts'
import { createFolderRename } from './rename-folder.ts'
import { createReplace } from './replace.ts'
import { createStoreFlags } from './store-flags.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTransfer } from './transfer.ts'
import { readUsage } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import { createWatches } from './watches.ts'
import { createWriters } from './writers.ts'

type Deps = {
  readonly table: Table
  readonly objects: ObjectStore
  readonly signals: Signals
  readonly clock: Clock
}

export function createMailbox(deps: Deps): Mailbox {
  const { table } = deps
  const folders = createFolders(deps)
  const snapshots = createFolderSnapshots(deps)
  const { blob, blobs } = createBlobs(deps)
  const writers = createWriters(deps)
  const append = createAppend({ ...deps, writers })
  const expunge = createExpunge({ ...deps, writers })
  const { copy, move } = createTransfer({ ...deps, writers, expunge })
  const annotations = createAnnotations(deps)
  const access = createAccess(deps)
  const subscriptions = createSubscriptions(deps)
  const { removeEmptyName, ...removal } = createFolderRemoval({ ...deps, folders, expunge })
  const { create, makePath } = createFolderCreation({ ...deps, ...removal, folders })
  const rename = createFolderRename({
    ...deps,
    folders,
    makePath,
    removeEmptyName,
    annotations,
    move,
  })
  const emptying = { ...removal, folders, expunge, access, subscriptions }
  const { empty } = createEmptying({ ...deps, ...emptying })

  const reader: Omit<MailboxReader, 'inbox'> = {
    async snapshot(folder) {
      const opened = await snapshots.open(folder)
      if (opened === undefined) throw new Error(`no folder ${folder.id}`)
      const { messages, modSeq } = opened
      const pop = opened.folder.broughtIn ? await readPop(table, folder.id) : noPop
      const found = Array.from(messages.uids(), (_, row) =>
        messageFromRecord(messages.recordAt(row)),
      )
      opened.close()
      return { modSeq, messages: found, ...pop }
    },
    expunge,
  }

  return {
    ...reader,
    inbox: folders.inbox,
    ...createWatches(deps.signals),
    ...accountUse(deps, folders),
    receive: (source) => receive(deps, source),
    empty,
    async remove(accountId) {
      const messages = await empty(accountId)
      await access.forget(accountId)
      return messages
    },
    folders: { ...folders, ...removal, create, rename },
    foreignFolders: createForeignFolders({ ...deps, folders, access }),
    access,
    subscriptions,
    annotations,
    openFolder: snapshots.open,
    readMessages: (folder, uids) => readMessages(table, folder.id, uids),
    append,
    appendTogether: createAppendTogether({ ...deps, writers }),
    replace: createReplace({ ...deps, writers }),
    copy,
    move,
    storeFlags: createStoreFlags({ ...deps, writers }),
    recent: createRecent(deps),
    foreign: createBringingIn({ ...deps, writers }),
    blob,
    blobs,
  }
}

const noPop = { popIds: new Map<Uid, string>(), popOrders: new Map<Uid, number>() }

/** What an account uses of what it may. */
function accountUse(
  deps: Deps,
  folders: Pick<FoldersRead, 'stored'>,
): Pick<AccountMail, 'usage' | 'room' | 'abandon'> {
  const { table, clock } = deps
  return {
    async usage(accountId) {
      const known = await readUsage(table, accountId)
      if (!known.complete) return usedBy(await folders.stored(accountId))
      return { bytes: known.bytes, messages: known.messages }
    },
    async room(accountId, limits) {
      const stored = await readCompleteUsage(deps, accountId)
      const appended = appendedNow(stored, clock.now())
      const appendBytes = limitOf(limits.appendBytesPerDay) - appended
      return { ...roomLeft(limits, stored), appendBytes }
    },
    async abandon(accountId, received) {
      const bytes = received.reduce((sum, { index }) => sum + index.bytes, 0)
      await charge(deps, accountId, bytes)
      for (const { blob } of received) {
        await markObjectDead(table, { id: blob.id, key: blob.object.key }, clock.now())
      }
    },
  }
}
