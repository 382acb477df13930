// What a client missed since it last was here: CHANGEDSINCE and VANISHED (EARLIER) of RFC 7162 §3.2.10.

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import { readLog } from './folder-reading.ts'
import type { UidList } from './message-columns.ts'
import type { Missed, OpenFolder, UidRange } from './port.ts'

type Seen = Pick<OpenFolder, 'folder' | 'messages' | 'modSeq' | 'uids'>

/** Log entries that are read to name what vanished; beyond them all absent uids are named. */
export const RESYNC_CHANGES_MAX = 5_000

/** From a modseq of the client's to the session's state of the folder. */
export async function missedSince(
  deps: { readonly table: Table; readonly clock: Clock },
  opened: Seen,
  since: number,
): Promise<Missed> {
  const { uids, modSeq, folder } = opened
  const log =
    modSeq - since <= RESYNC_CHANGES_MAX && since >= 0
      ? await readLog(deps, folder.id, Math.min(since, modSeq) as ModSeq, modSeq)
      : undefined
  const changed = changedAfter(opened, since)
  if (log === undefined) {
    return { changed, vanished: absent(uids, folder.uidNext - 1), exact: false }
  }
  const gone = log.flatMap((change) => (change.kind === 'expunge' ? change.uids : []))
  return { changed, vanished: ranges(gone.sort((a, b) => a - b)), exact: true }
}

function changedAfter({ messages, folder }: Seen, since: number): readonly Uid[] {
  const changed: Uid[] = []
  for (let row = 0; row < messages.length; row++) {
    const uid = messages.uidAt(row)
    if (messages.modSeqAt(row) > since && uid < folder.uidNext) changed.push(uid)
  }
  return changed
}

/** Every uid from 1 up to the last that is not among the given ones. */
export function absent(uids: UidList, last: number): readonly UidRange[] {
  const found: UidRange[] = []
  let from = 1
  for (const uid of uids) {
    if (uid > from) found.push([from as Uid, (uid - 1) as Uid])
    from = uid + 1
  }
  if (from <= last) found.push([from as Uid, last as Uid])
  return found
}

export function ranges(uids: readonly Uid[]): readonly UidRange[] {
  const found: UidRange[] = []
  let from = uids[0]
  for (const [i, uid] of uids.entries()) {
    if (uids[i + 1] === uid + 1 || from === undefined) continue
    found.push([from, uid])
    from = uids[i + 1]
  }
  return found
}
