import type { Uid } from '#shared/contracts/mailbox.ts'
import { type Completion, completed, defineCommand, noArguments } from '../command.ts'
import { completeWithNews } from '../expunged.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** EXPUNGE: removes what is marked \Deleted. RFC 9051 §6.4.3. */
export const expunge = defineCommand({
  states: ['selected'],
  mayReportExpunge: true,
  parse: noArguments,
  run: (session, _, wire) => removeDeleted(session, wire, 'EXPUNGE', (uids) => uids),
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
      uids.filter((uid) => chosen.has(uid)),
    )
  },
})

async function removeDeleted(
  session: Session,
  wire: Wire,
  name: string,
  choose: (deleted: readonly Uid[]) => readonly Uid[],
): Promise<Completion> {
  const { selected, services } = session
  if (selected.readOnly) return replies.readOnly
  // What others have marked counts too.
  await selected.tellNews(wire, { expunges: true, look: true })
  const chosen = choose(selected.deletedUids())
  if (chosen.length === 0) return completed(name)
  const removed = await services.mailbox.expunge(selected.folder, chosen, { deletedOnly: true })
  session.counts.expunged += removed.length
  return completeWithNews(session, wire, name)
}
