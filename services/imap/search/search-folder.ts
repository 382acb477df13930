// Runs the search key of SEARCH, SORT, THREAD and ESEARCH against a folder.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { isKnownCharset } from '#shared/mail/charset.ts'
import type { MessageColumns } from '#shared/mailbox/message-columns.ts'
import { findMessages } from '#shared/search/find-messages.ts'
import {
  CRITERIA_MAX,
  TEXT_BYTES_MAX,
  TEXT_CRITERIA_MAX,
  TEXTS_BYTES_MAX,
  UID_RANGES_MAX,
} from '#shared/search/limits.ts'
import { SearchMemory, SearchTooLarge } from '#shared/search/memory.ts'
import { Pace } from '#shared/search/pace.ts'
import { type Compiled, compile } from '#shared/search/predicate.ts'
import type { Reading, Searched } from '#shared/search/reading.ts'
import type { Completion } from '../command.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { clientWaiting } from './client-waiting.ts'
import { criterionOf } from './criterion-of-key.ts'
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

/** What a search is answered that needs more memory than there is for it (RFC 5530 §3). */
const tooMuch = {
  'one search': {
    status: 'NO',
    code: 'LIMIT',
    text: 'Too much to sort or thread at once, search for less',
  },
  'all searches': {
    status: 'NO',
    code: 'UNAVAILABLE',
    text: 'Too many large searches at the same time, try again later',
  },
} as const satisfies Record<SearchTooLarge['limit'], Completion>

const limit = (text: string): Completion => ({ status: 'NO', code: 'LIMIT', text })

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
  return tooLarge(search.key)
}

/** RFC 5530 §3: LIMIT. */
function tooLarge(key: SearchKey): Completion | undefined {
  const size = { keys: 0, texts: 0, textBytes: 0, longest: 0, ranges: 0 }
  measure(key, size)
  if (size.keys > CRITERIA_MAX) return limit(`More than ${CRITERIA_MAX} search keys`)
  if (size.texts > TEXT_CRITERIA_MAX)
    return limit(`More than ${TEXT_CRITERIA_MAX} texts to look for`)
  if (size.longest > TEXT_BYTES_MAX) {
    return limit(`A text to look for has more than ${TEXT_BYTES_MAX} bytes`)
  }
  if (size.textBytes > TEXTS_BYTES_MAX) {
    return limit(`The texts to look for have more than ${TEXTS_BYTES_MAX} bytes`)
  }
  if (size.ranges > UID_RANGES_MAX) return limit(`More than ${UID_RANGES_MAX} ranges`)
  return undefined
}

type Size = { keys: number; texts: number; textBytes: number; longest: number; ranges: number }

function measure(key: SearchKey, size: Size): void {
  size.keys++
  if (key.kind === 'body' || key.kind === 'text') size.texts++
  if (key.kind === 'body' || key.kind === 'text' || key.kind === 'header') {
    size.textBytes += key.value.length + (key.kind === 'header' ? key.field.length : 0)
    size.longest = Math.max(size.longest, key.value.length)
  }
  if ((key.kind === 'numbers' || key.kind === 'uids') && key.messages.kind === 'set') {
    size.ranges += key.messages.ranges.length
  }
  for (const part of parts(key)) measure(part, size)
}

/** Ascending uids of a folder. */
export function findIn(
  searched: Searched,
  session: Session,
  wire: Wire,
  search: SavedSearch,
  reading: Reading,
): Promise<Uid[]> {
  // RFC 7162 §3.1.5: the key enables CONDSTORE.
  if (asksForModSeq(search.key)) session.enableCondstore(wire)
  return findMessages(searched, compileFor(searched, session, search), reading)
}

/** The search made ready; without sequence numbers, uids and `$` it is good for every folder. */
export function compileFor(
  { uids, messages }: Searched,
  { deps, state }: Session,
  { key, charset, saved }: SavedSearch,
): Compiled {
  const selected = state.kind === 'selected' ? state.selected : undefined
  const isRecent = (uid: Uid) => selected?.messages === messages && selected.isRecent(uid)
  const nowMs = deps.clock.now()
  return compile(criterionOf(key, { charset, uids, saved, nowMs, isRecent }))
}

/** What reading takes of a session. */
type Reader = Pick<Session, 'tag'> & {
  readonly deps: Pick<Session['deps'], 'clock'> & {
    readonly mailbox: Pick<Session['deps']['mailbox'], 'blobs'>
    readonly objects: Reading['objects']
  }
}

export function readingOf(session: Reader, wire: Wire, memory: SearchMemory): Reading {
  const { deps } = session
  return {
    blobs: deps.mailbox.blobs,
    objects: deps.objects,
    pace: new Pace({ waiting: clientWaiting(wire, session), clock: deps.clock }),
    memory,
  }
}

/** Runs a command that reads messages, and gives back what it held. */
export async function withReading(
  session: Reader,
  wire: Wire,
  run: (reading: Reading) => Promise<Completion>,
): Promise<Completion> {
  using memory = new SearchMemory()
  try {
    return await run(readingOf(session, wire, memory))
  } catch (error) {
    if (error instanceof SearchTooLarge) return tooMuch[error.limit]
    throw error
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
