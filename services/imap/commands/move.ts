import { type Command, type Completion, defineCommand } from '../command.ts'
import { completeWithNews } from '../complete-with-news.ts'
import { completeLimited, limitMessages } from '../message-limit.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { tellingProgress } from '../progress.ts'
import { replies } from '../replies.ts'
import { shownArrivals } from '../scripts/events.ts'
import { copyUid, parseTransfer, prepareTransfer } from '../transfer.ts'

/** MOVE: each message is at every moment in exactly one of the mailboxes. RFC 6851 §3.1, RFC 9051 §6.4.8. */
export const move = moving('number')
/** UID MOVE. RFC 6851 §3.2. */
export const uidMove = moving('uid')

function moving(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    // RFC 6851 §3.3: the EXPUNGE responses are how the client learns what was moved.
    mayReportExpunge: true,
    parse: parseTransfer,
    async run(session, given, wire) {
      if (refusesNumbers(session, by)) return replies.uidRequired
      if (session.selected.readOnly) return replies.readOnly
      const prepared = await prepareTransfer(session, given, by, 'MOVE')
      if (prepared.kind === 'refused') return prepared.completion
      const { target } = prepared
      const messages = limitMessages(session, prepared.uids)
      if (messages.uids.length === 0) return nothing
      const { selected, deps } = session
      const { folder, tellsUids, ...asked } = target
      const moving = deps.mailbox.move(selected.folder, messages.uids, folder, asked)
      const moved = await tellingProgress(session, wire, moving)
      if (moved.kind === 'no-such-source') return replies.messagesGone
      if (moved.kind === 'no-such-target') return replies.tryCreate
      if (moved.kind === 'over-quota' || moved.kind === 'over-append-limit')
        return replies.overQuota
      if (moved.to.length === 0) return by === 'number' ? replies.messagesGone : nothing
      session.counts.expunged += moved.from.length
      if (target.folder.id === selected.folder.id) selected.brought(moved.to)
      // RFC 6851 §4.3: COPYUID comes before the first EXPUNGE.
      if (tellsUids) wire.untagged(`OK [${copyUid(moved)}] Moved`)
      await shownArrivals(session, wire, folder, 'COPY', moved.to)
      const completion = await completeWithNews(session, wire, 'MOVE')
      if (moved.kind === 'moved') return completeLimited(session, messages, completion, wire)
      session.log.warn({ error: moved.cause, moved: moved.from.length }, 'MOVE interrupted')
      return replies.unavailable
    },
  })
}

const nothing: Completion = { status: 'OK', text: 'No messages to move' }
