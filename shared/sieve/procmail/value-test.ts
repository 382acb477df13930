// What is searched in the value of a field, or in a body, as the simplest test that says the same: is, contains, matches, or regex.

import { type Condition, stringsText, test } from './condition-text.ts'
import { SPELLED_OUT_MAX } from './limits.ts'
import {
  charactersOf,
  countGroups,
  isAnyText,
  isBlank,
  manyLines,
  oneLine,
  printPattern,
  type Sequence,
} from './pattern.ts'
import { Untranslatable } from './untranslatable.ts'

export type Searched = {
  /** `header` and the names, or `body :raw`; the match type and keys come between and behind. */
  readonly words: (match: string, keys: string) => string
  readonly needs: readonly string[]
  readonly hasCase: boolean
}

/** A key of `:matches`, in pieces. */
type Glob = readonly Piece[]
type Piece = { readonly literal: string } | 'one' | 'many'

/** `isAnchored`: the sequence begins where the value does. */
export function valueTest(sequence: Sequence, isAnchored: boolean, searched: Searched): Condition {
  const capture = sequence.findIndex(({ kind }) => kind === 'match')
  if (capture >= 0) return captureTest(sequence, capture, isAnchored, searched)
  const { inner, isEnded } = withoutEnd(sequence)
  const globs = spelledOut(inner, searched.hasCase)
  if (globs !== undefined) return globTest(globs, isAnchored, isEnded, searched)
  return regexTest(inner, isAnchored, isEnded, searched)
}

/** `$` holds at the end; `.*` there says nothing. */
export function withoutEnd(sequence: Sequence): {
  readonly inner: Sequence
  readonly isEnded: boolean
} {
  let inner = sequence
  const isEnded = inner.at(-1)?.kind === 'end'
  if (isEnded) {
    inner = inner.slice(0, -1)
    // Sieve cuts blanks off the end of a value (RFC 5228 §2.4.2.2).
    while (isOptionalBlank(inner.at(-1))) inner = inner.slice(0, -1)
  }
  const beforeText = inner
  while (isAnyText(inner.at(-1))) inner = inner.slice(0, -1)
  return { inner, isEnded: isEnded && inner.length === beforeText.length }
}

export const isOptionalBlank = (node: Sequence[number] | undefined): boolean =>
  node?.kind === 'repeat' && node.min === 0 && isBlank(node.of)

function regexTest(
  inner: Sequence,
  isAnchored: boolean,
  isEnded: boolean,
  searched: Searched,
): Condition {
  const pattern = printPattern(inner, oneLine)
  return regex(`${anchor(pattern, isAnchored)}${pattern}${isEnded ? '$' : ''}`, searched)
}

function regex(pattern: string, searched: Searched, captured?: number): Condition {
  const needs = [...searched.needs, 'regex', ...(captured === undefined ? [] : ['variables'])]
  return test(
    searched.words(`${comparator(searched)}:regex`, stringsText([pattern])),
    needs,
    captured,
  )
}

/** What is at the start or behind something says so itself. */
const anchor = (pattern: string, isAnchored: boolean) =>
  isAnchored && !pattern.startsWith('(^|') ? '^' : ''

const comparator = ({ hasCase }: Searched) => (hasCase ? ':comparator "i;octet" ' : '')

/** procmail takes as little as it can before \/ and as much as it can behind it. */
function captureTest(
  sequence: Sequence,
  at: number,
  isAnchored: boolean,
  searched: Searched,
): Condition {
  const before = printPattern(sequence.slice(0, at), oneLine)
  const behind = sequence.slice(at + 1)
  const isEnded = behind.at(-1)?.kind === 'end'
  const captured = printPattern(isEnded ? behind.slice(0, -1) : behind, oneLine)
  const start = anchor(before, isAnchored)
  const pattern = `${start}${before}(${captured})${isEnded ? '$' : ''}`
  return regex(pattern, searched, countGroups(before) + 1)
}

/** All it may be, where that is few; undefined: it needs a regular expression. */
function spelledOut(sequence: Sequence, hasCase: boolean): readonly Glob[] | undefined {
  let globs: readonly Glob[] = [[]]
  for (const node of sequence) {
    const pieces = piecesOf(node, hasCase)
    if (pieces === undefined || globs.length * pieces.length > SPELLED_OUT_MAX) return undefined
    globs = globs.flatMap((glob) => pieces.map((piece) => joined(glob, piece)))
  }
  return globs
}

function piecesOf(node: Sequence[number], hasCase: boolean): readonly Glob[] | undefined {
  switch (node.kind) {
    case 'any':
      return [['one']]
    case 'character':
    case 'set':
      return charactersOf(node, hasCase)?.map((literal) => [{ literal }])
    case 'group': {
      const all = node.alternatives.map((each) => spelledOut(each, hasCase))
      const found = all.filter((each) => each !== undefined).flat()
      return all.includes(undefined) || found.length > SPELLED_OUT_MAX ? undefined : found
    }
    case 'repeat': {
      if (node.of.kind === 'any' && node.isMany)
        return [node.min === 0 ? ['many'] : ['one', 'many']]
      const once = node.isMany ? undefined : piecesOf(node.of, hasCase)
      return once && (node.min === 0 ? [...once, []] : once)
    }
    default:
      return undefined
  }
}

function joined(left: Glob, right: Glob): Glob {
  const last = left.at(-1)
  const [first, ...rest] = right
  if (typeof last !== 'object' || typeof first !== 'object') return [...left, ...right]
  return [...left.slice(0, -1), { literal: last.literal + first.literal }, ...rest]
}

function globTest(
  globs: readonly Glob[],
  isAnchored: boolean,
  isEnded: boolean,
  searched: Searched,
): Condition {
  const literals = globs.map(literalOf)
  const isPlain = literals.every((each) => each !== undefined) && isAnchored === isEnded
  const keys = isPlain
    ? literals.filter((each) => each !== undefined)
    : globs.map((glob) => globText(glob, isAnchored, isEnded))
  const match = isPlain ? (isAnchored ? ':is' : ':contains') : ':matches'
  const text = searched.words(`${comparator(searched)}${match}`, stringsText(unique(keys)))
  return test(text, searched.needs)
}

function literalOf(glob: Glob): string | undefined {
  const [first, ...rest] = glob
  if (rest.length > 0) return undefined
  return first === undefined ? '' : typeof first === 'object' ? first.literal : undefined
}

function globText(glob: Glob, isAnchored: boolean, isEnded: boolean): string {
  const pieces = glob.map((piece) => {
    if (piece === 'one') return '?'
    return piece === 'many' ? '*' : piece.literal.replace(/[*?\\]/g, '\\$&')
  })
  return `${isAnchored ? '' : '*'}${pieces.join('')}${isEnded ? '' : '*'}`
}

const unique = (all: readonly string[]) => [...new Set(all)]

/** In a body a line end is a character: whatever is no plain text needs a regular expression. */
export function bodyTest(sequence: Sequence, hasCase: boolean): Condition {
  if (sequence.some(({ kind }) => kind === 'match')) {
    throw new Untranslatable('it takes MATCH out of the body')
  }
  const searched: Searched = {
    words: (match, keys) => `body :raw ${match} ${keys}`,
    needs: ['body'],
    hasCase,
  }
  let inner = sequence
  while (isAnyText(inner.at(0))) inner = inner.slice(1)
  while (isAnyText(inner.at(-1))) inner = inner.slice(0, -1)
  const globs = spelledOut(inner, hasCase)
  if (globs?.every((glob) => literalOf(glob) !== undefined)) {
    return globTest(globs, false, false, searched)
  }
  const pattern = printPattern(inner, manyLines)
  const needs = pattern.includes('${hex:') ? ['body', 'encoded-character'] : ['body']
  return regex(pattern, { ...searched, needs })
}
