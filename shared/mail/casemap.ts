// The comparison i;unicode-casemap of RFC 5051: texts are the same when they fold to the same string, and one holds the other
// when its folded form does. What SEARCH, SORT and THREAD compare is folded first.
//
// Deliberately: with full instead of simple case mapping, and decomposed before and after it. All that RFC 5051 makes the same
// stays the same; moreover "ß" is found by "ss", and digraphs by their letters.

/** The text without differences of case and of compatible forms, for comparing only. Linear in the text. */
export function foldCase(text: string): string {
  if (!notAscii.test(text)) return text.toUpperCase()
  if (text.length <= FOLDED_AT_ONCE) return fold(text)
  let folded = ''
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start, FOLDED_AT_ONCE)
    const piece = text.slice(start, end)
    folded += notAscii.test(piece) ? fold(piece) : piece.toUpperCase()
    start = end
  }
  return folded
}

/** The same in pieces, none of which takes long. */
export function* foldedPieces(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start, PIECE_CHARACTERS)
    yield foldCase(start === 0 && end === text.length ? text : text.slice(start, end))
    start = end
  }
}

/** Folded without a turn for others; up to 18 characters come of one. */
export const PIECE_CHARACTERS = 8_192

/**
 * Characters normalised at once. Marks in a row are put in order, which takes the square of their number; in longer rows they
 * stay as they are, as in the stream-safe format of UAX #15 §13 (that has 30).
 */
const FOLDED_AT_ONCE = 1_024

function fold(text: string): string {
  return text.normalize('NFKD').toUpperCase().normalize('NFKD')
}

/** Where a piece may end: before a character that is no mark on the one before it, and never inside a character. */
function pieceEnd(text: string, start: number, charactersMax: number): number {
  const end = start + charactersMax
  if (end >= text.length) return text.length
  for (let at = end; at > end - MARKS_MAX; at--)
    if (!belongsToTheLast.test(text.charAt(at))) return at
  return isLowSurrogate(text.charCodeAt(end)) ? end - 1 : end
}

const MARKS_MAX = 64
/** Marks, the voiced sound marks that are letters until they are decomposed, second halves of surrogate pairs and what may follow. */
const belongsToTheLast = /[\p{M}\uff9e\uff9f\p{Cs}]/u

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Order of folded texts: by code points, as i;unicode-casemap compares octets of UTF-8. */
export function compareFolded(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    // Halves of surrogate pairs stand for code points above all others.
    return isSurrogate(left) === isSurrogate(right) ? left - right : isSurrogate(left) ? 1 : -1
  }
  return a.length - b.length
}

const notAscii = /[^\x00-\x7f]/

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
