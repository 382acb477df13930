// Which characters a bracket expression stands for. Characters are code points: what is in a script and in a decoded field is Unicode. The
// classes of POSIX have all of Unicode in them, as in a UTF-8 locale.

export type Folding = 'none' | 'ascii' | 'unicode'

export interface CharacterSet {
  /** Of a code point as it came. */
  has(code: number): boolean
}

export type SetParts = {
  readonly ranges: readonly (readonly [first: number, last: number])[]
  readonly classes: readonly RegExp[]
  readonly isNegated: boolean
  readonly folding: Folding
}

/** The character that stands for all of its cases. */
export function foldCode(code: number, folding: Folding): number {
  if (folding === 'none') return code
  if (code < ASCII) return code >= 0x61 && code <= 0x7a ? code - 0x20 : code
  return folding === 'ascii' ? code : single(String.fromCodePoint(code).toUpperCase(), code)
}

/** With case mappings that are no single character left out. */
function single(mapped: string, code: number): number {
  const point = mapped.codePointAt(0) ?? code
  return mapped.length === (point > 0xffff ? 2 : 1) ? point : code
}

export function characterSet(parts: SetParts): CharacterSet {
  const { isNegated, folding, classes } = parts
  const ranges = merged(parts.ranges)
  const holds = (code: number) =>
    isInRanges(ranges, code) ||
    (classes.length > 0 && isInClasses(classes, String.fromCodePoint(code)))
  const holdsAnyCase = (code: number) =>
    holds(code) || variants(code, folding).some((variant) => variant !== code && holds(variant))
  const ascii = Uint8Array.from({ length: ASCII }, (_, code) =>
    holdsAnyCase(code) === isNegated ? 0 : 1,
  )
  return {
    has: (code) => (code < ASCII ? ascii[code] === 1 : holdsAnyCase(code) !== isNegated),
  }
}

const isInClasses = (classes: readonly RegExp[], character: string) =>
  classes.some((each) => each.test(character))

/** Its other cases. */
function variants(code: number, folding: Folding): readonly number[] {
  if (folding === 'none') return none
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
  if (isLetter) return [code ^ 0x20]
  if (code < ASCII || folding === 'ascii') return none
  const character = String.fromCodePoint(code)
  return [single(character.toUpperCase(), code), single(character.toLowerCase(), code)]
}

const none: readonly number[] = []
const ASCII = 0x80

/** In order and apart, so that one is found by halves. */
function merged(ranges: SetParts['ranges']): SetParts['ranges'] {
  const apart: [number, number][] = []
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = apart.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else apart.push([first, last])
  }
  return apart
}

function isInRanges(ranges: SetParts['ranges'], code: number): boolean {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [first, last] = ranges[middle] ?? [0, 0]
    if (code < first) high = middle - 1
    else if (code > last) low = middle + 1
    else return true
  }
  return false
}

/** POSIX.1 §7.3.1. */
export const characterClasses: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[\p{Alphabetic}\p{Nd}]/u],
  ['alpha', /\p{Alphabetic}/u],
  ['blank', /[\p{Zs}\t]/u],
  ['cntrl', /\p{Cc}/u],
  ['digit', /[0-9]/],
  ['graph', /[^\p{Z}\p{C}]/u],
  ['lower', /\p{Lowercase}/u],
  ['print', /[^\p{Zl}\p{Zp}\p{C}]/u],
  ['punct', /[\p{P}\p{S}]/u],
  ['space', /\s/],
  ['upper', /\p{Uppercase}/u],
  ['xdigit', /[0-9A-Fa-f]/],
])
