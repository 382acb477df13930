// `$name` in values of main.cf and master.cf (postconf(5)): other parameters, text by whether one is empty, and comparisons. What refers
// to itself, or grows beyond all measure, is a fault; nothing is evaluated twice as text, so that time is linear in what comes out.

export type Expansion =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly reason: string }

/** Of one value, with all in it. */
export const EXPANDED_CHARACTERS_MAX = 1_000_000
/** References in each other, by parameters and braces together. */
export const EXPANSION_DEPTH_MAX = 100
/** References that are followed for one value: few characters may stand for very many. */
export const EXPANSIONS_MAX = 20_000

/** `valueNamed`: as it is written; undefined or empty: nothing. */
export function expandValue(
  text: string,
  valueNamed: (name: string) => string | undefined,
): Expansion {
  const run: Run = { valueNamed, characters: 0, references: 0 }
  try {
    return { kind: 'text', text: expandText(text, run, 0) }
  } catch (error) {
    if (error instanceof ExpansionFault) return { kind: 'fault', reason: error.message }
    throw error
  }
}

class ExpansionFault extends Error {}

type Run = {
  readonly valueNamed: (name: string) => string | undefined
  characters: number
  references: number
}

function expandText(text: string, run: Run, depth: number): string {
  if (depth > EXPANSION_DEPTH_MAX) {
    throw new ExpansionFault('parameters refer to themselves, or to each other too deeply')
  }
  const pieces: string[] = []
  const add = (piece: string, isNew: boolean) => {
    if (isNew) run.characters += piece.length
    if (run.characters > EXPANDED_CHARACTERS_MAX) {
      throw new ExpansionFault(`more than ${EXPANDED_CHARACTERS_MAX} characters`)
    }
    pieces.push(piece)
  }
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at)
    if (dollar === -1) {
      add(text.slice(at), true)
      break
    }
    add(text.slice(at, dollar), true)
    const next = text.charAt(dollar + 1)
    if (next === '$') {
      add('$', true)
      at = dollar + 2
    } else if (next === '{' || next === '(') {
      const end = closingOf(text, dollar + 1)
      if (end === -1) throw new ExpansionFault(`a ${next} is not closed`)
      add(expandReference(text.slice(dollar + 2, end), run, depth), false)
      at = end + 1
    } else {
      const end = endOfName(text, dollar + 1)
      if (end === dollar + 1) throw new ExpansionFault('no name follows a $')
      add(named(text.slice(dollar + 1, end), run, depth), false)
      at = end
    }
  }
  return pieces.join('')
}

/** What stands in the braces of `${…}`. */
function expandReference(inside: string, run: Run, depth: number): string {
  const start = skipBlanks(inside, 0)
  if (inside.charAt(start) === '{') return expandComparison(inside, start, run, depth)
  const end = endOfName(inside, start)
  if (end === start) throw new ExpansionFault(`'${inside.slice(0, 40)}' names no parameter`)
  const name = inside.slice(start, end)
  const operator = skipBlanks(inside, end)
  if (operator === inside.length) return named(name, run, depth)
  const mark = inside.charAt(operator)
  if (mark !== '?' && mark !== ':') {
    throw new ExpansionFault(`'${inside.slice(0, 40)}' is no reference to a parameter`)
  }
  // As it is written: `$other` is something, even where that is empty.
  const isSet = (run.valueNamed(name) ?? '') !== ''
  return chosen(inside, operator, isSet, run, depth)
}

/** `?{a}:{b}`, `?a`, `:{b}`, `:b`, from its first sign on. */
function chosen(inside: string, operator: number, isSo: boolean, run: Run, depth: number): string {
  const first = branchAt(inside, operator + 1)
  if (inside.charAt(operator) === ':') {
    return isSo ? '' : expandText(first.text, run, depth + 1)
  }
  const colon = first.isBraced ? skipBlanks(inside, first.end) : inside.length
  if (colon < inside.length && inside.charAt(colon) !== ':') {
    throw new ExpansionFault(`'${inside.slice(colon, colon + 40)}' follows in place of a colon`)
  }
  if (isSo) return expandText(first.text, run, depth + 1)
  return colon < inside.length ? expandText(branchAt(inside, colon + 1).text, run, depth + 1) : ''
}

type Branch = { readonly text: string; readonly isBraced: boolean; readonly end: number }

/** In braces, or whatever is left; as it stands, with its white space. */
function branchAt(inside: string, at: number): Branch {
  const start = skipBlanks(inside, at)
  if (inside.charAt(start) !== '{') {
    return { text: inside.slice(at), isBraced: false, end: inside.length }
  }
  const end = closingOf(inside, start)
  if (end === -1) throw new ExpansionFault('a { is not closed')
  return { text: inside.slice(start + 1, end), isBraced: true, end: end + 1 }
}

/** `{a} == {b} ? {x} : {y}`. */
function expandComparison(inside: string, start: number, run: Run, depth: number): string {
  const left = branchAt(inside, start)
  const operatorAt = skipBlanks(inside, left.end)
  const operator = operators.find((one) => inside.startsWith(one, operatorAt))
  if (operator === undefined) throw new ExpansionFault('a comparison has no operator')
  const right = branchAt(inside, operatorAt + operator.length)
  if (!right.isBraced) throw new ExpansionFault('the right side of a comparison needs braces')
  const isSo = compare(
    operator,
    expandText(left.text, run, depth + 1),
    expandText(right.text, run, depth + 1),
  )
  const mark = skipBlanks(inside, right.end)
  // With neither it is text by itself, empty where it is not so.
  if (mark === inside.length) return isSo ? 'bool:true' : ''
  const sign = inside.charAt(mark)
  if (sign !== '?' && sign !== ':') throw new ExpansionFault('a comparison needs ? or : behind it')
  return chosen(inside, mark, isSo, run, depth)
}

/** Longer ones first. */
const operators = [
  ...['==level', '!=level', '<=level', '>=level', '<level', '>level'],
  ...['==', '!=', '<=', '>=', '<', '>'],
] as const

function compare(operator: (typeof operators)[number], left: string, right: string): boolean {
  const order = operator.endsWith('level') ? compareLevels(left, right) : compareTexts(left, right)
  switch (operator.replace('level', '')) {
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    default:
      return order >= 0
  }
}

/** Numbers where both are, else by their bytes. */
function compareTexts(left: string, right: string): number {
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Math.sign(Number(left) - Number(right))
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** `3.6`: major, minor and patch, each 0 where it is missing. */
function compareLevels(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.split('.').map(Number))
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0)
    if (Number.isNaN(difference)) {
      throw new ExpansionFault(`'${left}' and '${right}' are not both a compatibility level`)
    }
    if (difference !== 0) return Math.sign(difference)
  }
  return 0
}

function named(name: string, run: Run, depth: number): string {
  if (++run.references > EXPANSIONS_MAX) {
    throw new ExpansionFault(`more than ${EXPANSIONS_MAX} references`)
  }
  return expandText(run.valueNamed(name) ?? '', run, depth + 1)
}

const isNameCharacter = (character: string) => /^[A-Za-z0-9_]$/.test(character)

function endOfName(text: string, start: number): number {
  let end = start
  while (end < text.length && isNameCharacter(text.charAt(end))) end++
  return end
}

function skipBlanks(text: string, start: number): number {
  let at = start
  while (at < text.length && /^\s$/.test(text.charAt(at))) at++
  return at
}

/** Of the brace or bracket that opens here; -1: nothing closes it. */
export function closingOf(text: string, start: number): number {
  const open = text.charAt(start)
  const close = open === '(' ? ')' : '}'
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === open) depth++
    else if (character === close && --depth === 0) return at
  }
  return -1
}
