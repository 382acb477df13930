// The mailbox core: everything that listeners and delivery do with stored mail. It knows no protocol; IMAP, POP3 and delivery
// stand on it. Data model and invariants: docs/ARCHITECTURE.md, "Data".

import type { AccountId, MailboxReader } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore, Signals, Table } from '#shared/storage/ports.ts'
import { createAccess } from './access.ts'
import { appendedNow, charge } from './admission.ts'
import { createAnnotations } from './annotations.ts'
import { createAppend } from './append.ts'
import { createBlobs } from './blobs.ts'
import { createChange } from './change.ts'
import { createEmptying } from './emptying.ts'
import { createFolderMoving } from './folder-moving.ts'
import { createFolderSnapshots, type OpenFolder } from './folder-snapshots.ts'
import { createFolders } from './folders.ts'
import { createForeignFolders } from './foreign-folders.ts'
import { type Limits, limitOf, type Room, roomLeft, type Used, usedBy } from './quota.ts'
import { receiveMessage } from './receive.ts'
import { createRecent } from './recent.ts'
import { messageFromRecord } from './records.ts'
import { changesSince } from './resync.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTransfer } from './transfer.ts'
import { readUsage } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import { createWriters } from './writers.ts'

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
  const recent = createRecent(deps)
  const writers = createWriters(deps)
  const append = createAppend({ ...deps, writers })
  const { storeFlags, expunge } = createChange({ ...deps, writers })
  const transfer = createTransfer({ ...deps, writers, expunge })
  const annotations = createAnnotations(deps)
  const moving = createFolderMoving({
    ...deps,
    folders,
    annotations,
    expunge,
    move: transfer.move,
  })
  const access = createAccess(deps)
  const { empty } = createEmptying({ ...deps, folders, expunge, moving, access })

  /**
   * What a quota is compared with; removed folders count until they are empty. Writes nothing: policy may not. So of an account that an
   * older version made all folders are read until somebody has counted them.
   */
  async function usage(accountId: AccountId): Promise<Used> {
    const known = await readUsage(deps.table, accountId)
    if (!known.complete) return usedBy(await folders.all(accountId))
    return { bytes: known.bytes, messages: known.messages }
  }

  /** Negative where a limit was lowered below what is stored. */
  async function room(accountId: AccountId, limits: Limits): Promise<Room> {
    const stored = await readCompleteUsage(deps, accountId)
    const appended = appendedNow(stored, deps.clock.now())
    const appendBytes = limitOf(limits.appendBytesPerDay) - appended
    return { ...roomLeft(limits, stored), appendBytes }
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
    expunge,
  }

  /** Of an account that is gone: its mail, and the rights that others gave it. */
  async function remove(accountId: AccountId): Promise<number> {
    const messages = await empty(accountId)
    await access.forget(accountId)
    return messages
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
    annotations,
    access,
    foreignFolders: createForeignFolders({ ...deps, folders, access }),
    snapshots,
    recent,
    changesSince: (opened: OpenFolder, since: number) => changesSince(deps, opened, since),
    append,
    receive: (source: AsyncIterable<Uint8Array>) => receiveMessage(deps, source),
    appendTogether: transfer.appendTogether,
    replace: transfer.replace,
    copy: transfer.copy,
    move: transfer.move,
    storeFlags,
    empty,
    remove,
    usage,
    room,
    charge: (accountId: AccountId, bytes: number) => charge(deps, accountId, bytes),
    blob,
    blobs,
  }
}
