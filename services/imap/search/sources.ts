// The mailboxes that ESEARCH looks into: RFC 7377 §2.2, filters of RFC 5465 §6. Names that there is nothing behind are passed
// over.

import type { MailboxFilter } from '#shared/imap/mailbox-filter.ts'
import type { FolderTree } from '#shared/mailbox/folder-path.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { folderTree } from '../folder-names.ts'
import type { Session } from '../session.ts'
import type { Pace } from './pace.ts'
import type { Field } from './reading.ts'

export type Source = {
  readonly path: string
  readonly uidValidity: number
  /** Undefined when it has gone meanwhile. */
  readonly open: () => Promise<OpenedSource | undefined>
}

export type OpenedSource = Field & AsyncDisposable

/** Each mailbox once, in the order of names. */
export async function sourcesOf(
  session: Session,
  filters: readonly MailboxFilter[],
  pace: Pace,
): Promise<readonly Source[]> {
  const tree = await folderTree(session)
  const wanted = new Set<string>()
  for (const filter of withoutRepeated(filters)) {
    const folders = await foldersOf(session, tree, filter)
    for (const folder of folders) wanted.add(folder.id)
    const wait = pace.spent(FOLDER_BYTES * folders.length)
    if (wait) await wait
  }
  return tree.folders
    .filter((folder) => folder.selectable && wanted.has(folder.id))
    .map((folder) => ({
      path: tree.pathOf(folder),
      uidValidity: folder.uidValidity,
      open: () => open(session, folder),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** What looking at a folder costs the pace, in bytes. */
const FOLDER_BYTES = 100

/** Each name once for each kind, a few at a time: a list may name the same ones any number of times. */
function* withoutRepeated(filters: readonly MailboxFilter[]): Generator<MailboxFilter> {
  const seen = new Set<string>()
  const isNew = (what: string) => !seen.has(what) && seen.add(what)
  for (const filter of filters) {
    if (!('mailboxes' in filter)) {
      if (isNew(filter.kind)) yield filter
      continue
    }
    for (const path of filter.mailboxes) {
      if (isNew(`${filter.kind} ${path}`)) yield { kind: filter.kind, mailboxes: [path] }
    }
  }
}

async function foldersOf(
  session: Session,
  tree: FolderTree,
  filter: MailboxFilter,
): Promise<readonly FolderRecord[]> {
  const named = (paths: readonly string[]) =>
    paths.map((path) => tree.find(path)).filter((folder) => folder !== undefined)
  switch (filter.kind) {
    case 'selected':
    case 'selected-delayed':
      return session.state.kind === 'selected' ? [session.selected.folder] : []
    case 'inboxes':
      return named(['INBOX'])
    case 'personal':
      return tree.folders
    case 'subscribed':
      return named(await session.services.mailbox.subscriptions.list(session.account.id))
    case 'subtree':
      return named(filter.mailboxes).flatMap((folder) => tree.subtree(folder))
    case 'subtree-one':
      return named(filter.mailboxes).flatMap((folder) => [folder, ...tree.children(folder.id)])
    case 'mailboxes':
      return named(filter.mailboxes)
  }
}

/** The selected mailbox as the client knows it, another one as it is now. */
async function open(session: Session, folder: FolderRecord): Promise<OpenedSource | undefined> {
  if (session.state.kind === 'selected' && session.selected.folder.id === folder.id) {
    const { uids, messages } = session.selected
    return { uids, messages, [Symbol.asyncDispose]: async () => {} }
  }
  const opened = await session.services.snapshots.open(folder)
  if (opened === undefined) return undefined
  const { uids, messages } = opened
  return { uids, messages, [Symbol.asyncDispose]: async () => opened.close() }
}
