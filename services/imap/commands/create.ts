import { parseCreateParameters } from '#shared/imap/mailbox-parameters.ts'
import { usesNamed } from '#shared/mailbox/special-use.ts'
import { reachPlace } from '../access/reach.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { tellNormalized } from '../folder-list/list-response.ts'
import { isNetUnicode, newName } from '../folder-names.ts'
import { replies } from '../replies.ts'

/** CREATE, with what is missing above it. RFC 9051 §6.3.4; USE RFC 6154 §3; MAILBOXID RFC 8474 §4.1. */
export const create = defineCommand({
  states: ['authenticated', 'selected'],
  takesRoom: true,
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return { mailbox: cursor.mailbox(), ...parseCreateParameters(cursor) }
  },
  async run(session, { mailbox, use }, wire): Promise<Completion> {
    const path = newName(mailbox)
    if (!isNetUnicode(path)) return replies.badName
    const uses = usesNamed(use ?? [])
    if (uses === undefined) return replies.useNotPossible
    const place = await reachPlace(session, 'CREATE', path)
    if (place.kind === 'refused') return place.completion
    // The special uses of others are their own.
    if (uses.length > 0 && place.owner !== session.account.id) return replies.useNotPossible
    const { folders } = session.deps.mailbox
    session.notifications?.causes(path)
    const created = await folders.create(place.owner, place.path, uses)
    switch (created.kind) {
      case 'created':
        tellNormalized(session, wire, path)
        return completed('CREATE', `MAILBOXID (${created.folder.mailboxId})`)
      case 'exists':
        return replies.mailboxExists
      case 'bad-name':
        return replies.badName
      case 'too-many':
        return replies.tooManyMailboxes
      case 'use-taken':
        return replies.useNotPossible
      // A parent that was removed at the same time, or a removed mailbox that is still being emptied.
      case 'not-yet-empty':
        return replies.unavailable
    }
  },
})
