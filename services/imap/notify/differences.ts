// Tells what leads from one state of an account to the next: LIST, STATUS and METADATA responses. RFC 5465 §5.

import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import type { StatusItem } from '#shared/imap/status-item.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { turns } from '#shared/runtime/turns.ts'
import { sendPiece, writeListEntry } from '../folder-list/list-response.ts'
import { attributesOf } from '../folder-list/selection.ts'
import { writeStatus } from '../folder-list/status-response.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { type AccountState, type SeenEntries, watchedFolders } from './account-state.ts'
import { parentOf, type Wanted } from './wanted.ts'

export type AccountDifference = {
  readonly before: AccountState
  readonly after: AccountState
  readonly wanted: Wanted
  /** Names this session has changed itself: no news (RFC 5465 §5). '' is the server. */
  readonly caused: ReadonlySet<string>
  readonly wire: Wire
}

export async function writeDifference(
  writer: ResponseWriter,
  session: Session,
  difference: AccountDifference,
): Promise<void> {
  await writeNames(writer, difference)
  await writeCounters(writer, session, difference)
  await writeEntries(writer, difference)
}

/** MailboxName and SubscriptionChange: one LIST response for each name. RFC 5465 §5.4, §5.5. */
async function writeNames(writer: ResponseWriter, difference: AccountDifference): Promise<void> {
  const { after, wanted } = difference
  const { subscribed } = after
  const told = new Map<string, { readonly oldName?: string }>()
  for (const [path, change] of changedNames(difference)) {
    await turns.step()
    const covered =
      wanted.covers('mailbox-name', path, subscribed) ||
      (change.oldName !== undefined && wanted.covers('mailbox-name', change.oldName, subscribed))
    if (covered) told.set(path, change)
  }
  for (const path of difference.before.subscribed.symmetricDifference(subscribed)) {
    await turns.step()
    if (difference.caused.has(path) || told.has(path)) continue
    if (wanted.covers('subscription-change', path, subscribed)) told.set(path, {})
  }
  for (const [path, change] of told) {
    const node = { path, folder: after.byPath.get(path)?.folder }
    const attributes = attributesOf(node, subscribed.has(path))
    writeListEntry(writer, { path, attributes, ...change })
    await sendPiece(writer, difference.wire)
  }
}

/** Made, deleted and renamed mailboxes, and what is directly above a made or deleted one. */
function changedNames({
  before,
  after,
  caused,
}: AccountDifference): ReadonlyMap<string, { readonly oldName?: string }> {
  const changed = new Map<string, { readonly oldName?: string }>()
  const madeOrDeleted = (path: string) => {
    if (caused.has(path)) return
    changed.set(path, changed.get(path) ?? {})
    const parent = parentOf(path)
    if (parent !== undefined) changed.set(parent, changed.get(parent) ?? {})
  }
  for (const [id, { path }] of before.folders) if (!after.folders.has(id)) madeOrDeleted(path)
  for (const [id, { path, folder }] of after.folders) {
    const old = before.folders.get(id)
    if (old === undefined || old.folder.selectable !== folder.selectable) madeOrDeleted(path)
    // What is below a renamed mailbox is not told (RFC 5465 §5.4).
    else if (isRenamed(old.folder, folder) && !caused.has(path)) {
      changed.set(path, { oldName: old.path })
    }
  }
  return changed
}

const isRenamed = (old: FolderRecord, now: FolderRecord) =>
  !isInbox(now) && (old.name !== now.name || old.parentId !== now.parentId)

/** Message events of mailboxes that are not selected. RFC 5465 §5.1 to §5.3. */
async function writeCounters(
  writer: ResponseWriter,
  session: Session,
  { before, after, wanted, wire }: AccountDifference,
): Promise<void> {
  const selectedId = session.state.kind === 'selected' ? session.selected.folder.id : undefined
  const condstore = session.enabled.has('CONDSTORE')
  for (const { path, folder } of await watchedFolders(wanted, after)) {
    await turns.step()
    if (folder.id === selectedId) continue
    const old = before.folders.get(folder.id)
    // What happened before a mailbox came to be watched is no event.
    if (old && !wanted.covers('message-new', old.path, before.subscribed)) continue
    const flags = wanted.covers('flag-change', path, after.subscribed)
    const items = changedItems(old?.folder, folder, { flags, condstore })
    if (items.length > 0) await writeStatus(writer, session, { path, folder, items })
    await sendPiece(writer, wire)
  }
}

function changedItems(
  old: FolderRecord | undefined,
  now: FolderRecord,
  { flags, condstore }: { readonly flags: boolean; readonly condstore: boolean },
): readonly StatusItem[] {
  const modSeq: readonly StatusItem[] = condstore ? ['HIGHESTMODSEQ'] : []
  const unseen: readonly StatusItem[] = flags && old?.unseen !== now.unseen ? ['UNSEEN'] : []
  if (old === undefined && now.exists === 0) return []
  if (
    old?.uidValidity !== now.uidValidity ||
    old.uidNext !== now.uidNext ||
    old.exists !== now.exists
  ) {
    return ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...unseen, ...modSeq]
  }
  if (!flags || old.modSeq === now.modSeq || modSeq.length + unseen.length === 0) return []
  return ['UIDVALIDITY', ...unseen, ...modSeq]
}

/** What NOTIFY SET STATUS tells at once of each watched mailbox (RFC 5465 §3.1). */
export async function writeSnapshot(
  writer: ResponseWriter,
  session: Session,
  {
    wanted,
    state,
    wire,
  }: { readonly wanted: Wanted; readonly state: AccountState; readonly wire: Wire },
): Promise<void> {
  const selectedId = session.state.kind === 'selected' ? session.selected.folder.id : undefined
  for (const { path, folder } of await watchedFolders(wanted, state)) {
    await turns.step()
    if (folder.id === selectedId) continue
    const flags = wanted.covers('flag-change', path, state.subscribed)
    const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY']
    if (flags) items.push('UNSEEN', 'HIGHESTMODSEQ')
    await writeStatus(writer, session, { path, folder, items })
    await sendPiece(writer, wire)
  }
}

/** MailboxMetadataChange and ServerMetadataChange: the names of entries. RFC 5465 §5.6, §5.7; RFC 5464 §4.4.2. */
async function writeEntries(
  writer: ResponseWriter,
  { before, after, caused, wire }: AccountDifference,
): Promise<void> {
  for (const [id, entries] of after.annotations) {
    await turns.step()
    const path = id === null ? '' : after.folders.get(id)?.path
    if (path === undefined || caused.has(path)) continue
    const changed = changedEntries(before.annotations.get(id), entries)
    if (changed.length === 0) continue
    writer.raw('* METADATA ')
    writer.mailbox(path)
    for (const entry of changed) {
      writer.raw(' ')
      writer.astring(entry)
    }
    writer.endLine()
    await sendPiece(writer, wire)
  }
}

function changedEntries(old: SeenEntries | undefined, now: SeenEntries): readonly string[] {
  const names = new Set([...(old?.keys() ?? []), ...now.keys()])
  return [...names].filter((name) => old?.get(name) !== now.get(name))
}
