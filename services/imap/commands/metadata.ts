import {
  parseGetMetadataArguments,
  parseSetMetadataArguments,
} from '#shared/imap/metadata-arguments.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { ANNOTATION_BYTES_MAX } from '#shared/mailbox/annotations.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { SCRIPT_NAME_BYTES_MAX } from '#shared/sieve/shelf.ts'
import { type ReachedFolder, reach, refusalOf } from '../access/reach.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import {
  annotationsOf,
  checkEntries,
  EVENT_SCRIPT_ENTRY,
  eventScriptIn,
  isKeptWithFolder,
  isShared,
  SPECIAL_USE_ENTRY,
  usesIn,
  writeMetadata,
} from '../metadata.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** GETMETADATA. RFC 5464 §4.2. */
export const getMetadata = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    const given = parseGetMetadataArguments(cursor)
    checkEntries(given.entries, 'get')
    return given
  },
  async run(session, { mailbox, ...wanted }, wire) {
    const found = await findAnnotated(session, 'GETMETADATA', mailbox)
    if (found.kind !== 'annotated') return refusalOf(found)
    const { folder } = found
    const writer = new ResponseWriter()
    writer.utf8 = session.utf8
    const longest = writeMetadata(writer, mailbox, await annotationsOf(session, folder), wanted)
    for (const piece of writer.take()) wire.write(piece)
    // RFC 5464 §4.2.1
    return completed(
      'GETMETADATA',
      longest === 0
        ? undefined
        : formatResponseCode({ kind: 'METADATA LONGENTRIES', bytes: longest }),
    )
  },
})

/** SETMETADATA: all of the entries or none. RFC 5464 §4.3. */
export const setMetadata = defineCommand({
  states: ['authenticated', 'selected'],
  takesRoom: true,
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    const given = parseSetMetadataArguments(cursor)
    const names = (entries: typeof given.entries) => entries.map(({ name }) => name)
    // What an older version took can be removed still.
    checkEntries(names(given.entries), 'get')
    checkEntries(names(given.entries.filter(({ value }) => value !== null)), 'set')
    return given
  },
  async run(session, { mailbox, entries }): Promise<Completion> {
    const found = await findAnnotated(session, 'SETMETADATA', mailbox)
    if (found.kind !== 'annotated') return refusalOf(found)
    const { folder } = found
    // What the server shares with all its users is the operator's.
    if (folder === null && entries.some(({ name }) => name.startsWith('/shared'))) {
      return replies.serverMetadata
    }
    const use = entries.findLast(({ name }) => name === SPECIAL_USE_ENTRY)
    const uses = use && usesIn(use.value)
    if (use !== undefined) {
      if (folder === null) return replies.badEntryName
      // Deliberately: INBOX is for what comes, and a client that takes it for the trash would empty it.
      const allowed = uses !== undefined && (uses.length === 0 || !isInbox(folder))
      if (!allowed) return replies.useNotPossible
    }
    const { account, deps } = session
    const accountId = folder?.accountId ?? account.id
    // Those of a folder are its owner's own (RFC 5464 §4.3: NOPRIVATE).
    if (accountId !== account.id && !entries.every(({ name }) => isShared(name))) {
      return replies.noPrivateMetadata
    }
    const script = entries.findLast(({ name }) => name === EVENT_SCRIPT_ENTRY)
    // It runs in the owner's name, on whatever others do there too.
    if (script !== undefined && accountId !== account.id) return replies.noPermission
    const bytes = script?.value?.length ?? 0
    if (bytes > SCRIPT_NAME_BYTES_MAX) return replies.metadataTooLarge(SCRIPT_NAME_BYTES_MAX)
    const eventScript = script && eventScriptIn(script.value)
    if (script !== undefined && eventScript === undefined) return replies.badScriptName
    session.notifications?.causes(mailbox)
    const set = await deps.mailbox.annotations.set(
      { accountId, id: folder?.id ?? null },
      entries.map(({ name, value }) => ({
        entry: name,
        value: value === null || isKeptWithFolder(name) ? null : Buffer.from(value, 'latin1'),
      })),
      uses,
      eventScript,
    )
    switch (set.kind) {
      case 'set':
        // The session has the folder's item with it.
        if (eventScript !== undefined && session.state.kind === 'selected') {
          session.state.selected.hint()
        }
        return completed('SETMETADATA')
      case 'no-such-folder':
        return replies.noSuchMailbox
      case 'bad-name':
        return replies.badEntryName
      case 'too-large':
        return replies.metadataTooLarge(ANNOTATION_BYTES_MAX)
      case 'too-many':
        return replies.tooManyEntries
      case 'too-much':
        return replies.tooMuchMetadata
    }
  },
})

type Annotated = { readonly kind: 'annotated'; readonly folder: FolderRecord | null }

/** The folder of a name, null for '': the server as this account sees it. */
async function findAnnotated(
  session: Session,
  use: 'GETMETADATA' | 'SETMETADATA',
  mailbox: string,
): Promise<Annotated | Exclude<ReachedFolder, { readonly kind: 'folder' }>> {
  if (mailbox === '') return { kind: 'annotated', folder: null }
  const reached = await reach(session, use, mailbox)
  if (reached.kind !== 'folder') return reached
  const { folder } = reached
  return folder.selectable ? { kind: 'annotated', folder } : { kind: 'unknown' }
}
