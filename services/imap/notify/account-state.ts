// An account as NOTIFY compares it: folders with their names and counters, subscriptions, annotations.

import { createHash } from 'node:crypto'
import type { AccountId, FolderId } from '#shared/contracts/mailbox.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { turns } from '#shared/runtime/turns.ts'
import { foreignNodes } from '../access/foreign-nodes.ts'
import { may } from '../access/reach.ts'
import { folderTree } from '../folder-names.ts'
import { annotationsOf } from '../metadata.ts'
import type { Session } from '../session.ts'
import type { Wanted } from './wanted.ts'

export type SeenFolder = { readonly path: string; readonly folder: FolderRecord }

/** A digest of each value by the name of its entry. */
export type SeenEntries = ReadonlyMap<string, string>

export type AccountState = {
  readonly folders: ReadonlyMap<FolderId, SeenFolder>
  readonly byPath: ReadonlyMap<string, SeenFolder>
  /** Other accounts whose folders are among these. */
  readonly owners: ReadonlySet<AccountId>
  /** Empty where nobody asked. */
  readonly subscribed: ReadonlySet<string>
  /** Null: those of the account as a whole. */
  readonly annotations: ReadonlyMap<FolderId | null, SeenEntries>
}

/** Folders whose annotations are read at a time. */
const READS_AT_ONCE = 16

/** Annotations, the most expensive part, are taken from `before` where it is given. */
export async function readAccountState(
  session: Session,
  wanted: Wanted,
  before?: AccountState,
): Promise<AccountState> {
  const { mailbox } = session.deps
  const [tree, foreign, subscribed] = await Promise.all([
    folderTree(session),
    wanted.maySeeForeign ? foreignNodes(session) : [],
    wanted.needsSubscriptions ? mailbox.subscriptions.list(session.account.id) : [],
  ])
  const all: SeenFolder[] = []
  for (const folder of tree.folders) {
    all.push({ path: tree.pathOf(folder), folder })
    const wait = turns.step()
    if (wait !== undefined) await wait
  }
  const others = foreign.filter(({ rights }) => may(rights, 'NOTIFY'))
  all.push(...others)
  const state = {
    owners: new Set(others.map(({ folder }) => folder.accountId)),
    folders: new Map(all.map((seen) => [seen.folder.id, seen])),
    byPath: new Map(all.map((seen) => [seen.path, seen])),
    subscribed: new Set(subscribed),
  }
  return {
    ...state,
    annotations: before?.annotations ?? (await readAnnotations(session, wanted, state)),
  }
}

/** The folders whose messages are watched. */
export async function watchedFolders(
  wanted: Wanted,
  { folders, subscribed }: AccountState,
): Promise<readonly SeenFolder[]> {
  const watched: SeenFolder[] = []
  for (const seen of folders.values()) {
    const { path, folder } = seen
    const wait = turns.step()
    if (wait !== undefined) await wait
    if (folder.selectable && wanted.covers('message-new', path, subscribed)) watched.push(seen)
  }
  return watched
}

async function readAnnotations(
  session: Session,
  wanted: Wanted,
  { folders, subscribed }: Pick<AccountState, 'folders' | 'subscribed'>,
): Promise<AccountState['annotations']> {
  const annotated: (FolderRecord | null)[] = []
  if (wanted.includes('server-metadata-change')) annotated.push(null)
  for (const { path, folder } of folders.values()) {
    const wait = turns.step()
    if (wait !== undefined) await wait
    if (wanted.covers('mailbox-metadata-change', path, subscribed)) annotated.push(folder)
  }
  const found = new Map<FolderId | null, SeenEntries>()
  for (const some of chunks(annotated, READS_AT_ONCE)) {
    await turns.step()
    await Promise.all(
      some.map(async (folder) => {
        const entries = await annotationsOf(session, folder)
        found.set(
          folder?.id ?? null,
          new Map(entries.map(({ entry, value }) => [entry, digest(value)])),
        )
      }),
    )
  }
  return found
}

const digest = (value: Uint8Array) => createHash('sha256').update(value).digest('base64')
