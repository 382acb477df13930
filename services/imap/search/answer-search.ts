// Runs a SEARCH or SORT against the selected mailbox and tells its result in the form that was asked for.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { SearchArguments, SearchReturn } from '#shared/imap/search-arguments.ts'
import { type Completion, completed } from '../command.ts'
import type { NumberKind } from '../number-kind.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import type { Reading } from './find-messages.ts'
import { formatExtended, savedUids, tellsNothing, writeNumbers } from './results.ts'
import { asksForModSeq, findSelected, objection, readingOf } from './selected-search.ts'

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
  const reading = readingOf(session, wire)
  const refusal = objection(session, given, by)
  // What `$` in the keys means is read before the next line forgets it.
  const finding = refusal ?? findSelected(session, given, reading)
  // RFC 5182 §2.1: a search that fails with NO leaves `$` empty.
  if (returns?.save && refusal?.status !== 'BAD') selected.saved = []
  if ('status' in finding) return finding
  const uids = await order(await finding, reading)
  const results = {
    uids,
    by,
    numberOf: (uid: Uid) => selected.numberOf(uid),
    modSeqOf: asksForModSeq(given.key)
      ? (uid: Uid) => selected.messages.modSeqAt(selected.messages.rowOf(uid))
      : null,
  }
  const name = by === 'uid' ? `UID ${response}` : response
  if (returns === null) {
    await writeNumbers(wire, response, results)
    return completed(name)
  }
  if (returns.save) selected.saved = savedUids(returns, uids)
  if (!tellsNothing(returns)) wire.untagged(formatExtended(session.tag, returns, results))
  // RFC 5267 §4.3: results are not kept up to date here.
  if (returns.update) {
    const code = formatResponseCode({ kind: 'NOUPDATE', tag: session.tag })
    wire.untagged(`NO [${code}] The result will not be updated`)
  }
  return completed(name)
}
