// The snapshots of a process: one for each open folder, shared by all sessions that have it open, and kept for a while after
// the last one closed it. SELECT of a folder that is here costs one read, and sessions that ask at the same time share it.

import type { FolderRef, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import { advanceSnapshot, loadSnapshot, type Snapshot } from './folder-snapshot.ts'
import type { MessageColumns, UidList } from './message-columns.ts'
import type { Difference, FolderAdvance, Missed, OpenFolder } from './port.ts'
import type { FolderRecord } from './records.ts'
import { missedSince } from './resync.ts'

/** Memory for snapshots that nobody has open; open ones are bounded by the number of sessions. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024

export interface FolderSnapshots {
  /** Undefined when there is no such folder or it cannot be selected. */
  open(name: FolderRef): Promise<OpenFolder | undefined>
  /** Memory of all snapshots, about. */
  bytes(): number
}

export function createFolderSnapshots(
  deps: { readonly table: Table; readonly clock: Clock },
  { bytesMax = SNAPSHOT_BYTES_MAX }: { readonly bytesMax?: number } = {},
): FolderSnapshots {
  /** By account and folder, least recently used first. */
  const shared = new Map<string, SharedSnapshot>()
  let unusedBytes = 0

  async function open(name: FolderRef): Promise<OpenFolder | undefined> {
    const found = shared.get(keyOf(name))
    if (found !== undefined) {
      const opened = await enter(found)
      if (opened !== undefined) return opened
      // Gone while others have it open; its name may have been made again since.
    }
    const fresh = new SharedSnapshot(deps, name)
    shared.set(keyOf(name), fresh)
    return enter(fresh)
  }

  async function enter(entered: SharedSnapshot): Promise<OpenFolder | undefined> {
    if (entered.users++ === 0) unusedBytes -= entered.bytes
    try {
      await entered.refresh()
      const { snapshot } = entered
      if (snapshot !== undefined) return new SessionFolder(entered, snapshot, leave)
    } catch (error) {
      leave(entered)
      throw error
    }
    leave(entered)
    return undefined
  }

  function leave(left: SharedSnapshot): void {
    left.users--
    const key = keyOf(left.name)
    if (shared.get(key) !== left) return
    shared.delete(key)
    if (left.snapshot === undefined) return
    shared.set(key, left)
    if (left.users === 0) unusedBytes += left.bytes
    for (const [oldest, { users, bytes }] of shared) {
      if (unusedBytes <= bytesMax) return
      if (users > 0) continue
      shared.delete(oldest)
      unusedBytes -= bytes
    }
  }

  const bytes = () => [...shared.values()].reduce((sum, { bytes }) => sum + bytes, 0)

  return { open, bytes }
}

const keyOf = ({ accountId, id }: FolderRef) => `${accountId} ${id}`

class SharedSnapshot {
  readonly name: FolderRef
  readonly deps: { readonly table: Table; readonly clock: Clock }
  users = 0
  /** Undefined before the first load, and for good when the folder is gone. */
  snapshot: Snapshot | undefined
  /** The step that led to `snapshot`; sessions that went along need not compare. */
  #step: { readonly from: ModSeq; readonly difference: Difference } | undefined
  #gone = false
  /** The read that has begun, and the one that will. */
  #reading: Promise<void> | undefined
  #pending: Promise<void> | undefined

  constructor(deps: { readonly table: Table; readonly clock: Clock }, name: FolderRef) {
    this.deps = deps
    this.name = name
  }

  get bytes(): number {
    return this.snapshot?.messages.bytes ?? 0
  }

  /** Brings the snapshot to a state not older than the call; calls that can share a read do. */
  refresh(): Promise<void> {
    this.#pending ??= this.#read(this.#reading)
    return this.#pending
  }

  /** What is being read now may be older than the calls that wait, so it is only waited for. */
  async #read(before: Promise<void> | undefined): Promise<void> {
    // A turn passes in any case: sessions that were woken by the same hint ask in the same one.
    await before?.catch(() => undefined)
    this.#pending = undefined
    const reading = this.#refresh()
    this.#reading = reading
    try {
      await reading
    } finally {
      if (this.#reading === reading) this.#reading = undefined
    }
  }

  async #refresh(): Promise<void> {
    const { snapshot } = this
    if (this.#gone) return
    if (snapshot === undefined) return await this.#load()
    const advanced = await advanceSnapshot(this.deps, snapshot)
    switch (advanced.kind) {
      case 'unchanged':
        this.snapshot = { ...snapshot, folder: advanced.folder }
        return
      case 'advanced':
        this.#step = { from: snapshot.folder.modSeq, difference: advanced.difference }
        this.snapshot = { folder: advanced.folder, messages: advanced.messages }
        return
      case 'behind':
        return await this.#load()
      case 'gone':
        this.#gone = true
        this.snapshot = undefined
    }
  }

  async #load(): Promise<void> {
    const loaded = await loadSnapshot(this.deps, this.name)
    const before = this.snapshot?.folder.uidValidity ?? loaded?.folder.uidValidity
    this.#step = undefined
    this.#gone = !loaded?.folder.selectable || loaded.folder.uidValidity !== before
    this.snapshot = this.#gone ? undefined : loaded
  }

  /** What leads from an earlier state of this folder to `snapshot`. */
  difference(modSeq: ModSeq, uids: UidList, snapshot: Snapshot): Difference {
    if (this.#step?.from === modSeq) return this.#step.difference
    return compare(modSeq, uids, snapshot.messages)
  }
}

class SessionFolder implements OpenFolder {
  readonly #shared: SharedSnapshot
  readonly #leave: (shared: SharedSnapshot) => void
  #snapshot: Snapshot
  #uids: UidList
  #closed = false

  constructor(shared: SharedSnapshot, snapshot: Snapshot, leave: (shared: SharedSnapshot) => void) {
    this.#shared = shared
    this.#leave = leave
    this.#snapshot = snapshot
    this.#uids = snapshot.messages.uids()
  }

  get folder(): FolderRecord {
    return this.#snapshot.folder
  }

  get modSeq(): ModSeq {
    return this.#snapshot.folder.modSeq
  }

  get uids(): UidList {
    return this.#uids
  }

  get messages(): MessageColumns {
    return (this.#shared.snapshot ?? this.#snapshot).messages
  }

  async advance(): Promise<FolderAdvance> {
    await this.#shared.refresh()
    const { snapshot } = this.#shared
    if (snapshot === undefined) return { kind: 'gone' }
    const { modSeq } = this
    this.#snapshot = snapshot
    if (snapshot.folder.modSeq === modSeq) return { kind: 'unchanged' }
    const difference = this.#shared.difference(modSeq, this.#uids, snapshot)
    this.#uids = snapshot.messages.uids()
    return { kind: 'advanced', ...difference }
  }

  missedSince(modSeq: number): Promise<Missed> {
    return missedSince(this.#shared.deps, this, modSeq)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#leave(this.#shared)
  }
}

/** The difference without the steps between, from what the session knew: its uids and its modseq. */
function compare(modSeq: ModSeq, before: UidList, after: MessageColumns): Difference {
  const expunged: Uid[] = []
  const changed: Uid[] = []
  const appeared: Uid[] = []
  const known = before.length
  let position = 0
  for (let row = 0; row < after.length; row++) {
    const uid = after.uidAt(row)
    while (position < known && (before[position] ?? 0) < uid) {
      expunged.push(before[position++] as Uid)
    }
    if (position === known || before[position] !== uid) appeared.push(uid)
    else {
      position++
      if (after.modSeqAt(row) > modSeq) changed.push(uid)
    }
  }
  while (position < known) expunged.push(before[position++] as Uid)
  return { expunged, changed, appeared }
}
