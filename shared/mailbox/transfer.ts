// Messages that come into a folder other than by delivery: copied, moved, appended several at once, or put in the place of
// another. Each transaction writes both folders, both logs and the blob references, so that no message is ever in neither
// folder or, where it is moved, in both.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  Conflict,
  type Signals,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { Admission } from './admission.ts'
import { sizeOf } from './append.ts'
import { referAgain, reference, release } from './blob-references.ts'
import { type FlagScope, type FlagSet, flagsWithin } from './flags.ts'
import { FOLDER_WRITES, FolderEdit } from './folder-edit.ts'
import { readFolder, readMessages } from './folder-reading.ts'
import { folderTopic } from './keys.ts'
import type {
  AppendedTogether,
  Appendix,
  Copied,
  Mailbox,
  Moved,
  NoSuchFolder,
  Refused,
  Replaced,
  Terms,
  Transferred,
} from './port.ts'
import type { Limits } from './quota.ts'
import type { FolderRecord } from './records.ts'
import { growthTogether, USAGE_WRITES, type UsageChange, usageWrites } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'
import type { Writers } from './writers.ts'

/** Messages of one COPY transaction: each also writes its blob. */
export const COPY_BATCH_MAX = Math.floor((TRANSACT_ITEMS_MAX - FOLDER_WRITES - USAGE_WRITES) / 2)
/** Messages of one MOVE transaction: each is deleted here and put there, maybe in another account; blobs stay as they are. */
export const MOVE_BATCH_MAX = Math.floor(
  (TRANSACT_ITEMS_MAX - 2 * FOLDER_WRITES - 2 * USAGE_WRITES) / 2,
)
/** Messages that can be appended all or nothing (RFC 3502): each also writes its blob. */
export const APPEND_TOGETHER_MAX = COPY_BATCH_MAX

export function createTransfer(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly writers: Writers
  readonly expunge: Mailbox['expunge']
}): Pick<Mailbox, 'copy' | 'move' | 'appendTogether' | 'replace'> {
  const { table, clock, writers } = deps

  async function copy(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    terms: Terms = {},
  ): Promise<Copied> {
    const copied = collected()
    const takeBack = () => deps.expunge(target, copied.all.to)
    try {
      for (const chunk of chunksOrOne(uids, COPY_BATCH_MAX)) {
        const result = await writers.change([source, target], () =>
          copyChunk(source, chunk, target, terms),
        )
        if ('kind' in result) {
          await takeBack()
          return result
        }
        copied.take(result)
      }
    } catch (error) {
      await takeBack().catch(() => undefined)
      throw error
    }
    return { kind: 'copied', ...copied.all }
  }

  async function copyChunk(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    { limits, scope }: Terms,
  ): Promise<Transferred | NoSuchFolder | Refused> {
    const folders = await bothFolders(source, target)
    if (folders.kind !== 'both') return folders
    const messages = await readMessages(table, source.id, uids)
    const admission = await openAdmission(target, limits)
    const refused = admission?.refuses(messages.map(({ size }) => ({ bytes: size })))
    if (refused !== undefined) return refused
    const edit = new FolderEdit(folders.to, clock.now())
    const to = messages.map((message) => edit.add(withFlagsIn(scope, message)))
    if (messages.length > 0) {
      await commit([[folders.to, edit]], referAgain(messages), admission?.change)
    }
    return transferred(folders.to, messages, to)
  }

  async function move(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    terms: Terms = {},
  ): Promise<Moved> {
    const moved = collected()
    for (const chunk of chunksOrOne(uids, MOVE_BATCH_MAX)) {
      try {
        const result = await writers.change([source, target], () =>
          moveChunk(source, chunk, target, terms),
        )
        if (!('kind' in result)) {
          moved.take(result)
          continue
        }
        if (moved.all.to.length === 0) return result
        const cause = new TemporaryFailure(`a folder of a move: ${result.kind}`)
        return { kind: 'interrupted', cause, ...moved.all }
      } catch (error) {
        if (!(error instanceof TemporaryFailure) || moved.all.to.length === 0) throw error
        return { kind: 'interrupted', cause: error, ...moved.all }
      }
    }
    return { kind: 'moved', ...moved.all }
  }

  async function moveChunk(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    { limits, scope }: Terms,
  ): Promise<Transferred | NoSuchFolder | Refused> {
    const folders = await bothFolders(source, target)
    if (folders.kind !== 'both') return folders
    const messages = await readMessages(table, source.id, uids)
    assertKnownTo(folders.from, messages)
    const comesIn = source.accountId !== target.accountId
    const admission = await openAdmission(target, comesIn ? limits : undefined)
    const refused = admission?.refuses(messages.map(({ size }) => ({ bytes: size })))
    if (refused !== undefined) return refused
    const edits = editsOf(folders)
    const to = messages.map((message) => {
      edits.from.remove(message)
      return edits.to.add(withFlagsIn(scope, message))
    })
    if (messages.length > 0) await commit(edits.all, [], admission?.change)
    return transferred(folders.to, messages, to)
  }

  /** All of the messages or, with TemporaryFailure, none. `once` does not apply. */
  function appendTogether(
    folder: FolderRef,
    messages: readonly Appendix[],
    limits?: Limits,
  ): Promise<AppendedTogether> {
    if (messages.length > APPEND_TOGETHER_MAX) return Promise.resolve({ kind: 'too-many' })
    return writers.change([folder], async (): Promise<AppendedTogether> => {
      const before = await readFolder(table, folder)
      if (!before?.selectable) return { kind: 'no-such-folder' }
      const { modSeq, uidValidity } = before
      if (messages.length === 0) return { kind: 'appended', uids: [], modSeq, uidValidity }
      const admission = await openAdmission(folder, limits)
      const refused = admission?.refuses(messages.map(incoming))
      if (refused !== undefined) return refused
      const edit = new FolderEdit(before, clock.now())
      const uids = messages.map((message) => edit.add(arriving(message)))
      await commit([[before, edit]], references(messages), admission?.change)
      return { kind: 'appended', uids, modSeq: edit.modSeq, uidValidity }
    })
  }

  function replace(
    source: FolderRef,
    uid: Uid,
    target: FolderRef,
    message: Appendix,
    limits?: Limits,
  ): Promise<Replaced> {
    return writers.change([source, target], async (): Promise<Replaced> => {
      const folders = await bothFolders(source, target)
      if (folders.kind !== 'both') return folders
      const [old] = await readMessages(table, source.id, [uid])
      if (old === undefined) return { kind: 'no-such-message' }
      assertKnownTo(folders.from, [old])
      const admission = await openAdmission(target, limits)
      // What is replaced makes room, unless it is of another account.
      if (source.accountId === target.accountId) admission?.makeRoom(old.size)
      const refused = admission?.refuses([incoming(message)])
      if (refused !== undefined) return refused
      const edits = editsOf(folders)
      edits.from.remove(old)
      const replacement = edits.to.add(arriving(message))
      // The same blob in its own place, as when a first attempt was carried out but not answered: its count stays.
      const blobs =
        old.blobId === message.blob.id
          ? []
          : [...(await release(table, [old], clock.now())), ...references([message])]
      await commit(edits.all, blobs, admission?.change)
      const { uidValidity } = folders.to
      return { kind: 'replaced', uid: replacement, modSeq: edits.to.modSeq, uidValidity }
    })
  }

  async function bothFolders(
    source: FolderRef,
    target: FolderRef,
  ): Promise<NoSuchFolder | ({ readonly kind: 'both' } & Both)> {
    const sameFolder = source.id === target.id
    const reading = readFolder(table, source)
    const [from, to] = await Promise.all([
      reading,
      sameFolder ? reading : readFolder(table, target),
    ])
    if (!from?.selectable) return { kind: 'no-such-source' }
    if (!to?.selectable) return { kind: 'no-such-target' }
    return { kind: 'both', from, to }
  }

  function editsOf({ from, to }: Both) {
    const nowMs = clock.now()
    const target = new FolderEdit(to, nowMs)
    const source = from === to ? target : new FolderEdit(from, nowMs)
    const all: (readonly [FolderRecord, FolderEdit])[] = [[to, target]]
    if (from !== to) all.push([from, source])
    return { from: source, to: target, all }
  }

  async function commit(
    edits: readonly (readonly [FolderRecord, FolderEdit])[],
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
      deps.signals.publish(folderTopic(folder.id), String(modSeq))
    }
  }

  async function openAdmission({ accountId }: FolderRef, limits: Limits | undefined) {
    if (limits === undefined) return undefined
    const admission = new Admission(await readCompleteUsage(deps, accountId), clock.now())
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

  return { copy, move, appendTogether, replace }
}

function withFlagsIn<M extends { readonly flags: FlagSet }>(
  scope: FlagScope | undefined,
  message: M,
): M {
  return scope === undefined ? message : { ...message, flags: flagsWithin(message.flags, scope) }
}

type Both = { readonly from: FolderRecord; readonly to: FolderRecord }

/**
 * A message that came after the folder was read has the UID the folder would give away next: its removal and the addition
 * would be two writes of one item. Throws Conflict, so that both are read again.
 */
function assertKnownTo(folder: FolderRecord, messages: readonly { readonly uid: Uid }[]): void {
  if (messages.some(({ uid }) => uid >= folder.uidNext)) {
    throw new Conflict('the folder was read before a message in it')
  }
}

/** At least one chunk, so that missing folders are noticed without messages too. */
const chunksOrOne = (uids: readonly Uid[], size: number) =>
  uids.length === 0 ? [[]] : chunks(uids, size)

function transferred(
  { uidValidity }: FolderRecord,
  messages: readonly { readonly uid: Uid }[],
  to: readonly Uid[],
): Transferred {
  return { uidValidity, from: messages.map(({ uid }) => uid), to }
}

function collected() {
  const from: Uid[] = []
  const to: Uid[] = []
  const all = { uidValidity: 0, from, to }
  return {
    all,
    take(chunk: Transferred) {
      all.uidValidity = chunk.uidValidity
      from.push(...chunk.from)
      to.push(...chunk.to)
    },
  }
}

function arriving({ blob, flags, internalDateMs, prepend, unended = false }: Appendix) {
  const size = sizeOf({ blob, prepend })
  return { blobId: blob.id, size, internalDateMs, flags, prepend, unended }
}

const incoming = (message: Appendix) => ({
  bytes: sizeOf(message),
  storedBytes: message.blob.object.length,
})

/** One write for each blob, however many of the messages it is. */
function references(messages: readonly Appendix[]): Write[] {
  const byBlob = Map.groupBy(messages, ({ blob }) => blob.id)
  return [...byBlob.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [reference(first.blob, undefined, 1 + more.length)],
  )
}
