// Runs the search key of SEARCH, SORT, THREAD and ESEARCH against a folder.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { isKnownCharset } from '#shared/mail/charset.ts'
import type { MessageColumns } from '#shared/mailbox/message-columns.ts'
import type { Completion } from '../command.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { type Field, findMessages, type Reading } from './find-messages.ts'
import { Pace } from './pace.ts'
import { compile } from './predicate.ts'
import type { Results } from './results.ts'

export type Search = { readonly key: SearchKey; readonly charset: string | null }
/** With what `$` stood for when the command came. */
export type SavedSearch = Search & { readonly saved: readonly Uid[] }

/** RFC 9051 §6.4.4: NO with BADCHARSET. */
const unknownCharset: Completion = {
  status: 'NO',
  code: formatResponseCode({ kind: 'BADCHARSET', charsets: ['US-ASCII', 'UTF-8'] }),
  text: 'Unknown charset',
}

/** BODY and TEXT keys of one command: each is looked for in every message. */
export const TEXT_KEYS_MAX = 100

const tooManyTexts: Completion = {
  status: 'NO',
  code: 'LIMIT',
  text: `More than ${TEXT_KEYS_MAX} texts to look for`,
}

/** What stands against the search, before anything is done; undefined for nothing. */
export function objection(
  session: Session,
  search: Search,
  by: NumberKind,
): Completion | undefined {
  // RFC 9586 §3.1: neither in the answer nor as a key.
  const names = holds(search.key, isNumberSet) ? 'number' : by
  if (refusesNumbers(session, names)) return replies.uidRequired
  if (search.charset !== null && !isKnownCharset(search.charset)) return unknownCharset
  if (countTexts(search.key) > TEXT_KEYS_MAX) return tooManyTexts
  return undefined
}

/** Ascending uids of a folder. */
export function findIn(
  field: Field,
  session: Session,
  { key, charset, saved }: SavedSearch,
  reading: Reading,
): Promise<Uid[]> {
  // RFC 7162 §3.1.5: the key enables CONDSTORE.
  if (asksForModSeq(key)) session.enableCondstore(reading.wire)
  const nowMs = session.services.clock.now()
  const compiled = compile(key, { charset, uids: field.uids, saved, nowMs })
  return findMessages(field, compiled, reading)
}

export function readingOf({ services, tag }: Session, wire: Wire): Reading {
  return {
    blobs: services.mailbox.blobs,
    objects: services.objects,
    pace: new Pace({ wire, clock: services.clock, tag }),
    wire,
  }
}

/** For the answer, where a key asks for it (RFC 7162 §3.1.5). */
export function modSeqs(key: SearchKey, messages: MessageColumns): Results['modSeqOf'] {
  return asksForModSeq(key) ? (uid) => messages.modSeqAt(messages.rowOf(uid)) : null
}

function asksForModSeq(key: SearchKey): boolean {
  return holds(key, ({ kind }) => kind === 'modseq')
}

/** `$` is no sequence number. */
function isNumberSet(key: SearchKey): boolean {
  return key.kind === 'numbers' && key.messages.kind === 'set'
}

/** Whether the key or one inside it is such a key. */
export function holds(key: SearchKey, is: (key: SearchKey) => boolean): boolean {
  return is(key) || parts(key).some((part) => holds(part, is))
}

function countTexts(key: SearchKey): number {
  if (key.kind === 'body' || key.kind === 'text') return 1
  return parts(key).reduce((count, part) => count + countTexts(part), 0)
}

function parts(key: SearchKey): readonly SearchKey[] {
  switch (key.kind) {
    case 'and':
      return key.keys
    case 'or':
      return [key.either, key.other]
    case 'not':
      return [key.key]
    default:
      return []
  }
}
