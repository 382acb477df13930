import { isInbox } from '#shared/mailbox/folders.ts'
import { reach, reachPlace, refusalOf } from '../access/reach.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { tellNormalized } from '../folder-list/list-response.ts'
import { isNetUnicode, newName } from '../folder-names.ts'
import { replies } from '../replies.ts'

/** RENAME; what is below comes along, and INBOX stays without its messages. RFC 9051 §6.3.6. */
export const rename = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    const from = cursor.mailbox()
    cursor.space()
    return { from, to: cursor.mailbox() }
  },
  async run(session, { from, to }, wire): Promise<Completion> {
    const path = newName(to)
    if (!isNetUnicode(path)) return replies.badName
    const reached = await reach(session, 'RENAME', from)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const place = await reachPlace(session, 'RENAME to', path)
    if (place.kind === 'refused') return place.completion
    const { folder } = reached
    if (place.owner !== folder.accountId) return replies.otherAccount
    // Its messages would go, which is more than the right to a name.
    if (place.owner !== session.account.id && isInbox(folder)) return replies.inboxStays
    session.notifications?.causes(from, path)
    const renamed = await session.deps.mailbox.folders.rename(folder, place.path)
    switch (renamed.kind) {
      case 'renamed':
        tellNormalized(session, wire, path, from)
        // What left INBOX by this command is told before it is answered.
        if (session.state.kind === 'selected') session.state.selected.hint()
        return completed('RENAME')
      case 'no-such-folder':
        return replies.noSuchMailbox
      case 'exists':
        return replies.mailboxExists
      case 'bad-name':
        return replies.badName
      case 'inside-itself':
        return replies.insideItself
      case 'too-many':
        return replies.tooManyMailboxes
      case 'too-deep':
        return replies.tooDeep
    }
  },
})
