// The comparison i;unicode-casemap of RFC 5051: texts are the same when they fold to the same string, and one holds the other
// when its folded form does. What SEARCH, SORT and THREAD compare is folded first.
//
// Deliberately: with full instead of simple case mapping, and decomposed before and after it. All that RFC 5051 makes the same
// stays the same; moreover "ß" is found by "ss", and digraphs by their letters.

/** The text without differences of case and of compatible forms, for comparing only. */
export function foldCase(text: string): string {
  if (!notAscii.test(text)) return text.toUpperCase()
  return text.normalize('NFKD').toUpperCase().normalize('NFKD')
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
