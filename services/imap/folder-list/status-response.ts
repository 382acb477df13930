// STATUS responses, from the folder item alone (RFC 9051 §7.3.4); only DELETED-STORAGE of a folder with messages marked \Deleted
// has to look at them.

import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import type { StatusItem } from '#shared/imap/status-item.ts'
import { DELETED } from '#shared/mailbox/flags.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

export async function writeStatus(
  writer: ResponseWriter,
  session: Session,
  given: {
    readonly path: string
    readonly folder: FolderRecord
    readonly items: readonly StatusItem[]
  },
): Promise<void> {
  const { path, folder, items } = given
  // LIST can ask for the status of every mailbox there is.
  const wait = turns.step()
  if (wait) await wait
  const recent = items.includes('RECENT') ? await recentIn(session, folder) : 0
  const reclaimable = items.includes('DELETED-STORAGE') ? await deletedBytes(session, folder) : 0
  writer.raw('* STATUS ')
  writer.mailbox(path)
  writer.raw(' (')
  for (const [i, item] of items.entries()) {
    writer.raw(
      `${i === 0 ? '' : ' '}${item} ${valueFor(item, session, { folder, reclaimable, recent })}`,
    )
  }
  writer.raw(')')
  writer.endLine()
}

/** STATUS (HIGHESTMODSEQ) switches CONDSTORE on (RFC 7162 §3.1). */
export function noteStatusItems(session: Session, items: readonly StatusItem[], wire: Wire): void {
  if (items.includes('HIGHESTMODSEQ')) session.enableCondstore(wire)
}

function valueFor(
  item: StatusItem,
  { deps }: Session,
  {
    folder,
    reclaimable,
    recent,
  }: {
    readonly folder: FolderRecord
    readonly reclaimable: number
    readonly recent: number
  },
): number | string {
  switch (item) {
    case 'MESSAGES':
      return folder.exists
    case 'UIDNEXT':
      return folder.uidNext
    case 'UIDVALIDITY':
      return folder.uidValidity
    case 'UNSEEN':
      return folder.unseen
    case 'DELETED':
      return folder.deleted
    // RFC 8438 §2
    case 'SIZE':
      return folder.bytes
    // RFC 3501 §6.3.10
    case 'RECENT':
      return recent
    case 'HIGHESTMODSEQ':
      return folder.modSeq
    // RFC 8474 §4.3
    case 'MAILBOXID':
      return `(${folder.mailboxId})`
    // RFC 7889 §3.1
    case 'APPENDLIMIT':
      return deps.options.messageSizeLimit
    // RFC 9208 §4.1.4
    case 'DELETED-STORAGE':
      return reclaimable
  }
}

/** RFC 9051 has no \Recent. */
async function recentIn({ deps, enabled }: Session, folder: FolderRecord): Promise<number> {
  return enabled.has('IMAP4REV2') ? 0 : deps.mailbox.recent.count(folder)
}

async function deletedBytes({ deps }: Session, folder: FolderRecord): Promise<number> {
  if (folder.deleted === 0) return 0
  const open = await deps.mailbox.openFolder(folder)
  if (open === undefined) return 0
  const { messages } = open
  let bytes = 0
  for (let row = 0; row < messages.length; row++) {
    if (messages.bitsAt(row) & DELETED) bytes += messages.sizeAt(row)
  }
  open.close()
  return bytes
}
