// A mailbox of ours as an export reads it: folders from the top of the tree, their messages, bytes.

import type { AccountId, Message, Uid } from '#shared/contracts/mailbox.ts'
import { DELIMITER } from '#shared/mailbox/folder-path.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { MessageLost, type ObjectReader, StoredMessage } from '#shared/message/stored-message.ts'
import type { SourceScript } from '../mailboxes/source.ts'

export type MailboxForExports = Pick<Mailbox, 'blob' | 'folders' | 'snapshot' | 'subscriptions'>

export type OwnMailbox = {
  readonly account: string
  readonly accountId: AccountId
  readonly mailbox: MailboxForExports
  readonly objects: ObjectReader
  readonly scripts: () => Promise<readonly SourceScript[]>
}

export type OwnFolder = {
  readonly names: readonly string[]
  readonly path: string
  readonly folder: FolderRecord
}

/** Those that can hold messages, by path. */
export async function ownFolders({ mailbox, accountId }: OwnMailbox): Promise<OwnFolder[]> {
  const tree = await mailbox.folders.tree(accountId)
  return tree.folders
    .filter(({ selectable }) => selectable)
    .map((folder) => ({ folder, path: tree.pathOf(folder) }))
    .map(({ folder, path }) => ({ folder, path, names: path.split(DELIMITER) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

export type OwnMessages = {
  readonly uidNext: number
  readonly messages: readonly Message[]
  /** As POP3 names each of them (RFC 1939 §7). */
  readonly popIdOf: (uid: Uid) => string
  readonly popOrders: ReadonlyMap<Uid, number>
}

/** Undefined: the folder went meanwhile. */
export async function ownMessages(
  { mailbox, accountId }: OwnMailbox,
  { folder }: OwnFolder,
): Promise<OwnMessages | undefined> {
  const { messages, popIds, popOrders } = await mailbox.snapshot(folder)
  const after = await mailbox.folders.get(accountId, folder.id)
  if (after === undefined) return undefined
  return {
    uidNext: Math.max(after.uidNext, (messages.at(-1)?.uid ?? 0) + 1),
    messages,
    popIdOf: (uid) => popIds.get(uid) ?? `${folder.uidValidity}-${uid}`,
    popOrders,
  }
}

/** Undefined: it was expunged meanwhile, or its bytes are lost. */
export async function bytesOf(
  { mailbox, objects }: OwnMailbox,
  { blobId, prepend }: Message,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const blob = await mailbox.blob(blobId)
  if (blob === undefined) return undefined
  const stored = new StoredMessage(objects, blob, prepend)
  try {
    await stored.check()
  } catch (error) {
    if (error instanceof MessageLost) return undefined
    throw error
  }
  return stored.stream()
}
