// Folds a text that comes in pieces and looks for needles in it, letting others run meanwhile.

import { foldCase, foldedPieces, PIECE_CHARACTERS } from '#shared/mail/casemap.ts'
import type { Needle, NeedleScan } from './needle.ts'
import type { Pace } from './pace.ts'

/** Shorter pieces are put together: each costs a look for each needle. */
const TOGETHER_CHARACTERS = 4_096
/** Folding a character, against looking at a byte. */
const FOLDED_CHARACTER_BYTES = 2

/** One text. Ends early when all is found. */
export function scanPieces(
  pieces: Iterable<string>,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> | undefined {
  scan.begin()
  const rest = pieces[Symbol.iterator]()
  let text = ''
  for (let count = 1; ; count++) {
    const next = rest.next()
    // Nearly all fields end here, and nobody has to wait for a promise.
    if (next.done === true) return scanText(text, scan, pace)
    text += next.value
    if (text.length >= TOGETHER_CHARACTERS || count === TOGETHER_PIECES) break
  }
  return scanRest(text, rest, scan, pace)
}

async function scanRest(
  begun: string,
  rest: Iterator<string>,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> {
  let text = begun
  for (let count = 0; !scan.done; count++) {
    if (text.length >= TOGETHER_CHARACTERS || count % TOGETHER_PIECES === 0) {
      await scanText(text, scan, pace)
      await pace.spent(TOGETHER_PIECES * PIECE_BYTES)
      text = ''
    }
    const next = rest.next()
    if (next.done === true) return scanText(text, scan, pace)
    text += next.value
  }
}

/** Many pieces may make little text, and decoding one costs as much as so many bytes. */
const TOGETHER_PIECES = 64
const PIECE_BYTES = 100

/** The next piece of a text. */
export function scanText(
  text: string,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> | undefined {
  if (text.length > PIECE_CHARACTERS) return scanLongText(text, scan, pace)
  return scanFolded(foldCase(text), scan, pace)
}

async function scanLongText(text: string, scan: NeedleScan<Needle>, pace: Pace): Promise<void> {
  for (const folded of foldedPieces(text)) {
    const wait = scanFolded(folded, scan, pace)
    if (wait) await wait
    if (scan.done) return
  }
}

/** Characters compared without a look at the clock, for all needles together; a few needles see whole pieces. */
const COMPARED_AT_ONCE = 65_536
const SLICE_CHARACTERS_MIN = 64

function scanFolded(
  folded: string,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> | undefined {
  const slice = Math.max(SLICE_CHARACTERS_MIN, Math.floor(COMPARED_AT_ONCE / scan.width))
  return folded.length > slice
    ? scanSlices(folded, slice, scan, pace)
    : scanSlice(folded, scan, pace)
}

async function scanSlices(
  folded: string,
  slice: number,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> {
  for (let at = 0; at < folded.length && !scan.done; at += slice) {
    const wait = scanSlice(folded.slice(at, at + slice), scan, pace)
    if (wait) await wait
  }
}

function scanSlice(
  folded: string,
  scan: NeedleScan<Needle>,
  pace: Pace,
): Promise<void> | undefined {
  const before = scan.compared
  if (folded !== '') scan.push(folded)
  return pace.spent(FOLDED_CHARACTER_BYTES * folded.length + scan.compared - before)
}
