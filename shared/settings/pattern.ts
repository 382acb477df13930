// Expressions that administrators write, applied to what strangers send. JavaScript's engine goes back where something does not match, and
// can be made to try for years; this one follows all ways at once, one character after the other (Thompson's construction), so that a text
// costs its length times that of the expression whatever both are. It says only whether there is a match, and knows no look-around and no
// references. What one character means is JavaScript's word.

/** Whether a text matches anywhere, in any case. */
export type Pattern = (text: string) => boolean

/** Of a text; what is behind it is not looked at. */
export const PATTERN_TEXT_CHARACTERS_MAX = 512
const PATTERN_CHARACTERS_MAX = 300
/** Of the written-out expression: `[0-9]{1,3}` has three characters in it. */
const STEPS_MAX = 2_000
const NESTED_GROUPS_MAX = 20

type Node =
  | { readonly kind: 'character'; readonly is: IsCharacter }
  | { readonly kind: 'place'; readonly is: IsPlace }
  | { readonly kind: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

type IsCharacter = (text: string, at: number) => boolean
type IsPlace = (text: string, at: number) => boolean

type Step =
  | { readonly kind: 'character'; readonly is: IsCharacter }
  | { readonly kind: 'place'; readonly is: IsPlace }
  /** Goes on at several steps. */
  | { readonly kind: 'fork'; readonly to: number[] }
  | { readonly kind: 'match' }

class Unusable extends Error {}

/** Undefined for what is no expression, or none of those that are known here. */
export function createPattern(source: string): Pattern | undefined {
  if (source.length > PATTERN_CHARACTERS_MAX) return undefined
  try {
    // Whatever JavaScript does not take is none.
    const sound = new RegExp(source, 'i').source
    const steps: Step[] = []
    writeOut(new Parser(sound).parse(), steps)
    push(steps, { kind: 'match' })
    return (text) => matches(steps, text.slice(0, PATTERN_TEXT_CHARACTERS_MAX))
  } catch (error) {
    if (error instanceof Unusable || error instanceof SyntaxError) return undefined
    throw error
  }
}

// --------------------------------------------------------------------------------------------- parsing

const ATOM =
  /^(?:\\x[\da-f]{2}|\\u[\da-f]{4}|\\c[a-z]|\\[^1-9bckpux]|\[(?:\\.|[^\\\]])*\]|[^\\[()|^$*+?])/is
const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/

const isWordAt = (text: string, at: number) => /\w/.test(text.charAt(at))
const isBoundary: IsPlace = (text, at) => isWordAt(text, at - 1) !== isWordAt(text, at)

const isStart: IsPlace = (_, at) => at === 0

const places: { readonly [written: string]: IsPlace } = {
  '^': isStart,
  $: (text, at) => at === text.length,
  '\\b': isBoundary,
  '\\B': (text, at) => !isBoundary(text, at),
}

class Parser {
  readonly #source: string
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
  }

  parse(): Node {
    const node = this.#choice()
    if (this.#at < this.#source.length) throw new Unusable()
    return node
  }

  #choice(): Node {
    const nodes = [this.#sequence()]
    while (this.#takes('|')) nodes.push(this.#sequence())
    return { kind: 'choice', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      nodes.push(this.#repeated(this.#one()))
    }
    return { kind: 'sequence', nodes }
  }

  #one(): Node {
    if (this.#takes('(?:') || (!this.#sees('(?') && this.#takes('('))) return this.#group()
    for (const [written, is] of Object.entries(places)) {
      if (this.#takes(written)) return { kind: 'place', is }
    }
    const [atom] = ATOM.exec(this.#source.slice(this.#at)) ?? []
    if (atom === undefined) throw new Unusable()
    this.#at += atom.length
    return { kind: 'character', is: characterOf(atom) }
  }

  #group(): Node {
    this.#depth += 1
    if (this.#depth > NESTED_GROUPS_MAX) throw new Unusable()
    const node = this.#choice()
    if (!this.#takes(')')) throw new Unusable()
    this.#depth -= 1
    return node
  }

  #repeated(node: Node): Node {
    const [quantifier] = QUANTIFIER.exec(this.#source.slice(this.#at)) ?? []
    if (quantifier === undefined) return node
    this.#at += quantifier.length
    switch (quantifier.charAt(0)) {
      case '*':
        return { kind: 'repeat', node, min: 0, max: Number.POSITIVE_INFINITY }
      case '+':
        return { kind: 'repeat', node, min: 1, max: Number.POSITIVE_INFINITY }
      case '?':
        return { kind: 'repeat', node, min: 0, max: 1 }
      default: {
        const [min = '', max = min] = quantifier.slice(1, quantifier.indexOf('}')).split(',')
        return {
          kind: 'repeat',
          node,
          min: Number(min),
          max: max === '' ? Number.POSITIVE_INFINITY : Number(max),
        }
      }
    }
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  #takes(text: string): boolean {
    if (!this.#sees(text)) return false
    this.#at += text.length
    return true
  }
}

/** `atom`: a character, an escape or a class. */
function characterOf(atom: string): IsCharacter {
  const whole = `^(?:${atom})$`
  const one = new RegExp(whole, 'i')
  const known = Uint8Array.from({ length: 128 }, (_, code) =>
    one.test(String.fromCharCode(code)) ? 1 : 0,
  )
  return (text, at) => {
    const code = text.charCodeAt(at)
    return code < known.length ? known[code] === 1 : one.test(text.charAt(at))
  }
}

// --------------------------------------------------------------------------------------- writing it out

function push(steps: Step[], step: Step): void {
  if (steps.length >= STEPS_MAX) throw new Unusable()
  steps.push(step)
}

/** A fork that goes on at the next step, and where it is told. */
function fork(steps: Step[]): number[] {
  const to = [steps.length + 1]
  push(steps, { kind: 'fork', to })
  return to
}

function writeOut(node: Node, steps: Step[]): void {
  switch (node.kind) {
    case 'character':
    case 'place':
      push(steps, node)
      return
    case 'sequence':
      for (const one of node.nodes) writeOut(one, steps)
      return
    case 'choice':
      writeOutChoice(node.nodes, steps)
      return
    case 'repeat':
      writeOutRepeat(node, steps)
  }
}

function writeOutChoice([first, ...others]: readonly Node[], steps: Step[]): void {
  if (first === undefined) return
  const either = others.length > 0 ? fork(steps) : undefined
  writeOut(first, steps)
  if (either === undefined) return
  const end: number[] = []
  push(steps, { kind: 'fork', to: end })
  either.push(steps.length)
  writeOutChoice(others, steps)
  end.push(steps.length)
}

function writeOutRepeat(
  { node, min, max }: Extract<Node, { readonly kind: 'repeat' }>,
  steps: Step[],
): void {
  for (let times = 0; times < min; times += 1) writeOut(node, steps)
  if (max === Number.POSITIVE_INFINITY) {
    const again = steps.length
    const go = fork(steps)
    writeOut(node, steps)
    push(steps, { kind: 'fork', to: [again] })
    go.push(steps.length)
    return
  }
  const ends: number[][] = []
  for (let times = min; times < max; times += 1) {
    ends.push(fork(steps))
    writeOut(node, steps)
  }
  for (const to of ends) to.push(steps.length)
}

// -------------------------------------------------------------------------------------------- following

function matches(steps: readonly Step[], text: string): boolean {
  /** At which place a step was reached last, one more than it. */
  const reachedAt = new Uint32Array(steps.length)
  const [first] = steps
  const isAnchored = first?.kind === 'place' && first.is === isStart
  let waiting: number[] = []
  for (let at = 0; at <= text.length; at += 1) {
    const here = at > 0 && isAnchored ? waiting : [0, ...waiting]
    if (here.length === 0) return false
    waiting = []
    while (here.length > 0) {
      const number = here.pop() ?? 0
      if (reachedAt[number] === at + 1) continue
      reachedAt[number] = at + 1
      const step = steps[number]
      switch (step?.kind) {
        case 'match':
          return true
        case 'fork':
          here.push(...step.to)
          break
        case 'place':
          if (step.is(text, at)) here.push(number + 1)
          break
        case 'character':
          if (at < text.length && step.is(text, at)) waiting.push(number + 1)
      }
    }
  }
  return false
}
