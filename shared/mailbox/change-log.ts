// The change log of a folder: one entry per modseq, written in the transaction that makes the change, so that the entries are
// contiguous and a reader can prove that it missed nothing.

import type { FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Item } from '#shared/storage/ports.ts'
import { changeKey } from './keys.ts'
import { text } from './records.ts'
import { formatUidSet, parseUidSet } from './uid-set.ts'

/** How long an entry is kept; a client that was away longer compares all uids. */
export const CHANGE_LOG_DAYS = 60
const daySeconds = 86_400

export type LogEntry = {
  readonly modSeq: ModSeq
  readonly kind: 'new' | 'flags' | 'expunge'
  readonly uids: readonly Uid[]
}

export function logItem(
  folderId: FolderId,
  modSeq: ModSeq,
  kind: LogEntry['kind'],
  uids: readonly Uid[],
  nowMs: number,
): Item {
  return {
    ...changeKey(folderId, modSeq),
    kind,
    uids: formatUidSet(uids),
    ttl: Math.floor(nowMs / 1000) + CHANGE_LOG_DAYS * daySeconds,
  }
}

export function logEntry(item: Item): LogEntry {
  const kind = text(item, 'kind')
  if (kind !== 'new' && kind !== 'flags' && kind !== 'expunge') {
    throw new Error(`${item.pk} ${item.sk}: unknown change ${kind}`)
  }
  return {
    modSeq: Number(item.sk.slice(2)) as ModSeq,
    kind,
    // Empty when the folder itself was removed or made again.
    uids: parseUidSet(text(item, 'uids')) as Uid[],
  }
}
