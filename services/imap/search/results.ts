// How results of SEARCH and SORT are told: SEARCH and SORT responses (RFC 3501 §7.2.5, RFC 5256 §4), ESEARCH (RFC 9051 §7.3.4), with
// MODSEQ (RFC 7162 §3.1.5, §3.1.10) and PARTIAL (RFC 9394 §3.1), and what `$` stands for afterwards (RFC 5182 §2.4).

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatPartialRange, type PartialRange } from '#shared/imap/partial-range.ts'
import type { SearchReturn } from '#shared/imap/search-arguments.ts'
import { formatSequenceSet, rangesOf } from '#shared/imap/sequence-set.ts'
import type { NumberKind } from '../number-kind.ts'
import type { Wire } from '../wire.ts'

export type Results = {
  /** In the order of the answer. */
  readonly uids: readonly Uid[]
  readonly by: NumberKind
  readonly numberOf: (uid: Uid) => number
  /** Null where no key asked for it; of messages that are gone 0. */
  readonly modSeqOf: ((uid: Uid) => number) | null
}

/** Numbers written at a time. */
const PIECE_NUMBERS = 8_192

/** `* SEARCH 2 84 882` or `* SORT …`. */
export async function writeNumbers(
  wire: Wire,
  name: 'SEARCH' | 'SORT',
  results: Results,
): Promise<void> {
  wire.write(`* ${name}`)
  for (let start = 0; start < results.uids.length; start += PIECE_NUMBERS) {
    const piece = results.uids.slice(start, start + PIECE_NUMBERS)
    wire.write(` ${shown(results, piece).join(' ')}`)
    await wire.room()
  }
  const modSeq = highestModSeq(results, results.uids)
  wire.write(modSeq > 0 ? ` (MODSEQ ${modSeq})\r\n` : '\r\n')
}

/** What stands behind the correlator of an ESEARCH response: ` UID COUNT 5 ALL 4:19`. */
export function formatExtended(returns: SearchReturn, results: Results): string {
  const { uids, by } = results
  const { min, max, all, count, partial } = returns
  const items = by === 'uid' ? ['', 'UID'] : ['']
  const first = uids[0]
  const last = uids.at(-1)
  if (first !== undefined && last !== undefined) {
    if (min) items.push(`MIN ${shown(results, [first]).join()}`)
    if (max) items.push(`MAX ${shown(results, [last]).join()}`)
    if (all) items.push(`ALL ${formatSet(results, uids)}`)
  }
  if (count) items.push(`COUNT ${uids.length}`)
  if (partial !== null) {
    const window = windowOf(uids, partial)
    const set = window.length === 0 ? 'NIL' : formatSet(results, window)
    items.push(`PARTIAL (${formatPartialRange(partial)} ${set})`)
  }
  const modSeq = highestModSeq(results, told(returns, uids))
  if (modSeq > 0) items.push(`MODSEQ ${modSeq}`)
  return items.join(' ')
}

/** Whether there is anything to tell: with SAVE alone there is not (RFC 5182 §2.1). */
export function tellsNothing({ min, max, all, count, partial, save }: SearchReturn): boolean {
  return save && !min && !max && !all && !count && partial === null
}

/** RFC 5182 §2.4 and RFC 9394 §3.2: with MIN, MAX and PARTIAL only what they tell, else everything. */
export function savedUids(returns: SearchReturn, uids: readonly Uid[]): readonly Uid[] {
  const saved = returns.count ? uids : told(returns, uids)
  return [...saved].sort((a, b) => a - b)
}

/** The messages that the answer names. */
function told(
  { min, max, all, count, partial }: SearchReturn,
  uids: readonly Uid[],
): readonly Uid[] {
  if (all || count || !(min || max || partial !== null)) return uids
  const named = new Set(partial === null ? [] : windowOf(uids, partial))
  const first = uids[0]
  const last = uids.at(-1)
  if (min && first !== undefined) named.add(first)
  if (max && last !== undefined) named.add(last)
  return [...named]
}

/** RFC 9394 §3.1: positions in the result, counted from its end when negative. */
function windowOf(uids: readonly Uid[], { first, last, fromEnd }: PartialRange): readonly Uid[] {
  if (!fromEnd) return uids.slice(first - 1, last)
  return uids.slice(Math.max(0, uids.length - last), Math.max(0, uids.length - first + 1))
}

function formatSet(results: Results, uids: readonly Uid[]): string {
  return formatSequenceSet(rangesOf(shown(results, uids)))
}

function shown({ by, numberOf }: Results, uids: readonly Uid[]): readonly number[] {
  return by === 'uid' ? uids : uids.map(numberOf)
}

function highestModSeq({ modSeqOf }: Results, uids: readonly Uid[]): number {
  if (modSeqOf === null) return 0
  return uids.reduce((highest, uid) => Math.max(highest, modSeqOf(uid)), 0)
}
