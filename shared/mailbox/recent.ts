// Which messages are \Recent to a session (RFC 3501 §2.3.2): those that no session of IMAP4rev1 was told of before. The folder keeps
// the lowest uid of them. A session that finds new messages when it selects the folder takes them, in one write on condition, so
// that of several sessions one has them; what comes while the folder is selected goes to the session of this process that is told
// first, and is noted when the last of them leaves. Sessions in other processes may be told of those again: "If it is not possible
// to determine whether or not this session is the first session to be notified about a message, then that message SHOULD be
// considered recent."

import type { FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { ConditionFailed, Conflict, type Table } from '#shared/storage/ports.ts'
import { folderKey, folderPk, messageSk } from './keys.ts'
import { positionAtOrAfter } from './message-columns.ts'
import type { Recent, RecentMessages } from './port.ts'
import { type FolderRecord, folderRecord } from './records.ts'

/** Ranges of uids that are recent to one session; the oldest are forgotten. */
export const RECENT_RANGES_MAX = 1_000
/** Folders whose count for STATUS is kept; the oldest are forgotten. */
export const RECENT_COUNTS_MAX = 1_000

/** What the sessions of this process know of a folder that they have selected. */
type Mark = {
  /** Messages below it are recent to somebody already. */
  next: number
  /** As the folder has it; undefined: an older version made it. */
  stored: number | undefined
  followers: number
}

export function createRecent({ table }: { readonly table: Table }): Recent {
  const marks = new Map<FolderId, Mark>()
  /** Clients ask for the STATUS of every folder again and again, mostly while nothing changes. */
  const counts = new Map<FolderId, { modSeq: ModSeq; from: number; count: number }>()

  /** `takes`: others will not be told of them. EXAMINE takes none (RFC 3501 §6.3.2). */
  async function follow(
    folder: FolderRecord,
    uidNext: Uid,
    { takes }: { readonly takes: boolean },
  ): Promise<RecentMessages> {
    const mark = marks.get(folder.id) ?? { next: 0, stored: undefined, followers: 0 }
    marks.set(folder.id, mark)
    mark.followers++
    // Either may be the newer one.
    if (folder.recentFrom !== null) mark.stored = Math.max(folder.recentFrom, mark.stored ?? 0)
    mark.next = Math.max(mark.next, mark.stored ?? uidNext)
    const from = mark.next
    if (!takes) return follower(folder, mark, { from, uidNext, takes })
    // Before anything is awaited: another session here must not take them too.
    mark.next = Math.max(mark.next, uidNext)
    const taken = (mark.stored ?? 0) < uidNext ? await take(folder, mark, uidNext) : from
    return follower(folder, mark, { from: Math.max(from, taken), uidNext, takes })
  }

  /** Notes that messages below `uidNext` are somebody's. Returns the lowest that were not before. */
  async function take(folder: FolderRecord, mark: Mark, uidNext: number): Promise<number> {
    try {
      const { stored } = mark
      await note(folder, uidNext, stored)
      mark.stored = uidNext
      return stored ?? uidNext
    } catch (error) {
      if (error instanceof ConditionFailed) return await takenByOthers(folder, mark, uidNext)
      // Not worth failing for: they are recent to this session, and perhaps to another one too.
      if (error instanceof Conflict || error instanceof TemporaryFailure) return 0
      throw error
    }
  }

  async function takenByOthers(folder: FolderRecord, mark: Mark, uidNext: number): Promise<number> {
    const item = await table.get(folderKey(folder.accountId, folder.id), { consistent: true })
    const stored = item && folderRecord(item).recentFrom
    if (typeof stored !== 'number') return 0
    mark.stored = stored
    if (stored < uidNext) await note(folder, uidNext, stored).catch(unlessNeeded)
    return stored
  }

  async function note(folder: FolderRecord, uidNext: number, stored: number | undefined) {
    await table.write({
      update: folderKey(folder.accountId, folder.id),
      changes: { set: { recentFrom: uidNext } },
      if: {
        all: [
          { exists: 'uidValidity' },
          stored === undefined
            ? { absent: 'recentFrom' }
            : { attribute: 'recentFrom', is: '=', value: stored },
        ],
      },
    })
  }

  function follower(
    folder: FolderRecord,
    mark: Mark,
    {
      from,
      uidNext,
      takes,
    }: { readonly from: number; readonly uidNext: number; readonly takes: boolean },
  ): RecentMessages {
    const ranges: Range[] = []
    add(ranges, { from, to: uidNext })
    let told = uidNext
    let closed = false
    return {
      isRecent: (uid) => {
        const range = ranges[rangeAtOrBefore(ranges, uid)]
        return range !== undefined && uid < range.to
      },
      countIn: (uids) =>
        ranges.reduce(
          (sum, { from, to }) => sum + positionAtOrAfter(uids, to) - positionAtOrAfter(uids, from),
          0,
        ),
      came: (next) => {
        if (next <= told) return
        add(ranges, { from: Math.max(told, mark.next), to: next })
        told = next
        if (takes) mark.next = Math.max(mark.next, next)
      },
      close: async () => {
        if (closed) return
        closed = true
        if (--mark.followers > 0) return
        marks.delete(folder.id)
        const { next, stored } = mark
        if (stored !== undefined && next > stored) {
          await note(folder, next, stored).catch(unlessNeeded)
        }
      },
    }
  }

  async function count(folder: FolderRecord): Promise<number> {
    const { id, uidNext, exists, recentFrom, modSeq } = folder
    const from = Math.max(recentFrom ?? uidNext, marks.get(folder.id)?.next ?? 0)
    if (from >= uidNext) return 0
    if (from <= 1) return exists
    const known = counts.get(id)
    if (known?.modSeq === modSeq && known.from === from) return known.count
    const count = await countFrom(id, from, uidNext)
    counts.delete(id)
    counts.set(id, { modSeq, from, count })
    const [oldest] = counts.keys()
    if (counts.size > RECENT_COUNTS_MAX && oldest !== undefined) counts.delete(oldest)
    return count
  }

  async function countFrom(id: FolderId, from: number, uidNext: Uid): Promise<number> {
    let found = 0
    let after: string | undefined
    do {
      const page = await table.query({
        pk: folderPk(id),
        sk: { from: messageSk(from as Uid), to: messageSk((uidNext - 1) as Uid) },
        consistent: true,
        ...(after === undefined ? {} : { after }),
      })
      found += page.items.length
      after = page.next
      const wait = turns.step()
      if (wait) await wait
    } while (after !== undefined)
    return found
  }

  return { follow, count }
}

/** `to` is not in it. */
type Range = { readonly from: number; to: number }

function add(ranges: Range[], { from, to }: Range): void {
  if (from >= to) return
  const last = ranges.at(-1)
  if (last?.to === from) last.to = to
  else ranges.push({ from, to })
  if (ranges.length > RECENT_RANGES_MAX) ranges.shift()
}

/** Position of the last range that begins at this uid or below, -1 for none. */
function rangeAtOrBefore(ranges: readonly Range[], uid: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle]?.from ?? 0) <= uid) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Somebody else noted more, or the world failed: then some messages are recent twice. */
function unlessNeeded(error: unknown): void {
  const expected = [ConditionFailed, Conflict, TemporaryFailure]
  if (!expected.some((kind) => error instanceof kind)) throw error
}
