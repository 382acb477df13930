// An expression as instructions for search.ts: states of an automaton, of which many are at work at once, so that no text takes longer than
// its length times theirs. Repetitions are written out; parse.ts has seen to it that they are not too many.

import type { CharacterSet, Folding } from './character-set.ts'
import { parseRegex } from './parse.ts'
import type { Expression } from './syntax.ts'

export type Instruction =
  | { kind: 'character'; code: number }
  | { kind: 'set'; set: CharacterSet }
  | { kind: 'lineStart' }
  | { kind: 'lineEnd' }
  /** Where a group begins (2 n) and ends (2 n + 1). */
  | { kind: 'save'; slot: number }
  /** The first of them is the better one. */
  | { kind: 'fork'; to: number; or: number }
  | { kind: 'jump'; to: number }
  | { kind: 'fits' }

export type Regex = {
  readonly instructions: readonly Instruction[]
  readonly folding: Folding
  /** Numbered from 1; 0 is the whole. */
  readonly groups: number
  /** Nothing fits but at the beginning of a line. */
  readonly isAnchored: boolean
  /** Of ASCII, whether what fits may begin with it; undefined: it may be empty. */
  readonly first: Uint8Array | undefined
}

/** Throws RegexSyntaxError. */
export function compileRegex(pattern: string, folding: Folding): Regex {
  const { expression, groups } = parseRegex(pattern, folding)
  const instructions: Instruction[] = []
  emit(expression, instructions)
  instructions.push({ kind: 'fits' })
  return { instructions, folding, groups, ...beginning(instructions, folding) }
}

function emit(expression: Expression, to: Instruction[]): void {
  switch (expression.kind) {
    case 'sequence':
      for (const each of expression.of) emit(each, to)
      return
    case 'choice':
      emitChoice(expression.of, to)
      return
    case 'repeat':
      emitRepeat(expression, to)
      return
    case 'group':
      to.push({ kind: 'save', slot: 2 * expression.number })
      emit(expression.of, to)
      to.push({ kind: 'save', slot: 2 * expression.number + 1 })
      return
    default:
      to.push(expression)
  }
}

function emitChoice(of: readonly Expression[], to: Instruction[]): void {
  const ends: { kind: 'jump'; to: number }[] = []
  for (const [i, each] of of.entries()) {
    if (i === of.length - 1) {
      emit(each, to)
      break
    }
    const fork = { kind: 'fork' as const, to: to.length + 1, or: 0 }
    to.push(fork)
    emit(each, to)
    const end = { kind: 'jump' as const, to: 0 }
    ends.push(end)
    to.push(end)
    fork.or = to.length
  }
  for (const end of ends) end.to = to.length
}

function emitRepeat(
  { of, min, max }: Extract<Expression, { readonly kind: 'repeat' }>,
  to: Instruction[],
): void {
  let begin = to.length
  for (let i = 0; i < min; i++) {
    begin = to.length
    emit(of, to)
  }
  if (max === Infinity && min > 0) {
    to.push({ kind: 'fork', to: begin, or: to.length + 1 })
    return
  }
  if (max === Infinity) {
    const fork = { kind: 'fork' as const, to: to.length + 1, or: 0 }
    to.push(fork)
    emit(of, to)
    to.push({ kind: 'jump', to: begin })
    fork.or = to.length
    return
  }
  const forks: { kind: 'fork'; to: number; or: number }[] = []
  for (let i = min; i < max; i++) {
    const fork = { kind: 'fork' as const, to: to.length + 1, or: 0 }
    forks.push(fork)
    to.push(fork)
    emit(of, to)
  }
  for (const fork of forks) fork.or = to.length
}

/** How what fits can begin: lets a search pass over the places where nothing does. */
function beginning(
  instructions: readonly Instruction[],
  folding: Folding,
): Pick<Regex, 'isAnchored' | 'first'> {
  const first = new Uint8Array(128)
  const seen = new Set<number>()
  const open = [{ at: 0, isAnchored: false }]
  let isAnchored = true
  let mayBeEmpty = false
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = 2 * next.at + (next.isAnchored ? 1 : 0)
    const instruction = instructions[next.at]
    if (instruction === undefined || seen.has(key)) continue
    seen.add(key)
    const go = (at: number, anchored = next.isAnchored) => open.push({ at, isAnchored: anchored })
    switch (instruction.kind) {
      case 'fork':
        go(instruction.or)
        go(instruction.to)
        break
      case 'jump':
        go(instruction.to)
        break
      case 'lineStart':
        go(next.at + 1, true)
        break
      case 'save':
      case 'lineEnd':
        go(next.at + 1)
        break
      case 'fits':
        mayBeEmpty = true
        isAnchored &&= next.isAnchored
        break
      case 'character':
        isAnchored &&= next.isAnchored
        mark(first, instruction.code, folding)
        break
      case 'set':
        isAnchored &&= next.isAnchored
        for (let code = 0; code < 128; code++) if (instruction.set.has(code)) first[code] = 1
    }
  }
  return { isAnchored, first: mayBeEmpty ? undefined : first }
}

function mark(first: Uint8Array, code: number, folding: Folding): void {
  if (code >= first.length) return
  first[code] = 1
  if (folding !== 'none' && code >= 0x41 && code <= 0x5a) first[code + 0x20] = 1
}
