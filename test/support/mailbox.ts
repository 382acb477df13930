// A mailbox on an embedded store of its own, and the small things that its tests say again and again.

import type { AccountId, BlobId, FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import type { Mailbox, NewMessage } from '#shared/mailbox/port.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { blob } from './blob.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const account = 'acc1' as AccountId

export type TestMailbox = AsyncDisposable & { readonly store: Store; readonly mailbox: Mailbox }

export async function openTestMailbox(clock: Clock = systemClock): Promise<TestMailbox> {
  const resources = new AsyncDisposableStack()
  const folder = resources.use(await temporaryFolder())
  const store = resources.use(await openEmbeddedStore({ directory: folder.path, clock }))
  return {
    store,
    mailbox: mailboxOn(store, clock),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** A mailbox as another process has it: nothing in memory. */
export function mailboxOn(
  { tables, objects, signals }: Store,
  clock: Clock = systemClock,
): Mailbox {
  return createMailbox({ table: tables.mail, objects, signals, clock })
}

export function message(id: string, given: Partial<NewMessage> = {}): NewMessage {
  return {
    blob: blob(id),
    flags: flagSet([]),
    internalDateMs: 1_000,
    prepend: '',
    once: false,
    ...given,
  }
}

export const withFlags = (id: string, ...flags: string[]): NewMessage => ({
  ...message(id),
  flags: flagSet(flags),
})

export const uids = (...numbers: number[]): Uid[] => numbers as Uid[]
export const blobIds = (...ids: string[]): BlobId[] => ids as BlobId[]

/** Makes the folder and everything above it. */
export async function makeFolder(mailbox: Mailbox, path: string, uses: readonly string[] = []) {
  const created = await mailbox.folders.create(account, path, uses)
  if (created.kind !== 'created') throw new Error(`${path}: ${created.kind}`)
  return created.folder
}

/** Appends one message after the other, so that uids follow the order. */
export async function fill(mailbox: Mailbox, folder: FolderRef, ...ids: string[]) {
  for (const id of ids) await mailbox.append(folder, message(id))
}

/** The account's folders by path; those of the beginning left out. */
export async function paths(mailbox: Mailbox): Promise<string[]> {
  const tree = await mailbox.folders.tree(account)
  const first = ['INBOX', 'Drafts', 'Sent', 'Junk', 'Trash', 'Archive']
  return tree.folders
    .map((folder) => tree.pathOf(folder))
    .filter((path) => !first.includes(path))
    .sort()
}

/** Uid and blob of every message of a folder. */
export async function contents(mailbox: Mailbox, folder: FolderRef): Promise<string[]> {
  const { messages } = await mailbox.snapshot(folder)
  return messages.map(({ uid, blobId }) => `${uid} ${blobId}`)
}
