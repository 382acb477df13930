// Patterns of :matches (RFC 5228 §2.7.1): `*` any text, `?` one character, a backslash before either itself. What a wildcard stands for is as
// short as can be (RFC 5229 §3.2), which is found from the left without going back: each text between two `*` where it comes first.

export type Pattern = {
  /** Between the `*`: texts, and null for each `?`. */
  readonly segments: readonly (readonly (string | null)[])[]
}

export function parsePattern(pattern: string): Pattern {
  const segments: (string | null)[][] = [[]]
  let text = ''
  const endText = () => {
    if (text !== '') segments.at(-1)?.push(text)
    text = ''
  }
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === '\\' && at + 1 < pattern.length) {
      at++
      text += pattern.charAt(at)
    } else if (character === '*') {
      endText()
      segments.push([])
    } else if (character === '?') {
      endText()
      segments.at(-1)?.push(null)
    } else text += character
  }
  endText()
  return { segments }
}

export type Wildcard = readonly [from: number, to: number]

/** What each wildcard stands for in the value, as places in it; undefined where the pattern does not match. `spend`: told of long work. */
export function matchPattern(
  { segments }: Pattern,
  value: string,
  spend: (steps: number) => void,
): readonly Wildcard[] | undefined {
  const found: Wildcard[] = []
  let at = 0
  for (const [i, segment] of segments.entries()) {
    const isFirst = i === 0
    const isLast = i === segments.length - 1
    let start: number
    if (isFirst) start = 0
    else if (isLast) start = value.length - lengthOf(segment)
    else start = placeOf(segment, value, at, spend)
    if (start < at) return undefined
    if (!isFirst) found.push([at, start])
    const marks = startsAt(segment, value, start)
    if (marks === undefined) return undefined
    found.push(...marks.single)
    at = marks.end
  }
  return at === value.length ? found : undefined
}

/** `?` is one unit here: characters outside the basic plane are two, and a pattern for them is matched by code points (match.ts). */
function startsAt(segment: readonly (string | null)[], value: string, start: number) {
  const single: Wildcard[] = []
  let end = start
  for (const piece of segment) {
    if (piece === null) {
      if (end >= value.length) return undefined
      single.push([end, end + 1])
      end++
    } else if (value.startsWith(piece, end)) end += piece.length
    else return undefined
  }
  return { single, end }
}

function placeOf(
  segment: readonly (string | null)[],
  value: string,
  from: number,
  spend: (steps: number) => void,
): number {
  const [first] = segment
  if (first === undefined) return from
  if (segment.length === 1 && first !== null) return value.indexOf(first, from)
  for (let at = from; at <= value.length; at++) {
    if (first !== null) {
      at = value.indexOf(first, at)
      if (at < 0) return -1
    }
    spend(1)
    if (startsAt(segment, value, at)) return at
  }
  return -1
}

function lengthOf(segment: readonly (string | null)[]): number {
  return segment.reduce((sum, piece) => sum + (piece?.length ?? 1), 0)
}
