import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { parseStatusItems } from '#shared/imap/status-item.ts'
import { reach, refusalOf } from '../access/reach.ts'
import { completed, defineCommand } from '../command.ts'
import { noteStatusItems, writeStatus } from '../folder-list/status-response.ts'
import { replies } from '../replies.ts'

/** STATUS. RFC 9051 §6.3.11. */
export const status = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    cursor.space()
    return { mailbox, items: parseStatusItems(cursor) }
  },
  async run(session, { mailbox, items }, wire) {
    const reached = await reach(session, 'STATUS', mailbox)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const { folder } = reached
    if (!folder.selectable) return replies.notSelectable
    noteStatusItems(session, items, wire)
    const writer = new ResponseWriter()
    writer.utf8 = session.utf8
    await writeStatus(writer, session, { path: mailbox, folder, items })
    wire.write(writer.takeBuffer())
    return completed('STATUS')
  },
})
