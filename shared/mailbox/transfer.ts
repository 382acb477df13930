// COPY and MOVE (RFC 9051 §6.4.7, §6.4.8), in chunks, each one transaction: so that no message is ever in neither folder or, where it is
// moved, in both.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { TRANSACT_ITEMS_MAX } from '#shared/storage/ports.ts'
import { referAgain } from './blob-references.ts'
import { type FlagScope, type FlagSet, flagsWithin } from './flags.ts'
import { FOLDER_WRITES, FolderEdit } from './folder-edit.ts'
import { readMessages } from './folder-reading.ts'
import {
  assertKnownTo,
  commitEdits,
  editsOf,
  openAdmission,
  readBothFolders,
  type TransferDeps,
} from './folder-transaction.ts'
import type {
  Copied,
  Mailbox,
  Moved,
  NoSuchSourceOrTarget,
  Refused,
  Terms,
  Transferred,
} from './port.ts'
import type { FolderRecord } from './records.ts'
import { USAGE_WRITES } from './usage.ts'

/** Messages of one COPY transaction: each also writes its blob. */
export const COPY_BATCH_MAX = Math.floor((TRANSACT_ITEMS_MAX - FOLDER_WRITES - USAGE_WRITES) / 2)
/** Messages of one MOVE transaction: each is deleted here and put there, maybe in another account; blobs stay as they are. */
export const MOVE_BATCH_MAX = Math.floor(
  (TRANSACT_ITEMS_MAX - 2 * FOLDER_WRITES - 2 * USAGE_WRITES) / 2,
)
export function createTransfer(
  deps: TransferDeps & {
    readonly expunge: Mailbox['expunge']
  },
): Pick<Mailbox, 'copy' | 'move'> {
  const { table, clock, writers } = deps

  async function copy(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    terms: Terms = {},
  ): Promise<Copied> {
    const copied = collectTransfers()
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
  ): Promise<Transferred | NoSuchSourceOrTarget | Refused> {
    const folders = await readBothFolders(table, source, target)
    if (folders.kind !== 'both') return folders
    const messages = await readMessages(table, source.id, uids)
    const admission = await openAdmission(deps, target, limits)
    const refused = admission?.refuses(messages.map(({ size }) => ({ bytes: size })))
    if (refused !== undefined) return refused
    const edit = new FolderEdit(folders.to, clock.now())
    const to = messages.map((message) => edit.add(withFlagsIn(scope, message)))
    if (messages.length > 0) {
      await commitEdits(deps, [[folders.to, edit]], referAgain(messages), admission?.change)
    }
    return pairs(folders.to, messages, to)
  }

  async function move(
    source: FolderRef,
    uids: readonly Uid[],
    target: FolderRef,
    terms: Terms = {},
  ): Promise<Moved> {
    const moved = collectTransfers()
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
  ): Promise<Transferred | NoSuchSourceOrTarget | Refused> {
    const folders = await readBothFolders(table, source, target)
    if (folders.kind !== 'both') return folders
    const messages = await readMessages(table, source.id, uids)
    assertKnownTo(folders.from, messages)
    const comesIn = source.accountId !== target.accountId
    const admission = await openAdmission(deps, target, comesIn ? limits : undefined)
    const refused = admission?.refuses(messages.map(({ size }) => ({ bytes: size })))
    if (refused !== undefined) return refused
    const edits = editsOf(folders, clock.now())
    const to = messages.map((message) => {
      edits.from.remove(message)
      return edits.to.add(withFlagsIn(scope, message))
    })
    if (messages.length > 0) await commitEdits(deps, edits.all, [], admission?.change)
    return pairs(folders.to, messages, to)
  }

  return { copy, move }
}

function withFlagsIn<M extends { readonly flags: FlagSet }>(
  scope: FlagScope | undefined,
  message: M,
): M {
  return scope === undefined ? message : { ...message, flags: flagsWithin(message.flags, scope) }
}

/** At least one chunk, so that missing folders are noticed without messages too. */
const chunksOrOne = (uids: readonly Uid[], size: number) =>
  uids.length === 0 ? [[]] : chunks(uids, size)

function pairs(
  { uidValidity }: FolderRecord,
  messages: readonly { readonly uid: Uid }[],
  to: readonly Uid[],
): Transferred {
  return { uidValidity, from: messages.map(({ uid }) => uid), to }
}

function collectTransfers() {
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
