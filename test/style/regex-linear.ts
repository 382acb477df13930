// Whether an expression is sure to take linear time, whatever it is applied to. It says no rather too often than too seldom.
//
// Two things are asked. From one place there must be one way: where a run without limit may begin, go on or end, the next character
// tells which (the position automaton is deterministic there), so that going back finds nothing new. And looking from place to place
// must not read the same text again and again: it begins at one place only (^ or sticky), or no failure comes after a run, or what an
// attempt begins with stands in no run that may fail, so that no two attempts read the same run.

import type { RegexLiteral } from './regex-literals.ts'

type Node =
  | { readonly kind: 'set'; readonly set: Uint8Array }
  | { readonly kind: 'assertion'; readonly anchor: boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

/** Undefined for an expression that is linear, else why not. */
export function objection(literal: RegexLiteral): string | undefined {
  const parser = new Parser(literal)
  let root: Node
  try {
    root = parser.parse()
  } catch (error) {
    return error instanceof Unproven ? error.message : String(error)
  }
  return (
    ambiguity(root) ?? (beginsOnce(root, literal.flags) ? undefined : rescans(root, literal.flags))
  )
}

class Unproven extends Error {}

/** Repetitions up to this number are no run, only a constant. */
const SHORT_MAX = 100
/** Repetitions up to this number are written out. */
const WRITTEN_OUT_MAX = 9

// ---------------------------------------------------------------------------------------- one way

type Facts = {
  readonly nullable: boolean
  readonly first: readonly Leaf[]
  readonly last: readonly Leaf[]
}
type Leaf = Extract<Node, { kind: 'set' }>

const twoWays = 'two ways to go on'

function ambiguity(root: Node): string | undefined {
  const follow = new Map<Leaf, Set<Leaf>>()
  const inRun = new Set<Leaf>(runsOf(root).flatMap((run) => leaves(run)))
  let linkedTwice = false
  const link = (from: readonly Leaf[], to: readonly Leaf[]) => {
    for (const leaf of from) {
      const next = follow.get(leaf) ?? new Set()
      follow.set(leaf, next)
      for (const each of to) {
        linkedTwice ||= next.has(each) && inRun.has(each)
        next.add(each)
      }
    }
  }
  const visit = (node: Node): Facts => {
    switch (node.kind) {
      case 'set':
        return { nullable: false, first: [node], last: [node] }
      case 'assertion':
        return { nullable: true, first: [], last: [] }
      case 'choice': {
        const all = node.nodes.map(visit)
        return {
          nullable: all.some(({ nullable }) => nullable),
          first: all.flatMap(({ first }) => first),
          last: all.flatMap(({ last }) => last),
        }
      }
      case 'sequence': {
        let facts: Facts = { nullable: true, first: [], last: [] }
        for (const next of node.nodes.map(visit)) {
          link(facts.last, next.first)
          facts = {
            nullable: facts.nullable && next.nullable,
            first: facts.nullable ? [...facts.first, ...next.first] : facts.first,
            last: next.nullable ? [...facts.last, ...next.last] : next.last,
          }
        }
        return facts
      }
      case 'repeat': {
        const facts = visit(node.node)
        if (node.max > 1) link(facts.last, facts.first)
        return { ...facts, nullable: facts.nullable || node.min === 0 }
      }
    }
  }
  const { first } = visit(root)
  for (const choices of [new Set(first), ...follow.values()]) {
    const seen = [...choices]
    for (const [i, one] of seen.entries()) {
      for (const other of seen.slice(i + 1)) {
        if ((inRun.has(one) || inRun.has(other)) && meet(one.set, other.set)) return twoWays
      }
    }
  }
  return linkedTwice ? twoWays : undefined
}

// ------------------------------------------------------------------------------------- many beginnings

function beginsOnce(root: Node, flags: string): boolean {
  if (flags.includes('y')) return true
  const anchored = (node: Node): boolean => {
    if (node.kind === 'assertion') return node.anchor && !flags.includes('m')
    if (node.kind === 'choice') return node.nodes.every(anchored)
    if (node.kind === 'sequence') return node.nodes[0] !== undefined && anchored(node.nodes[0])
    return false
  }
  return anchored(root)
}

function rescans(root: Node, flags: string): string | undefined {
  const failing = runsOf(root, true).flatMap((run) => leaves(run))
  return beginnings(root, flags).some((begin) =>
    begin.every((one) => !failing.some((other) => meet(one.set, other.set))),
  ) || failing.length === 0
    ? undefined
    : 'it looks through the same run from each place in it: anchor it, or write a loop'
}

/** Of each character that every attempt begins with, in order, what it can be. */
function beginnings(root: Node, flags: string): (readonly Leaf[])[] {
  const nodes = root.kind === 'sequence' ? root.nodes : [root]
  if (flags.includes('m') && nodes[0]?.kind === 'assertion' && nodes[0].anchor) {
    return [[{ kind: 'set', set: setOf('[\\n\\r\\u2028\\u2029]', '') }]]
  }
  const fixed: (readonly Leaf[])[] = []
  for (const node of nodes) {
    if (node.kind !== 'set') break
    fixed.push([node])
  }
  return [...fixed, firstLeaves(root)]
}

/** What is repeated without limit; or only that after which a failure may come. */
function runsOf(root: Node, onlyFailing = false): readonly Node[] {
  const runs: Node[] = []
  const visit = (node: Node, thenFails: boolean): void => {
    if (node.kind === 'choice') for (const each of node.nodes) visit(each, thenFails)
    if (node.kind === 'sequence') {
      for (const [i, each] of node.nodes.entries()) {
        visit(each, thenFails || node.nodes.slice(i + 1).some(mayFail))
      }
    }
    if (node.kind === 'repeat') {
      const isRun = node.max > SHORT_MAX
      if (isRun && (thenFails || !onlyFailing)) runs.push(node.node)
      visit(node.node, thenFails || isRun)
    }
  }
  visit(root, false)
  return runs
}

function mayFail(node: Node): boolean {
  return node.kind === 'repeat'
    ? node.min > 0
    : node.kind !== 'sequence' || node.nodes.some(mayFail)
}

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assertion':
      return true
    case 'choice':
      return node.nodes.some(isNullable)
    case 'sequence':
      return node.nodes.every(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.node)
  }
}

function leaves(node: Node): readonly Leaf[] {
  if (node.kind === 'set') return [node]
  if (node.kind === 'repeat') return leaves(node.node)
  return node.kind === 'assertion' ? [] : node.nodes.flatMap(leaves)
}

function firstLeaves(node: Node): readonly Leaf[] {
  if (node.kind === 'repeat') return firstLeaves(node.node)
  if (node.kind === 'choice') return node.nodes.flatMap(firstLeaves)
  if (node.kind !== 'sequence') return leaves(node)
  const end = node.nodes.findIndex((each) => !isNullable(each))
  return (end < 0 ? node.nodes : node.nodes.slice(0, end + 1)).flatMap(firstLeaves)
}

// ---------------------------------------------------------------------------------------- characters

/** Characters that stand for all: those of one byte, and some of each kind beyond. */
const samples: readonly string[] = [
  ...Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x80 }, (_, n) => String.fromCharCode(0x2000 + n)),
  ...[
    '\u0300',
    '\u034f',
    '\u180b',
    '\u3000',
    '\u4e00',
    '\ud800',
    '\udc00',
    '\ufe00',
    '\ufeff',
    '\u{1f600}',
  ],
]

function setOf(atom: string, flags: string): Uint8Array {
  const test = new RegExp(`^${atom}$`, flags.replace(/[gy]/g, ''))
  return Uint8Array.from(samples, (char) => Number(test.test(char)))
}

function meet(one: Uint8Array, other: Uint8Array): boolean {
  return one.some((is, i) => is === 1 && other[i] === 1)
}

// -------------------------------------------------------------------------------------------- parsing

class Parser {
  readonly #source: string
  readonly #flags: string
  #at = 0

  constructor({ source, flags }: RegexLiteral) {
    this.#source = source
    this.#flags = flags
  }

  parse(): Node {
    const node = this.#choice()
    if (this.#at < this.#source.length) throw new Unproven('not understood')
    return node
  }

  #choice(): Node {
    const nodes = [this.#sequence()]
    while (this.#takes('|')) nodes.push(this.#sequence())
    return nodes.length === 1 && nodes[0] ? nodes[0] : { kind: 'choice', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      nodes.push(this.#quantified(this.#atom()))
    }
    return { kind: 'sequence', nodes }
  }

  #quantified(node: Node): Node {
    const [whole, bounds, low, comma, high] =
      /^(?:[*+?]|(\{(\d+)(,?)(\d*)\}))/.exec(this.#source.slice(this.#at)) ?? []
    if (whole === undefined) return node
    this.#at += whole.length
    this.#takes('?')
    if (bounds === undefined) {
      const min = whole === '+' ? 1 : 0
      return { kind: 'repeat', node, min, max: whole === '?' ? 1 : Infinity }
    }
    const min = Number(low)
    const max = comma === '' ? min : high === '' ? Infinity : Number(high)
    return max > 1 && max <= WRITTEN_OUT_MAX
      ? writtenOut(node, min, max)
      : { kind: 'repeat', node, min, max }
  }

  #atom(): Node {
    if (this.#takes('^')) return { kind: 'assertion', anchor: true }
    if (this.#takes('$')) return { kind: 'assertion', anchor: false }
    if (/^\\b/i.test(this.#source.slice(this.#at))) {
      this.#at += 2
      return { kind: 'assertion', anchor: false }
    }
    if (this.#sees('(')) return this.#group()
    const start = this.#at
    if (this.#sees('[')) this.#characterClass()
    else if (this.#sees('\\')) this.#escape()
    else this.#at += (this.#source.codePointAt(this.#at) ?? 0) > 0xffff ? 2 : 1
    const atom = this.#source.slice(start, this.#at)
    return { kind: 'set', set: setOf(atom, this.#flags) }
  }

  #group(): Node {
    const [open = '('] =
      /^\((?:\?(?::|<?[=!]|<[A-Za-z]\w*>))?/.exec(this.#source.slice(this.#at)) ?? []
    this.#at += open.length
    const inside = this.#choice()
    if (!this.#takes(')')) throw new Unproven('not understood')
    if (!/[=!]$/.test(open)) return inside
    if (runsOf(inside).length > 0) throw new Unproven('a run without limit in what it looks at')
    return { kind: 'assertion', anchor: false }
  }

  #characterClass(): void {
    // The v flag nests classes.
    let depth = 0
    for (; this.#at < this.#source.length; this.#at++) {
      const char = this.#source[this.#at]
      if (char === '\\') this.#at++
      else if (char === '[' && (depth === 0 || this.#flags.includes('v'))) depth++
      else if (char === ']' && --depth === 0) return void this.#at++
    }
  }

  #escape(): void {
    const rest = this.#source.slice(this.#at)
    if (/^\\(?:[1-9]|k<)/.test(rest)) throw new Unproven('a reference to what was matched')
    const [taken = '\\'] =
      /^\\(?:x[\da-f]{2}|u[\da-f]{4}|u\{[\da-f]+\}|p\{[^}]*\}|c[a-z]|.)/is.exec(rest) ?? []
    this.#at += taken.length
  }

  #sees(char: string): boolean {
    return this.#source[this.#at] === char
  }

  #takes(char: string): boolean {
    if (!this.#sees(char)) return false
    this.#at++
    return true
  }
}

/** `x{2,4}` as `xx(x(x)?)?` */
function writtenOut(node: Node, min: number, max: number): Node {
  let rest: Node | undefined
  for (let n = max; n > min; n--) {
    const nodes = rest === undefined ? [copy(node)] : [copy(node), rest]
    rest = { kind: 'repeat', node: { kind: 'sequence', nodes }, min: 0, max: 1 }
  }
  const fixed = Array.from({ length: min }, () => copy(node))
  return { kind: 'sequence', nodes: rest === undefined ? fixed : [...fixed, rest] }
}

/** Places are told apart by identity. */
function copy(node: Node): Node {
  if ('node' in node) return { ...node, node: copy(node.node) }
  return 'nodes' in node ? { ...node, nodes: node.nodes.map(copy) } : { ...node }
}
