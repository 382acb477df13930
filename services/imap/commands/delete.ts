import { reach, refusalOf } from '../access/reach.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'

/** DELETE; a mailbox with others below it stays as a name. RFC 9051 §6.3.5. */
export const deleteMailbox = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return cursor.mailbox()
  },
  async run(session, mailbox, wire): Promise<Completion> {
    const reached = await reach(session, 'DELETE', mailbox)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const { folder } = reached
    session.notifications?.causes(mailbox)
    const removed = await session.deps.mailbox.folders.remove(folder)
    switch (removed.kind) {
      case 'removed':
      case 'name-stays':
        // Other sessions that have it selected are told and closed (dispatch.ts).
        if (session.state.kind === 'selected' && session.state.selected.folder.id === folder.id) {
          await session.unselect()
          wire.untagged('OK [CLOSED] The selected mailbox was deleted')
        }
        return completed('DELETE')
      case 'no-such-folder':
        return replies.noSuchMailbox
      case 'is-inbox':
        return replies.inboxStays
      case 'has-children':
        return replies.hasChildren
    }
  },
})
