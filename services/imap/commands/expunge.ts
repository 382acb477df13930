import type { Uid } from '#shared/contracts/mailbox.ts'
import { type Completion, completed, defineCommand, noArguments } from '../command.ts'
import { completeWithNews } from '../complete-with-news.ts'
import { completeLimited, type Limited, limitMessages } from '../message-limit.ts'
import { tellingProgress } from '../progress.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** EXPUNGE: removes what is marked \Deleted, however many there are (RFC 9738 §3.1). RFC 9051 §6.4.3. */
export const expunge = defineCommand({
  states: ['selected'],
  mayReportExpunge: true,
  parse: noArguments,
  run: (session, _, wire) =>
    removeDeleted(session, wire, 'EXPUNGE', (uids) => ({ uids, cut: false })),
})

/** UID EXPUNGE: the same for some messages only. RFC 4315 §2.1, RFC 9051 §6.4.9. */
export const uidExpunge = defineCommand({
  states: ['selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return cursor.sequenceSet()
  },
  run(session, set, wire) {
    const chosen = new Set(session.selected.select(set, 'uid'))
    return removeDeleted(session, wire, 'UID EXPUNGE', (uids) =>
      limitMessages(
        session,
        uids.filter((uid) => chosen.has(uid)),
      ),
    )
  },
})

async function removeDeleted(
  session: Session,
  wire: Wire,
  name: string,
  choose: (deleted: readonly Uid[]) => Limited,
): Promise<Completion> {
  const { selected, deps } = session
  if (selected.readOnly) return replies.readOnly
  // What others have marked counts too.
  await selected.tellNews(wire, { expunges: true, look: true, answer: true })
  const chosen = choose(selected.deletedUids())
  if (chosen.uids.length === 0) return completed(name)
  const options = { deletedOnly: true }
  const removing = deps.mailbox.expunge(selected.folder, chosen.uids, options)
  const removed = await tellingProgress(session, wire, removing)
  session.counts.expunged += removed.length
  return completeLimited(session, chosen, await completeWithNews(session, wire, name), wire)
}
