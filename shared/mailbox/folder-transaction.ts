// Transactions that change messages of one folder or of two, perhaps of two accounts: folders, logs, blob references and USAGE, so that
// no message is ever in neither folder or, where it is moved, in both.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { Conflict, type Signals, type Table, type Write } from '#shared/storage/ports.ts'
import { Admission } from './admission.ts'
import { FolderEdit } from './folder-edit.ts'
import { readFolder } from './folder-reading.ts'
import { folderTopic } from './keys.ts'
import type { NoSuchSourceOrTarget } from './port.ts'
import type { Limits } from './quota.ts'
import type { FolderRecord } from './records.ts'
import { growthTogether, type UsageChange, usageWrites } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import type { Writers } from './writers.ts'

/** What all need that put messages from somewhere into a folder. */
export type TransferDeps = {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
}

/** One folder may be both. */
export type Both = { readonly from: FolderRecord; readonly to: FolderRecord }

export type Edited = readonly [FolderRecord, FolderEdit]

export async function readBothFolders(
  table: Table,
  source: FolderRef,
  target: FolderRef,
): Promise<NoSuchSourceOrTarget | ({ readonly kind: 'both' } & Both)> {
  const sameFolder = source.id === target.id
  const reading = readFolder(table, source)
  const [from, to] = await Promise.all([reading, sameFolder ? reading : readFolder(table, target)])
  if (!from?.selectable) return { kind: 'no-such-source' }
  if (!to?.selectable) return { kind: 'no-such-target' }
  return { kind: 'both', from, to }
}

/** `all`: the folder that messages come to first. */
export function editsOf({ from, to }: Both, nowMs: number) {
  const target = new FolderEdit(to, nowMs)
  const source = from === to ? target : new FolderEdit(from, nowMs)
  const all: Edited[] = [[to, target]]
  if (from !== to) all.push([from, source])
  return { from: source, to: target, all }
}

/** `usage`: of the account that messages come to, whose folder is the first. */
export async function commitEdits(
  { table, signals }: { readonly table: Table; readonly signals: Signals },
  edits: readonly Edited[],
  blobs: readonly Write[] = [],
  usage: UsageChange = {},
): Promise<void> {
  const finished = edits.map(([folder, edit]) => ({ folder, ...edit.finish() }))
  const owners = [...Map.groupBy(finished, ({ folder }) => folder.accountId)]
  await table.transact([
    ...blobs,
    ...finished.flatMap(({ writes }) => writes),
    ...owners.flatMap(([accountId, of], i) => {
      const growth = growthTogether(of.map(({ growth }) => growth))
      // The first is the one that messages come to.
      return usageWrites(accountId, growth, i === 0 ? usage : {})
    }),
  ])
  for (const { folder, modSeq } of finished) {
    signals.publish(folderTopic(folder.id), String(modSeq))
  }
}

/** Undefined without limits. */
export async function openAdmission(
  deps: { readonly table: Table; readonly clock: Clock },
  { accountId }: FolderRef,
  limits: Limits | undefined,
) {
  if (limits === undefined) return undefined
  const admission = new Admission(await readCompleteUsage(deps, accountId), deps.clock.now())
  return {
    makeRoom: (bytes: number) => admission.makeRoom(bytes),
    /** All of them or none. */
    refuses(messages: readonly { readonly bytes: number; readonly storedBytes?: number }[]) {
      for (const { bytes, storedBytes } of messages) {
        const refused = admission.admit(limits, bytes, storedBytes)
        if (refused !== undefined) return refused
      }
      return undefined
    },
    get change() {
      return admission.change
    },
  }
}

/**
 * A message that came after the folder was read has the UID the folder would give away next: its removal and the addition
 * would be two writes of one item. Throws Conflict, so that both are read again.
 */
export function assertKnownTo(
  folder: FolderRecord,
  messages: readonly { readonly uid: Uid }[],
): void {
  if (messages.some(({ uid }) => uid >= folder.uidNext)) {
    throw new Conflict('the folder was read before a message in it')
  }
}
