import type { SequenceSet } from '#shared/imap/sequence-set.ts'
import { refusalInSelected } from '../access/selected-rights.ts'
import { readArrival } from '../appending/arrival.ts'
import { findTarget, readMailboxName, refusalMeanwhile } from '../appending/target.ts'
import { type Command, type Completion, defineStreamedCommand } from '../command.ts'
import { completeWithNews } from '../complete-with-news.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import { shownArrivals } from '../scripts/events.ts'

/** REPLACE: appends a message and removes another, in one step. RFC 8508 §3.3. */
export const replace = replacing('number')
/** UID REPLACE. RFC 8508 §3.4. */
export const uidReplace = replacing('uid')

function replacing(by: NumberKind): Command {
  return defineStreamedCommand({
    states: ['selected'],
    takesRoom: true,
    mayReportExpunge: true,
    async run(session, feed, wire): Promise<Completion> {
      const { selected, deps } = session
      feed.cursor.space()
      const set = feed.cursor.numbers()
      if (!isOne(set)) feed.cursor.fail('one message was expected')
      const mailbox = await readMailboxName(feed)
      if (refusesNumbers(session, by)) return replies.uidRequired
      if (selected.readOnly) return replies.readOnly
      const [uid] = selected.select({ kind: 'set', ranges: set }, by)
      if (uid === undefined) return replies.noSuchMessage
      const row = selected.messages.rowOf(uid)
      if (row < 0) return replies.messageGone
      const target = await findTarget(session, 'REPLACE', mailbox)
      if (target.kind === 'refused') return target.completion
      await using staged = new AsyncDisposableStack()
      // What is replaced makes room, unless it is somebody else's.
      const sameOwner = target.folder.accountId === selected.folder.accountId
      const freed = sameOwner ? selected.messages.sizeAt(row) : 0
      const room = { ...target.room, bytes: target.room.bytes + freed }
      const arrival = await readArrival(session, feed, { ...target, room }, staged)
      if (arrival.kind === 'refused') return arrival.completion
      feed.cursor.end()
      const refused =
        (await refusalInSelected(session, 'REPLACE', wire)) ??
        (await refusalMeanwhile(session, 'REPLACE', mailbox, target))
      if (refused !== undefined) return refused
      staged.move()
      // Unlike in APPEND the object is durable first: the old message must not go for one that has no bytes.
      await arrival.received.commit()
      const { folder } = selected
      const { message, received } = arrival
      const replaced = await deps.mailbox.replace(
        folder,
        uid,
        target.folder,
        message,
        target.limits,
      )
      if (replaced.kind !== 'replaced') {
        await deps.mailbox.abandon(target.folder.accountId, [received])
      }
      switch (replaced.kind) {
        case 'replaced': {
          session.counts.appended++
          session.counts.expunged++
          if (target.folder.id === folder.id) selected.brought([replaced.uid])
          // RFC 8508 §4.3: in an untagged OK, before the old message is told to be gone.
          const { uidValidity } = replaced
          if (target.tellsUids) {
            wire.untagged(`OK [APPENDUID ${uidValidity} ${replaced.uid}] Replacement ready`)
          }
          await shownArrivals(session, wire, target.folder, 'APPEND', [replaced.uid])
          // §3.2, and §4.5: with CONDSTORE as UID EXPUNGE would.
          return completeWithNews(session, wire, 'REPLACE', { existsFirst: true })
        }
        case 'no-such-message':
          return replies.messageGone
        case 'over-quota':
          return replies.overQuota
        case 'over-append-limit':
          return replies.appendLimit
        case 'no-such-source':
          return replies.noSuchMailbox
        case 'no-such-target':
          return replies.tryCreate
      }
    },
  })
}

const isOne = ([first, ...more]: SequenceSet) =>
  first !== undefined && more.length === 0 && first.first === first.last
