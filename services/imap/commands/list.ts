import { type ListArguments, parseListArguments } from '#shared/imap/list-arguments.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { allRights } from '#shared/mailbox/rights.ts'
import { foreignNodes } from '../access/foreign-nodes.ts'
import { mayMatchForeign } from '../access/namespaces.ts'
import { may } from '../access/reach.ts'
import { completed, defineCommand } from '../command.ts'
import { sendPiece, writeDelimiter, writeListEntry } from '../folder-list/list-response.ts'
import { selectNames } from '../folder-list/selection.ts'
import { noteStatusItems, writeStatus } from '../folder-list/status-response.ts'
import { folderTree } from '../folder-names.ts'
import { annotationsOf, checkEntries, writeMetadata } from '../metadata.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { writeMyRights } from './acl.ts'

/** LIST with the extensions of RFC 5258, RFC 5819 (STATUS) and RFC 6154. RFC 9051 §6.3.9. */
export const list = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    const wanted = parseListArguments(cursor)
    checkEntries(wanted.returns.metadata?.entries ?? [], 'get')
    return wanted
  },
  async run(session, wanted, wire) {
    if (wanted.returns.status !== null) noteStatusItems(session, wanted.returns.status, wire)
    const writer = new ResponseWriter()
    writer.utf8 = session.utf8
    if (!wanted.extended && wanted.patterns[0] === '') {
      writeDelimiter(writer, 'LIST')
      wire.write(writer.takeBuffer())
    } else await listMailboxes(session, wanted, writer, wire)
    return completed('LIST')
  },
})

async function listMailboxes(
  session: Session,
  wanted: ListArguments,
  writer: ResponseWriter,
  wire: Wire,
): Promise<void> {
  const { subscriptions } = session.deps.mailbox
  const needsSubscribed = wanted.select.subscribed || wanted.returns.subscribed
  const { reference, patterns } = wanted
  const mayBeForeign = patterns.some((pattern) => mayMatchForeign(reference, pattern))
  const [tree, foreign, subscribed] = await Promise.all([
    folderTree(session),
    mayBeForeign ? foreignNodes(session) : [],
    needsSubscribed ? subscriptions.list(session.account.id) : [],
  ])
  const { status: items, metadata, myRights } = wanted.returns
  for await (const entry of selectNames(wanted, tree, new Set(subscribed), foreign)) {
    writeListEntry(writer, entry)
    const { path, folder, rights = allRights } = entry
    // RFC 8440 §3: of what is listed only for what is below it nothing is told.
    if (myRights && folder !== undefined && entry.isSelected) writeMyRights(writer, path, rights)
    // RFC 5819 §2: no STATUS for what cannot be selected.
    if (items !== null && folder?.selectable) {
      await writeStatus(writer, session, { path, folder, items })
    }
    // RFC 9590 §3
    if (metadata !== null && folder?.selectable && may(rights, 'GETMETADATA')) {
      writeMetadata(writer, path, await annotationsOf(session, folder), metadata)
    }
    await sendPiece(writer, wire)
  }
  for (const piece of writer.take()) wire.write(piece)
}
