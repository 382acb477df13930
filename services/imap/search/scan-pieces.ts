// Folds a text that comes in pieces and looks for needles in it, letting others run meanwhile.

import { foldedPieces } from '#shared/mail/casemap.ts'
import type { Needle, NeedleScan } from './needle.ts'
import type { Pace } from './pace.ts'

/** Shorter pieces are put together: each costs a look for each needle. */
const TOGETHER_CHARACTERS = 4_096
/** Folding a character, against looking at a byte. */
const FOLDED_CHARACTER_BYTES = 2

/** One text. Ends early when all is found. */
export async function scanPieces(
  pieces: Iterable<string>,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> {
  scan.begin()
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < TOGETHER_CHARACTERS) {
      // Many pieces may make little text.
      const wait = pace.spent(PIECE_BYTES)
      if (wait) await wait
      continue
    }
    await scanText(text, scan, pace)
    if (scan.done) return
    text = ''
  }
  await scanText(text, scan, pace)
}

/** What decoding a piece costs, however short it is. */
const PIECE_BYTES = 100

/** The next piece of a text. */
export async function scanText(text: string, scan: NeedleScan<Needle>, pace: Pace): Promise<void> {
  for (const folded of foldedPieces(text)) {
    const before = scan.compared
    scan.push(folded)
    if (scan.done) return
    const wait = pace.spent(FOLDED_CHARACTER_BYTES * folded.length + scan.compared - before)
    if (wait) await wait
  }
}
