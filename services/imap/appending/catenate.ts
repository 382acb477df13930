// CATENATE: a message put together from literals and from messages that are here already. RFC 4469.

import { type CatenateParts, parseCatenateRest } from '#shared/imap/append-arguments.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { FolderTree } from '#shared/mailbox/folder-path.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { indexHeader, selectFields } from '#shared/message/header-subset.ts'
import { sectionSpan } from '#shared/message/section-span.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { turns } from '#shared/runtime/turns.ts'
import { isForeign } from '../access/namespaces.ts'
import { reach } from '../access/reach.ts'
import type { CommandFeed, Completion } from '../command.ts'
import { clip } from '../fetch/content.ts'
import { folderTree } from '../folder-names.ts'
import type { Session } from '../session.ts'
import { type ImapUrl, parseImapUrl } from './imap-url.ts'
import { Refusal } from './refusal.ts'

/** A header that fields are taken from is held in memory. */
export const CATENATED_HEADER_BYTES_MAX = 1024 * 1024

/** The bytes of the message; afterwards `feed.cursor` is behind the list. `take` throws a Refusal when they become too many. */
export async function* catenate(
  session: Session,
  feed: CommandFeed,
  first: CatenateParts,
  take: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let tree: Promise<FolderTree> | undefined
  const folders = async (name: string) => {
    tree ??= folderTree(session)
    const own = (await tree).find(name)
    if (own !== undefined || !isForeign(name)) return own
    const reached = await reach(session, 'CATENATE', name)
    return reached.kind === 'folder' ? reached.folder : undefined
  }
  for (let parts = first; ; parts = parseCatenateRest(await feed.next(), parts)) {
    for (const url of parts.urls) {
      await turns.step()
      yield* urlBytes(session, folders, url, take)
    }
    if (parts.text === null) return
    take(parts.text.bytes)
    for await (const chunk of feed.literal()) {
      if (!parts.text.binary && chunk.includes(0)) throw new ImapSyntaxError('NUL in a literal')
      yield chunk
    }
  }
}

/** By name; those of the account are read once for all parts. */
type Folders = (name: string) => Promise<FolderRecord | undefined>

async function* urlBytes(
  session: Session,
  folders: Folders,
  text: ByteString,
  take: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const { account, deps } = session
  const logins = [account.login, session.loginGiven]
  const url = parseImapUrl(text, { hostname: deps.hostname, logins })
  const message = url && (await findMessage(session, folders, url))
  if (url === undefined || message === undefined) throw new Refusal(badUrl(text))
  const { section, partial } = url
  const span = sectionSpan(message, section)
  if (span === undefined) throw new Refusal(badUrl(text))
  if (section.kind !== 'header-fields') {
    const part = clip(span, partial)
    take(part[1])
    yield* message.stream(...part)
    return
  }
  if (span[1] > CATENATED_HEADER_BYTES_MAX) throw new Refusal(badUrl(text))
  const selection = selectFields(section.names, section.not)
  const header = await indexHeader(message, span, selection.all)
  const fields = await header.subset(selection)
  const [offset, length] = clip([0, fields.length], partial)
  take(length)
  yield fields.subarray(offset, offset + length)
}

async function findMessage(
  session: Session,
  folders: Folders,
  url: ImapUrl,
): Promise<StoredMessage | undefined> {
  const { mailbox, objects } = session.deps
  const folder = await folderOf(session, folders, url)
  if (!folder?.selectable) return undefined
  if (url.uidValidity !== null && url.uidValidity !== folder.uidValidity) return undefined
  const [record] = await mailbox.readMessages(folder, [url.uid])
  const blob = record && (await mailbox.blob(record.blobId))
  return record && blob && new StoredMessage(objects, blob, record.prepend)
}

async function folderOf(
  session: Session,
  folders: Folders,
  { mailbox }: ImapUrl,
): Promise<FolderRecord | undefined> {
  if (mailbox !== null) return folders(mailbox)
  if (session.state.kind !== 'selected') return undefined
  // The client may have let a literal before this URL wait.
  const { selected } = session.state
  return (await selected.mayBeRead()) ? selected.folder : undefined
}

/** RFC 4469 §4.1 */
function badUrl(url: ByteString): Completion {
  return {
    status: 'NO',
    code: formatResponseCode({ kind: 'BADURL', url }),
    text: 'The URL names no message part that can be read here',
  }
}
