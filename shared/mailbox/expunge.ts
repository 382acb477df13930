// Removal of messages (RFC 9051 §6.4.3), in chunks, each one transaction with one modseq and one log entry; what was removed by somebody
// else in the meantime is passed over.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import { release } from './blob-references.ts'
import { DELETED } from './flags.ts'
import { FolderEdit } from './folder-edit.ts'
import { readFolder, readMessages } from './folder-reading.ts'
import { commitEdits } from './folder-transaction.ts'
import type { Mailbox } from './port.ts'
import type { Writers } from './writers.ts'

/** Messages of one EXPUNGE transaction: each also writes its blob; and USAGE. */
export const EXPUNGE_BATCH_MAX = 48

export function createExpunge(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
}): Mailbox['expunge'] {
  const { table, clock, writers } = deps

  /**
   * Returns the uids that were removed. With `deletedOnly` a message that lost its \Deleted flag in the meantime stays
   * (RFC 9051 §6.4.3).
   */
  async function expunge(
    folder: FolderRef,
    uids: readonly Uid[],
    options: { readonly deletedOnly?: boolean } = {},
  ): Promise<readonly Uid[]> {
    const removed: Uid[] = []
    for (const chunk of chunks(uids, EXPUNGE_BATCH_MAX)) {
      removed.push(...(await writers.change([folder], () => expungeChunk(folder, chunk, options))))
    }
    return removed
  }

  async function expungeChunk(
    name: FolderRef,
    uids: readonly Uid[],
    { deletedOnly = false }: { readonly deletedOnly?: boolean },
  ): Promise<readonly Uid[]> {
    // A folder that is being removed is emptied here too.
    const folder = await readFolder(table, name)
    if (folder === undefined) return []
    const found = await readMessages(table, name.id, uids)
    const messages = deletedOnly ? found.filter(({ flags }) => flags.bits & DELETED) : found
    if (messages.length === 0) return []
    const nowMs = clock.now()
    const edit = new FolderEdit(folder, nowMs)
    for (const message of messages) edit.remove(message)
    await commitEdits(deps, [[folder, edit]], await release(table, messages, nowMs))
    return messages.map((message) => message.uid)
  }

  return expunge
}
