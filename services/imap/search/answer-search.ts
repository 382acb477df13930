// Runs a SEARCH or SORT against the selected mailbox and tells its result in the form that was asked for.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { SearchArguments, SearchReturn } from '#shared/imap/search-arguments.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { STAR } from '#shared/imap/sequence-set.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { findMessages } from '#shared/search/find-messages.ts'
import { SEARCH_BYTES_MAX, SearchMemory } from '#shared/search/memory.ts'
import type { Reading } from '#shared/search/reading.ts'
import { type Completion, completed } from '../command.ts'
import type { NumberKind } from '../number-kind.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { LIVE_KEY_BYTES_MAX, LiveResults } from './live-results.ts'
import { formatExtended, savedUids, tellsNothing, writeNumbers } from './results.ts'
import {
  compileFor,
  findIn,
  holds,
  modSeqs,
  objection,
  readingOf,
  type SavedSearch,
  withReading,
} from './search-folder.ts'

export type SearchCommand = {
  readonly response: 'SEARCH' | 'SORT'
  readonly by: NumberKind
  /** Null: one untagged response of numbers. */
  readonly returns: SearchReturn | null
  /** Brings what was found, ascending uids, into the order of the answer. */
  readonly order: (found: readonly Uid[], reading: Reading) => Promise<readonly Uid[]>
}

export async function answerSearch(
  session: Session,
  wire: Wire,
  given: SearchArguments,
  { response, by, returns, order }: SearchCommand,
): Promise<Completion> {
  const { selected } = session
  const search = { ...given, saved: selected.saved }
  const refusal = objection(session, given, by)
  // RFC 5182 §2.1: a search that fails with NO leaves `$` empty.
  if (returns?.save && refusal?.status !== 'BAD') selected.saved = []
  if (refusal !== undefined) return refusal
  return withReading(session, wire, async (reading) => {
    const uids = await order(await findIn(selected, session, wire, search, reading), reading)
    const results = {
      uids,
      by,
      numberOf: (uid: Uid) => selected.numberOf(uid),
      modSeqOf: modSeqs(given.key, selected.messages),
    }
    const name = by === 'uid' ? `UID ${response}` : response
    if (returns === null) {
      await writeNumbers(wire, response, results, reading.pace)
      return completed(name)
    }
    if (returns.save) selected.saved = await savedUids(returns, uids, reading.pace)
    if (!tellsNothing(returns)) {
      const told = await formatExtended(returns, results, reading.pace)
      wire.untagged(`ESEARCH (TAG "${session.tag}")${told}`)
    }
    // Deliberately: a client that wants FETCH items with each update is told that it has to look by itself (RFC 5465 §7).
    const updatable = response === 'SEARCH' && !returns.updateWithFetch
    if (returns.update && !(updatable && watch(session, search, { by, uids }))) {
      const code = formatResponseCode({ kind: 'NOUPDATE', tag: session.tag })
      wire.untagged(`NO [${code}] The result will not be updated`)
    }
    return completed(name)
  })
}

/** Whether the result is kept up to date from here on (RFC 5267 §4.3). */
function watch(
  session: Session,
  search: SavedSearch,
  { by, uids }: { readonly by: NumberKind; readonly uids: readonly Uid[] },
): boolean {
  if (holds(search.key, isFleeting)) return false
  const { selected } = session
  const compiled = compileFor(selected, session, search)
  if (compiled.bytes > LIVE_KEY_BYTES_MAX) return false
  const live =
    selected.watcher instanceof LiveResults
      ? selected.watcher
      : new LiveResults((uid) => selected.numberOf(uid))
  selected.watcher = live
  return live.add(session.tag, {
    by,
    uids,
    find: async (changed, wire) => {
      const searched = { uids: changed, messages: selected.messages }
      // Memory of its own: nobody is there to be told that there is none, and there are no more messages than have changed.
      using memory = new SearchMemory(new ByteBudget(SEARCH_BYTES_MAX))
      return await findMessages(searched, compiled, readingOf(session, wire, memory))
    },
  })
}

/** What changes without a change of a message, or means something else later. */
function isFleeting(key: SearchKey): boolean {
  if (key.kind === 'numbers' || key.kind === 'age') return true
  return (
    key.kind === 'uids' &&
    key.messages.kind === 'set' &&
    key.messages.ranges.some(({ last }) => last === STAR)
  )
}
