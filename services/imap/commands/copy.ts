import type { Uid } from '#shared/contracts/mailbox.ts'
import { fits } from '#shared/mailbox/quota.ts'
import { type Command, type Completion, completed, defineCommand } from '../command.ts'
import { limitMessages, overLimit } from '../message-limit.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { tellingProgress } from '../progress.ts'
import { replies } from '../replies.ts'
import { shownArrivals } from '../scripts/events.ts'
import type { SelectedFolder } from '../selected-folder.ts'
import { copyUid, parseTransfer, prepareTransfer } from '../transfer.ts'

/** COPY: all of the messages or none. RFC 9051 §6.4.7; COPYUID RFC 4315 §3. */
export const copy = copying('number')
/** UID COPY. RFC 9051 §6.4.9. */
export const uidCopy = copying('uid')

function copying(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    takesRoom: true,
    mayReportExpunge: by === 'uid',
    parse: parseTransfer,
    async run(session, given, wire) {
      if (refusesNumbers(session, by)) return replies.uidRequired
      const prepared = await prepareTransfer(session, given, by, 'COPY')
      if (prepared.kind === 'refused') return prepared.completion
      const { uids, target } = prepared
      if (uids.length === 0) return nothing
      // RFC 9738 §3.1: all of the messages or none.
      const possible = limitMessages(session, uids)
      if (possible.cut) return overLimit(session, possible.uids[0])
      const { selected, deps } = session
      if (!fits(target.room, sizeOf(selected, uids), uids.length)) return replies.overQuota
      const { folder, tellsUids, ...asked } = target
      const copying = deps.mailbox.copy(selected.folder, uids, folder, asked)
      const copied = await tellingProgress(session, wire, copying)
      // Copies in the selected mailbox itself are news.
      if (copied.kind === 'copied' && target.folder.id === selected.folder.id) {
        selected.brought(copied.to)
      }
      switch (copied.kind) {
        case 'no-such-source':
          return replies.messagesGone
        case 'no-such-target':
          return replies.tryCreate
        case 'over-quota':
        // A copy shares the object, so that it appends nothing.
        case 'over-append-limit':
          return replies.overQuota
        case 'copied':
          if (copied.to.length === 0) return by === 'number' ? replies.messagesGone : nothing
          await shownArrivals(session, wire, folder, 'COPY', copied.to)
          return completed('COPY', tellsUids ? copyUid(copied) : undefined)
      }
    },
  })
}

const nothing: Completion = { status: 'OK', text: 'No messages to copy' }

function sizeOf({ messages }: SelectedFolder, uids: readonly Uid[]): number {
  return uids.reduce((sum, uid) => sum + messages.sizeAt(messages.rowOf(uid)), 0)
}
