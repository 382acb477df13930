// How results of SEARCH and SORT are told: SEARCH and SORT responses (RFC 3501 §7.2.5, RFC 5256 §4), ESEARCH (RFC 9051 §7.3.4), with
// MODSEQ (RFC 7162 §3.1.5, §3.1.10) and PARTIAL (RFC 9394 §3.1), and what `$` stands for afterwards (RFC 5182 §2.4).

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatPartialRange, inPartialRange } from '#shared/imap/partial-range.ts'
import type { SearchReturn } from '#shared/imap/search-arguments.ts'
import type { Pace } from '#shared/search/pace.ts'
import { sortInTurns } from '#shared/search/sort-in-turns.ts'
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
const PIECE_NUMBERS = 1_024
/** What looking up and telling a number costs the pace, in bytes. */
const NUMBER_BYTES = 16

/** `* SEARCH 2 84 882` or `* SORT …`. */
export async function writeNumbers(
  wire: Wire,
  name: 'SEARCH' | 'SORT',
  results: Results,
  pace: Pace,
): Promise<void> {
  const { uids, by, numberOf } = results
  wire.write(`* ${name}`)
  for (let start = 0; start < uids.length; start += PIECE_NUMBERS) {
    const piece = uids.slice(start, start + PIECE_NUMBERS)
    wire.write(` ${(by === 'uid' ? piece : piece.map(numberOf)).join(' ')}`)
    await pace.spent(piece.length * NUMBER_BYTES)
    await wire.room()
  }
  const modSeq = await highestModSeq(results, uids, pace)
  wire.write(modSeq > 0 ? ` (MODSEQ ${modSeq})\r\n` : '\r\n')
}

/** What stands behind the correlator of an ESEARCH response: ` UID COUNT 5 ALL 4:19`. */
export async function formatExtended(
  returns: SearchReturn,
  results: Results,
  pace: Pace,
): Promise<string> {
  const { uids, by, numberOf } = results
  const { min, max, all, count, partial } = returns
  const items = by === 'uid' ? ['', 'UID'] : ['']
  const shown = (uid: Uid) => (by === 'uid' ? uid : numberOf(uid))
  const first = uids[0]
  const last = uids.at(-1)
  if (first !== undefined && last !== undefined) {
    if (min) items.push(`MIN ${shown(first)}`)
    if (max) items.push(`MAX ${shown(last)}`)
    if (all) items.push(`ALL ${await formatSet(uids, shown, pace)}`)
  }
  if (count) items.push(`COUNT ${uids.length}`)
  if (partial !== null) {
    const window = inPartialRange(uids, partial)
    const set = window.length === 0 ? 'NIL' : await formatSet(window, shown, pace)
    items.push(`PARTIAL (${formatPartialRange(partial)} ${set})`)
  }
  const modSeq = await highestModSeq(results, told(returns, uids), pace)
  if (modSeq > 0) items.push(`MODSEQ ${modSeq}`)
  return items.join(' ')
}

/** Whether there is anything to tell: with SAVE alone there is not (RFC 5182 §2.1). */
export function tellsNothing({ min, max, all, count, partial, save }: SearchReturn): boolean {
  return save && !min && !max && !all && !count && partial === null
}

/** RFC 5182 §2.4 and RFC 9394 §3.2: with MIN, MAX and PARTIAL only what they tell, else everything. Ascending. */
export function savedUids(
  returns: SearchReturn,
  uids: readonly Uid[],
  pace: Pace,
): Promise<readonly Uid[]> {
  const saved = returns.count ? uids : told(returns, uids)
  return sortInTurns(saved, (a, b) => a - b, { pace, bytes: 1 })
}

/** The messages that the answer names. */
function told(
  { min, max, all, count, partial }: SearchReturn,
  uids: readonly Uid[],
): readonly Uid[] {
  if (all || count || !(min || max || partial !== null)) return uids
  const window = partial === null ? [] : inPartialRange(uids, partial)
  const named = new Set([min ? uids[0] : undefined, max ? uids.at(-1) : undefined])
  named.delete(undefined)
  for (const uid of window) named.delete(uid)
  const ends = [...named].filter((uid) => uid !== undefined)
  return ends.length === 0 ? window : [...window, ...ends]
}

/** The numbers in the order of the uids, those that follow each other as ranges. */
async function formatSet(
  uids: readonly Uid[],
  shown: (uid: Uid) => number,
  pace: Pace,
): Promise<string> {
  const pieces: string[] = []
  let text = ''
  let first = 0
  let last = 0
  const endRange = () => {
    if (first === 0) return
    if (text !== '' || pieces.length > 0) text += ','
    text += first === last ? first : `${first}:${last}`
  }
  for (const [at, uid] of uids.entries()) {
    const number = shown(uid)
    if (first === 0 || number !== last + 1) {
      endRange()
      first = number
    }
    last = number
    if ((at + 1) % PIECE_NUMBERS !== 0) continue
    pieces.push(text)
    text = ''
    const wait = pace.spent(PIECE_NUMBERS * NUMBER_BYTES)
    if (wait) await wait
  }
  endRange()
  pieces.push(text)
  return pieces.join('')
}

async function highestModSeq(
  { modSeqOf }: Results,
  uids: readonly Uid[],
  pace: Pace,
): Promise<number> {
  if (modSeqOf === null) return 0
  let highest = 0
  for (const uid of uids) {
    highest = Math.max(highest, modSeqOf(uid))
    const wait = pace.spent(NUMBER_BYTES)
    if (wait) await wait
  }
  return highest
}
