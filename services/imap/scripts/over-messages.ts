// Runs scripts over messages of a folder, one after the other, and gives them their flags batch by batch: last of all, so that a message
// whose run was cut short by whatever is still where it was.

import type { Flag, Uid } from '#shared/contracts/mailbox.ts'
import { changeFlags, flagList, sameFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord, MessageRecord } from '#shared/mailbox/records.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Ran, Scripting, WantedRun } from './scripting.ts'

/** Messages that are read together, with their blobs of up to 400 KB each. */
export const BATCH_MESSAGES = 16

export type RanOver = {
  readonly uid: Uid
  readonly ran: Ran
  /** With the flags that it has now; undefined where they did not change. */
  readonly marked: MessageRecord | undefined
}

export type FlagsChanged = { readonly uid: Uid; readonly changedFlags: readonly Flag[] }

/** Messages that are gone are passed over. Ends early where `mayGoOn` says no, asked between batches. */
export async function* runOver(
  deps: {
    readonly mailbox: Pick<Mailbox, 'readMessages' | 'blobs' | 'storeFlags'>
    readonly scripting: Pick<Scripting, 'run'>
  },
  folder: FolderRecord,
  uids: readonly Uid[],
  runOf: (uid: Uid) => WantedRun,
  mayGoOn: () => boolean,
): AsyncGenerator<{
  readonly batch: readonly RanOver[]
  /** Flags that a script changed, but for messages it did not keep (RFC 6785 §2.2.3, §2.2.4). */
  readonly changed: readonly FlagsChanged[]
}> {
  const { mailbox, scripting } = deps
  for (const chunk of chunks(uids, BATCH_MESSAGES)) {
    if (!mayGoOn()) return
    const records = await mailbox.readMessages(folder, chunk)
    const blobs = await mailbox.blobs(records.map(({ blobId }) => blobId))
    const done: { readonly record: MessageRecord; readonly ran: Ran }[] = []
    for (const [i, record] of records.entries()) {
      const blob = blobs[i]
      if (blob === undefined) continue
      const wait = turns.step()
      if (wait) await wait
      done.push({ record, ran: await scripting.run({ folder, record, blob }, runOf(record.uid)) })
    }
    const changed: FlagsChanged[] = []
    const marked = await mark(mailbox, folder, done, changed)
    const batch = done.map(({ record: { uid }, ran }) => ({ uid, ran, marked: marked.get(uid) }))
    yield { batch, changed }
  }
}

/** As few writes as there are different changes. Each adds or takes away: what others changed meanwhile stays. */
async function mark(
  mailbox: Pick<Mailbox, 'storeFlags'>,
  folder: FolderRecord,
  done: readonly { readonly record: MessageRecord; readonly ran: Ran }[],
  changed: FlagsChanged[],
): Promise<ReadonlyMap<Uid, MessageRecord>> {
  const groups = new Map<string, Group>()
  const put = (mode: Group['mode'], flags: readonly Flag[], isDeletion: boolean, uid: Uid) => {
    if (flags.length === 0) return
    const name = `${mode} ${isDeletion} ${flags.join(' ')}`
    const group = groups.get(name) ?? { mode, flags, isDeletion, uids: [] }
    group.uids.push(uid)
    groups.set(name, group)
  }
  for (const { record, ran } of done) {
    if (ran.kind !== 'done') continue
    const { uid, flags: old } = record
    if (ran.flags !== undefined && !sameFlags(ran.flags, old)) {
      const [before, now] = [flagList(old), flagList(ran.flags)]
      const added = changeFlags(ran.flags, { mode: 'remove', flags: before })
      const removed = changeFlags(old, { mode: 'remove', flags: now })
      put('add', flagList(added), false, uid)
      put('remove', flagList(removed), false, uid)
    }
    if (ran.isDeleted) put('add', ['\\Deleted'], true, uid)
  }
  const marked = new Map<Uid, MessageRecord>()
  for (const { mode, flags, isDeletion, uids } of groups.values()) {
    await mailbox.storeFlags(
      folder,
      uids,
      { mode, flags },
      {
        onChanged: (before, now) => {
          marked.set(now.uid, now)
          if (!isDeletion) changed.push({ uid: now.uid, changedFlags: changedFlags(before, now) })
        },
      },
    )
  }
  return marked
}

type Group = {
  readonly mode: 'add' | 'remove'
  readonly flags: readonly Flag[]
  readonly isDeletion: boolean
  readonly uids: Uid[]
}

/** RFC 6785 §4.5: set or taken away. */
export function changedFlags(before: MessageRecord, now: MessageRecord): readonly Flag[] {
  const without = (one: MessageRecord, other: MessageRecord) =>
    flagList(changeFlags(one.flags, { mode: 'remove', flags: flagList(other.flags) }))
  return [...without(now, before), ...without(before, now)]
}
