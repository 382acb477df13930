// Flags of messages that are there (RFC 9051 §6.4.6), in chunks, each one transaction with one modseq and one log entry; what was removed
// by somebody else in the meantime is passed over.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import {
  changeFlags,
  type FlagChange,
  flagSet,
  KEYWORDS_MAX,
  KEYWORDS_PER_FOLDER_MAX,
  sameFlags,
} from './flags.ts'
import { FolderEdit } from './folder-edit.ts'
import { readFolder, readMessages } from './folder-reading.ts'
import { commitEdits } from './folder-transaction.ts'
import type { Mailbox, Stored, StoreFlagsOptions } from './port.ts'
import type { FolderRecord, MessageRecord } from './records.ts'
import type { Writers } from './writers.ts'

/** Messages of one STORE transaction, next to the folder and the log entry. */
export const STORE_BATCH_MAX = 98

export function createStoreFlags(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
}): Mailbox['storeFlags'] {
  const { table, clock, writers } = deps

  async function storeFlags(
    folder: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
    { unchangedSince = Number.POSITIVE_INFINITY, onChanged }: StoreFlagsOptions = {},
  ): Promise<Stored> {
    const messages: MessageRecord[] = []
    const modified: Uid[] = []
    for (const chunk of chunks(uids, STORE_BATCH_MAX)) {
      const before: Changed[] = []
      const stored = await writers.change([folder], () => {
        before.length = 0
        return storeChunk(folder, chunk, change, { unchangedSince, before })
      })
      if (stored.kind !== 'stored') return stored
      for (const each of before) onChanged?.(each.before, each.now)
      messages.push(...stored.messages)
      modified.push(...stored.modified)
    }
    return { kind: 'stored', messages, modified }
  }

  async function storeChunk(
    name: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
    { unchangedSince, before }: { readonly unchangedSince: number; readonly before: Changed[] },
  ): Promise<Stored> {
    const folder = await readFolder(table, name)
    if (!folder?.selectable) return { kind: 'no-such-folder' }
    const found = await readMessages(table, name.id, uids)
    const modified = found.filter((message) => message.modSeq > unchangedSince)
    const messages = found.filter((message) => message.modSeq <= unchangedSince)
    if (!hasRoom(folder, change)) return { kind: 'too-many-keywords' }
    const edit = new FolderEdit(folder, clock.now())
    let edited = false
    const now: MessageRecord[] = []
    for (const message of messages) {
      const flags = changeFlags(message.flags, change)
      if (flags.keywords.length > KEYWORDS_MAX) return { kind: 'too-many-keywords' }
      const same = sameFlags(flags, message.flags)
      edited ||= !same
      const changed = same ? message : edit.setFlags(message, flags)
      now.push(changed)
      if (!same) before.push({ before: message, now: changed })
    }
    if (edited) await commitEdits(deps, [[folder, edit]])
    return { kind: 'stored', messages: now, modified: modified.map(({ uid }) => uid) }
  }

  return storeFlags
}

type Changed = { readonly before: MessageRecord; readonly now: MessageRecord }

/** Whether the folder has room for the keywords that are given to its messages. */
function hasRoom(folder: FolderRecord, { mode, flags, scope }: FlagChange): boolean {
  if (mode === 'remove' || scope?.keywords === false) return true
  const known = new Set(folder.keywords.map((keyword) => keyword.toLowerCase()))
  for (const keyword of flagSet(flags).keywords) known.add(keyword.toLowerCase())
  return known.size <= KEYWORDS_PER_FOLDER_MAX
}
