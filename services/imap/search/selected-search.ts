// Runs the search key of SEARCH, SORT and THREAD against the selected mailbox.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { isKnownCharset } from '#shared/mail/charset.ts'
import type { Completion } from '../command.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { findMessages, type Reading } from './find-messages.ts'
import { Pace } from './pace.ts'
import { compile } from './predicate.ts'

export type Search = { readonly key: SearchKey; readonly charset: string | null }

/** RFC 9051 §6.4.4: NO with BADCHARSET. */
export const unknownCharset: Completion = {
  status: 'NO',
  code: formatResponseCode({ kind: 'BADCHARSET', charsets: ['US-ASCII', 'UTF-8'] }),
  text: 'Unknown charset',
}

/** What stands against the search, before anything is done; undefined for nothing. */
export function objection(
  session: Session,
  search: Search,
  by: NumberKind,
): Completion | undefined {
  // RFC 9586 §3.1: neither in the answer nor as a key.
  if (refusesNumbers(session, by)) return replies.uidRequired
  if (holds(search.key, isNumberSet) && refusesNumbers(session, 'number'))
    return replies.uidRequired
  if (search.charset !== null && !isKnownCharset(search.charset)) return unknownCharset
  return undefined
}

/** Ascending uids; those that the client was not told of yet are not among them. */
export function findSelected(session: Session, search: Search, reading: Reading): Promise<Uid[]> {
  const { selected, services } = session
  // RFC 7162 §3.1.5: the key enables CONDSTORE.
  if (asksForModSeq(search.key)) session.enabled.add('CONDSTORE')
  const compiled = compile(search.key, {
    charset: search.charset,
    uids: selected.uids,
    saved: selected.saved,
    nowMs: services.clock.now(),
  })
  return findMessages({ uids: selected.uids, messages: selected.messages }, compiled, reading)
}

export function readingOf({ services, tag }: Session, wire: Wire): Reading {
  return {
    blobs: services.mailbox.blobs,
    objects: services.objects,
    pace: new Pace({ wire, clock: services.clock, tag }),
  }
}

export function asksForModSeq(key: SearchKey): boolean {
  return holds(key, ({ kind }) => kind === 'modseq')
}

/** `$` is no sequence number. */
function isNumberSet(key: SearchKey): boolean {
  return key.kind === 'numbers' && key.messages.kind === 'set'
}

/** Whether the key or one inside it is such a key. */
function holds(key: SearchKey, is: (key: SearchKey) => boolean): boolean {
  switch (key.kind) {
    case 'and':
      return key.keys.some((each) => holds(each, is))
    case 'or':
      return holds(key.either, is) || holds(key.other, is)
    case 'not':
      return holds(key.key, is)
    default:
      return is(key)
  }
}
