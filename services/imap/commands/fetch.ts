import type { Uid } from '#shared/contracts/mailbox.ts'
import { type FetchArguments, parseFetchArguments } from '#shared/imap/fetch-att.ts'
import { inPartialRange } from '#shared/imap/partial-range.ts'
import type { MessageSet } from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { type Command, type Completion, completed, defineCommand } from '../command.ts'
import { planFetch } from '../fetch/plan.ts'
import { type FetchOutcome, respond } from '../fetch/responder.ts'
import { vanishedEarlier } from '../fetch/vanished.ts'
import { completeLimited, limitMessages, overLimit } from '../message-limit.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** FETCH. RFC 9051 §6.4.5, RFC 3501 §6.4.5; CHANGEDSINCE RFC 7162 §3.1.4; PARTIAL RFC 9394 §3.3, whose grammar has it in both forms. */
export const fetch = fetching('number')
/** UID FETCH. RFC 9051 §6.4.9; VANISHED RFC 7162 §3.2.6. */
export const uidFetch = fetching('uid')

function fetching(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    mayReportExpunge: by === 'uid',
    parse(cursor, session) {
      cursor.space()
      const set = cursor.sequenceSet()
      cursor.space()
      const given = parseFetchArguments(cursor)
      checkModifiers(given, by, session)
      return { set, ...given }
    },
    run(session, { set, ...given }, wire) {
      if (refusesNumbers(session, by)) return replies.uidRequired
      return fetchMessages(session, { set, by, ...given }, wire)
    },
  })
}

function checkModifiers({ vanished }: FetchArguments, by: NumberKind, session: Session) {
  // RFC 7162 §3.2.6
  if (vanished && by === 'number') throw new ImapSyntaxError('VANISHED needs UID FETCH')
  if (vanished && !session.enabled.has('QRESYNC')) {
    throw new ImapSyntaxError('QRESYNC must be enabled first')
  }
}

async function fetchMessages(
  session: Session,
  given: FetchArguments & { readonly set: MessageSet; readonly by: NumberKind },
  wire: Wire,
): Promise<Completion> {
  const { selected, deps } = session
  const { atts, changedSince, partial, set, by } = given
  // RFC 9738 §3.1: a PARTIAL beyond the limit is not begun.
  if (partial !== null && partial.last - partial.first >= deps.options.messageLimit) {
    return overLimit(session)
  }
  const plan = planFetch(atts, {
    // RFC 9051 §6.4.9: UID FETCH always tells the uid; RFC 9586 §3.3: UIDFETCH has it in front.
    uid: by === 'uid' && !session.enabled.has('UIDONLY'),
    modSeq: changedSince !== null,
    condstore: session.enabled.has('CONDSTORE'),
    // RFC 4314 §4: not without the right to set \Seen.
    readOnly: selected.readOnly || !selected.may('s'),
    messageForm: session.messageForm,
    isRecent: (uid) => selected.isRecent(uid),
  })
  // RFC 7162 §3.1: asking for mod-sequences enables CONDSTORE.
  if (plan.condstore) session.enableCondstore(wire)
  let uids = selected.select(set, by)
  if (given.vanished && changedSince !== null) {
    const vanished = await vanishedEarlier(selected, set, changedSince)
    if (vanished !== undefined) wire.untagged(vanished)
  }
  // RFC 9394 §3.3, §3.4: the part is chosen first, and what of it has changed is told.
  if (partial !== null) uids = inPartialRange(uids, partial)
  if (changedSince !== null) uids = changedAfter(session, uids, changedSince)
  const messages = limitMessages(session, uids)
  session.counts.fetched += plan.contents > 0 ? messages.uids.length : 0
  // RFC 9738 §3.1: from the highest uid down.
  const order = messages.cut ? messages.uids.toReversed() : messages.uids
  const outcome = await respond(session, plan, order, wire)
  // Those that are gone are told to be before the tagged answer, where they may be.
  if (outcome.expunged) selected.hint()
  return completeLimited(session, messages, completion(outcome, by), wire)
}

/** RFC 7162 §3.1.4.1 */
function changedAfter({ selected }: Session, uids: readonly Uid[], since: number): Uid[] {
  const { messages } = selected
  return uids.filter((uid) => {
    const row = messages.rowOf(uid)
    return row >= 0 && messages.modSeqAt(row) > since
  })
}

/**
 * A message that others expunged keeps its number until the client is told (RFC 9051 §7.5.1), but nothing is known of it any
 * more: it is left out, and the answer is OK with a reason to look for news (RFC 2180 §4.1.3, RFC 5530 §3), as Dovecot does. A uid
 * that is gone means nothing (RFC 9051 §6.4.9).
 */
function completion(
  { expunged, unknownEncoding, lost, tooLarge }: FetchOutcome,
  by: NumberKind,
): Completion {
  if (lost) return replies.unreadable
  if (tooLarge) return replies.tooLargeForNow
  if (unknownEncoding) return replies.unknownEncoding
  if (expunged && by === 'number') {
    return { status: 'OK', code: 'EXPUNGEISSUED', text: 'Some messages are expunged already' }
  }
  return completed('FETCH')
}
