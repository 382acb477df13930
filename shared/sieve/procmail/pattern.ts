// procmail's own regular expressions (procmailrc(5), "Extended regular expressions") as a tree, and as the POSIX ones that `:regex` has. In
// them { is a character like others, brackets know no classes, and ^ and $ stand for a line end wherever they are.

import { PATTERN_CHARACTERS_MAX, PATTERN_NESTED_MAX } from './limits.ts'
import { Untranslatable } from './untranslatable.ts'

export type Node =
  | { readonly kind: 'character'; readonly character: string }
  /** Any character but a line end. */
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly Range[] }
  | { readonly kind: 'start' | 'end' }
  /** `^^`: where the text that is searched begins or ends. */
  | { readonly kind: 'edge' }
  /** `\<` and `\>`: a character that is none of a word. */
  | { readonly kind: 'word' }
  /** `\/`: what is behind it becomes MATCH. */
  | { readonly kind: 'match' }
  | { readonly kind: 'repeat'; readonly of: Node; readonly min: 0 | 1; readonly isMany: boolean }
  | { readonly kind: 'group'; readonly alternatives: readonly Sequence[] }

export type Sequence = readonly Node[]
/** First and last, as characters. */
export type Range = readonly [string, string]

export function parsePattern(text: string): readonly Sequence[] {
  if (text.length > PATTERN_CHARACTERS_MAX) {
    throw new Untranslatable(`its pattern is longer than ${PATTERN_CHARACTERS_MAX} characters`)
  }
  const reader = new PatternReader(text)
  const alternatives = reader.alternatives(0)
  if (!reader.isAtEnd) throw new Untranslatable('its pattern has a ) without a (')
  return alternatives
}

class PatternReader {
  readonly #characters: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#characters = [...text]
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#characters.length
  }

  alternatives(depth: number): readonly Sequence[] {
    if (depth > PATTERN_NESTED_MAX) {
      throw new Untranslatable(`its pattern has more than ${PATTERN_NESTED_MAX} groups in groups`)
    }
    const all: Node[][] = [[]]
    for (let next = this.#peek(); next !== undefined && next !== ')'; next = this.#peek()) {
      this.#at++
      if (next === '|') all.push([])
      else all.at(-1)?.push(this.#repeated(this.#atom(next, depth)))
    }
    return all
  }

  #atom(first: string, depth: number): Node {
    switch (first) {
      case '.':
        return { kind: 'any' }
      case '$':
        return { kind: 'end' }
      case '^':
        if (!this.#take('^')) return { kind: 'start' }
        return { kind: 'edge' }
      case '[':
        return this.#set()
      case '(': {
        const alternatives = this.alternatives(depth + 1)
        if (!this.#take(')')) throw new Untranslatable('its pattern has a ( without a )')
        return { kind: 'group', alternatives }
      }
      case '\\':
        return this.#quoted()
      default:
        return { kind: 'character', character: first }
    }
  }

  #quoted(): Node {
    const character = this.#characters[this.#at++]
    if (character === undefined) return { kind: 'character', character: '\\' }
    if (character === '<' || character === '>') return { kind: 'word' }
    if (character === '/') return { kind: 'match' }
    return { kind: 'character', character }
  }

  /** Inside brackets a backslash is one of the characters. */
  #set(): Node {
    const negated = this.#take('^')
    const ranges: Range[] = []
    for (let isFirst = true; ; isFirst = false) {
      const from = this.#characters[this.#at++]
      if (from === undefined) throw new Untranslatable('its pattern has a [ without a ]')
      if (from === ']' && !isFirst) return { kind: 'set', negated, ranges }
      const to = this.#characters[this.#at + 1]
      if (this.#peek() === '-' && to !== undefined && to !== ']') {
        this.#at += 2
        ranges.push([from, to])
      } else {
        ranges.push([from, from])
      }
    }
  }

  #repeated(of: Node): Node {
    let node = of
    for (;;) {
      if (this.#take('*')) node = { kind: 'repeat', of: node, min: 0, isMany: true }
      else if (this.#take('+')) node = { kind: 'repeat', of: node, min: 1, isMany: true }
      else if (this.#take('?')) node = { kind: 'repeat', of: node, min: 0, isMany: false }
      else return node
    }
  }

  #take(character: string): boolean {
    const is = this.#peek() === character
    if (is) this.#at++
    return is
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }
}

export const isAnyText = (node: Node | undefined): boolean =>
  node?.kind === 'repeat' && node.of.kind === 'any' && node.isMany && node.min === 0

/** A blank or a tab, or one of them. */
export function isBlank(node: Node | undefined): boolean {
  if (node?.kind === 'character') return blanks.has(node.character)
  return node?.kind === 'set' && !node.negated && node.ranges.every(isBlankRange)
}

const blanks: ReadonlySet<string> = new Set([' ', '\t'])
const isBlankRange = ([from, to]: Range) => from === to && blanks.has(from)

/** What a set of few characters consists of; without case, only one of two that differ in it. */
export function charactersOf(node: Node, hasCase: boolean): readonly string[] | undefined {
  if (node.kind === 'character') return [node.character]
  if (node.kind !== 'set' || node.negated) return undefined
  const found = new Set<string>()
  for (const [from, to] of node.ranges) {
    const first = from.codePointAt(0) ?? 0
    const last = to.codePointAt(0) ?? 0
    if (last - first > SPELLED_SET_MAX) return undefined
    for (let code = first; code <= last; code++) {
      const character = String.fromCodePoint(code)
      found.add(hasCase ? character : character.toLowerCase())
    }
  }
  return found.size <= SPELLED_SET_MAX ? [...found] : undefined
}

const SPELLED_SET_MAX = 4

/** How things that are no characters are written: a header value is one line, a body has many. */
export type Dialect = {
  readonly any: string
  readonly start: string | undefined
  readonly end: string | undefined
  /** Added to negated sets. */
  readonly never: string
}

export const oneLine: Dialect = { any: '.', start: undefined, end: undefined, never: '' }

/** `${hex:0a}` is Sieve's way to write what cannot be seen (RFC 5228 §2.4.2.4). */
export const manyLines: Dialect = {
  any: '[^${hex:0d 0a}]',
  start: '(^|${hex:0a})',
  end: '(${hex:0d 0a}|${hex:0a}|$)',
  never: '${hex:0d 0a}',
}

/** As a POSIX extended regular expression. */
export function printPattern(sequence: Sequence, dialect: Dialect): string {
  return sequence
    .map((node, i) => printNode(node, dialect, i === 0, i === sequence.length - 1))
    .join('')
}

function printNode(node: Node, dialect: Dialect, isFirst: boolean, isLast: boolean): string {
  switch (node.kind) {
    case 'character':
      return special.has(node.character) ? `\\${node.character}` : node.character
    case 'any':
      return dialect.any
    case 'set':
      return printSet(node, dialect)
    case 'start':
    case 'end': {
      const text = dialect[node.kind]
      if (text === undefined) throw new Untranslatable('its pattern goes over several lines')
      return text
    }
    case 'word': {
      const noWord = `[^a-zA-Z0-9_${dialect.never}]`
      if (isFirst) return dialect === oneLine ? `(^|${noWord})` : '(^|[^a-zA-Z0-9_])'
      return isLast ? '([^a-zA-Z0-9_]|$)' : '[^a-zA-Z0-9_]'
    }
    case 'repeat':
      return printRepeat(node, dialect, isFirst)
    case 'group':
      return printGroup(node.alternatives, dialect)
    case 'edge':
      throw new Untranslatable('^^ has no like in Sieve')
    case 'match':
      throw new Untranslatable('\\/ stands inside of a group')
  }
}

/** `^TO_` and its like: at the start, or behind something. */
function isBehind(node: Node): Sequence | undefined {
  if (node.kind !== 'group' || node.alternatives.length !== 1) return undefined
  const [first, ...rest] = node.alternatives[0] ?? []
  return isAnyText(first) && rest.length > 0 ? rest : undefined
}

function printRepeat(
  node: Extract<Node, { readonly kind: 'repeat' }>,
  dialect: Dialect,
  isFirst: boolean,
): string {
  const behind = isFirst && !node.isMany ? isBehind(node.of) : undefined
  if (behind) return `(^|${printPattern(behind, dialect)})`
  const of = printNode(node.of, dialect, false, false)
  const mark = node.isMany ? (node.min === 0 ? '*' : '+') : '?'
  // A repetition of a repetition is written as one of a group.
  if (of === '') return ''
  return node.of.kind === 'repeat' ? `(${of})${mark}` : `${of}${mark}`
}

/** POSIX knows no empty alternative. */
function printGroup(alternatives: readonly Sequence[], dialect: Dialect): string {
  const some = alternatives.filter((each) => each.length > 0)
  if (some.length === 0) return ''
  const printed = `(${some.map((each) => printPattern(each, dialect)).join('|')})`
  return some.length < alternatives.length ? `(${printed})?` : printed
}

const special: ReadonlySet<string> = new Set('.[]()*+?{}|^$\\')

function printSet(
  { negated, ranges }: Extract<Node, { readonly kind: 'set' }>,
  { never }: Dialect,
): string {
  // Where they stand decides what these mean: ] first, ^ not first, - last.
  const singles = ranges.filter(([from, to]) => from === to).map(([from]) => from)
  const has = (character: string) => (singles.includes(character) ? character : '')
  const others = singles.filter((each) => !']^-'.includes(each)).join('')
  const spans = ranges.filter(([from, to]) => from !== to).map(([from, to]) => `${from}-${to}`)
  const inside = `${has(']')}${spans.join('')}${others}${negated ? never : ''}${has('^')}${has('-')}`
  if (inside === '^' && !negated) return '\\^'
  return `[${negated ? '^' : ''}${inside}]`
}

/** Groups of a printed pattern, to know the number of the next one. */
export function countGroups(pattern: string): number {
  let count = 0
  let isInSet = false
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]
    if (isInSet) {
      if (character === ']') isInSet = false
    } else if (character === '\\') {
      at++
    } else if (character === '[') {
      isInSet = true
      if (pattern[at + 1] === '^') at++
      if (pattern[at + 1] === ']') at++
    } else if (character === '(') {
      count++
    }
  }
  return count
}
