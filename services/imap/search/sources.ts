// The mailboxes that ESEARCH looks into: RFC 7377 §2.2, filters of RFC 5465 §6. Names that there is nothing behind are passed
// over.

import type { MailboxFilter } from '#shared/imap/mailbox-filter.ts'
import type { FolderTree } from '#shared/mailbox/folder-path.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { Pace } from '#shared/search/pace.ts'
import type { Searched } from '#shared/search/reading.ts'
import { type ForeignNode, foreignNodes } from '../access/foreign-nodes.ts'
import { isBelowNamespace } from '../access/namespaces.ts'
import { may } from '../access/reach.ts'
import { folderTree } from '../folder-names.ts'
import { parentOf, upwards } from '../notify/wanted.ts'
import type { Session } from '../session.ts'

export type Source = {
  readonly path: string
  readonly uidValidity: number
  /** Undefined when it has gone meanwhile. */
  readonly open: () => Promise<OpenedSource | undefined>
}

export type OpenedSource = Searched & AsyncDisposable

/** Each mailbox once, in the order of names. */
export async function sourcesOf(
  session: Session,
  filters: readonly MailboxFilter[],
  pace: Pace,
): Promise<readonly Source[]> {
  const tree = await folderTree(session)
  const foreign = filters.some((filter) => maySeeForeign(session, filter))
    ? await foreignNodes(session, 'ESEARCH')
    : []
  const wanted = new Set<string>()
  for (const filter of withoutRepeated(filters)) {
    const folders = await foldersOf(session, tree, filter)
    for (const folder of folders) wanted.add(folder.id)
    const others = await foreignOf(session, foreign, filter)
    for (const { folder } of others) wanted.add(folder.id)
    const wait = pace.spent(FOLDER_BYTES * (folders.length + foreign.length))
    if (wait) await wait
  }
  const own = tree.folders.map((folder) => ({ folder, path: () => tree.pathOf(folder) }))
  const others = foreign.map(({ folder, path }) => ({ folder, path: () => path }))
  return [...own, ...others]
    .filter(({ folder }) => folder.selectable && wanted.has(folder.id))
    .map(({ folder, path }) => ({
      path: path(),
      uidValidity: folder.uidValidity,
      open: async () =>
        (await mayStillBeRead(session, folder)) ? open(session, folder) : undefined,
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
      return named(await session.deps.mailbox.subscriptions.list(session.account.id))
    case 'subtree':
      return named(filter.mailboxes).flatMap((folder) => tree.subtree(folder))
    case 'subtree-one':
      return named(filter.mailboxes).flatMap((folder) => [folder, ...tree.children(folder.id)])
    case 'mailboxes':
      return named(filter.mailboxes)
  }
}

const namesForeign = (filter: MailboxFilter): boolean =>
  'mailboxes' in filter && filter.mailboxes.some(isBelowNamespace)

/** The selected one is found among them by its name. */
function maySeeForeign({ state }: Session, filter: MailboxFilter): boolean {
  if (filter.kind.startsWith('selected'))
    return state.kind === 'selected' && state.selected.isForeign
  return filter.kind === 'subscribed' || namesForeign(filter)
}

/** Those that the account may search (RFC 7377 §2.2): all others are passed over as what is not there. */
async function foreignOf(
  session: Session,
  foreign: readonly ForeignNode[],
  filter: MailboxFilter,
): Promise<readonly ForeignNode[]> {
  if (foreign.length === 0 || !maySeeForeign(session, filter)) return []
  const names =
    filter.kind === 'subscribed'
      ? await session.deps.mailbox.subscriptions.list(session.account.id)
      : 'mailboxes' in filter
        ? filter.mailboxes
        : []
  const wanted = new Set(names.map((name) => name.normalize('NFC')))
  return foreign.filter(({ path, rights }) => {
    if (filter.kind !== 'mailboxes' && !may(rights, 'ESEARCH of many')) return false
    if (filter.kind === 'subtree') return upwards(path).some((name) => wanted.has(name))
    return wanted.has(path) || (filter.kind === 'subtree-one' && wanted.has(parentOf(path) ?? ''))
  })
}

/** A client decides by its reading how long a search takes; its rights may go meanwhile. */
async function mayStillBeRead(session: Session, folder: FolderRecord): Promise<boolean> {
  const { access } = session.deps.mailbox
  return may(await access.rights(folder, session.account.id), 'ESEARCH')
}

/** The selected mailbox as the client knows it, another one as it is now. */
async function open(session: Session, folder: FolderRecord): Promise<OpenedSource | undefined> {
  if (session.state.kind === 'selected' && session.selected.folder.id === folder.id) {
    const { uids, messages } = session.selected
    return { uids, messages, [Symbol.asyncDispose]: async () => {} }
  }
  const opened = await session.deps.mailbox.openFolder(folder)
  if (opened === undefined) return undefined
  const { uids, messages } = opened
  return { uids, messages, [Symbol.asyncDispose]: async () => opened.close() }
}
