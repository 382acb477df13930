// Match types: whether values of a message fit the keys of a test (RFC 5228 §2.7.1, RFC 5231 for :count and :value, the regex draft). All tests
// that compare have the same tags (`matching`), the same check and this one way.

import {
  type Checker,
  choice,
  constant,
  type Evaluated,
  type KnownValues,
  option,
  type Unknown,
  unknown,
  type Values,
} from '../definition.ts'
import { asciiCasemap, type Comparator, comparators } from './comparator.ts'
import { ComparedValue } from './compared-value.ts'
import { SieveRunError } from './failure.ts'
import type { FieldGate, Gate } from './gate.ts'
import { listName } from './list-name.ts'
import { paced } from './paced.ts'
import {
  CHARACTERS_AT_ONCE,
  containsKeys,
  isKeys,
  matchesKeys,
  VALUE_CHARACTERS,
} from './ready-keys.ts'
import { checkExpressions, foldingOf, regexTester } from './regex-match.ts'
import type { Run } from './run.ts'
import type { ReadyKeys, Tester } from './tester.ts'

const plain = { extension: null, takes: null } as const
const relational = { extension: 'relational', takes: constant } as const

/** Tags of every test that compares. */
export const matching = {
  comparator: option('comparator', constant),
  match: choice({
    is: plain,
    contains: plain,
    matches: plain,
    count: relational,
    value: relational,
    regex: { extension: 'regex', takes: null },
    list: { extension: 'extlists', takes: null },
  }),
}

export type Matching = Values<typeof matching, { readonly [key in never]: never }>

/** What can be wrong with them: unknown comparators and relations, match types that a comparator does not have, and keys that are no expressions. */
export function checkMatching(
  values: KnownValues<Matching> & { readonly keys?: readonly string[] | Unknown },
  checker: Checker,
): void {
  const { match, comparator: name, keys } = values
  if (match === unknown || name === unknown) return
  const comparator = name === undefined ? asciiCasemap : comparators.get(name)
  if (comparator === undefined) {
    checker.unknown(`the comparator "${name}" is not known here`)
    return
  }
  const { extension } = comparator
  if (extension !== null) checker.needs(extension, `the comparator "${name}"`)
  const tag = match?.tag ?? 'is'
  if (tag === 'list' && name !== undefined) {
    checker.error('a list compares in its own way: :list takes no :comparator')
  }
  const isPart = tag === 'contains' || tag === 'matches' || tag === 'regex'
  if (!comparator.hasSubstrings && isPart) {
    checker.error(`"${comparator.name}" compares whole values: it has no :${tag}`)
    return
  }
  if ((match?.tag === 'count' || match?.tag === 'value') && !isRelation(match.value)) {
    checker.error(
      `:${match.tag} takes ${Object.keys(relations).join(', ')}, and not "${match.value}"`,
    )
  }
  if (tag === 'regex' && keys !== undefined && keys !== unknown) {
    checkExpressions(keys, foldingOf(comparator), checker)
  }
}

/**
 * Whether any of the values fits any of the keys; the wildcards of the first that does become match variables. A promise where it takes so
 * long that others have their turn meanwhile, or lists are asked; so whoever asks several times awaits each answer before the next.
 */
export type Matcher = (run: Run, values: readonly ComparedValue[]) => Evaluated

/** Of keys that are the same for many values and runs. */
export function matcherOf(tags: Matching, keys: readonly string[]): Matcher {
  return readyMatcher(tags, keys).matches
}

/** `gate`: of a test of these values, where match and comparator have one. */
export function readyMatcher(
  tags: Matching,
  keys: readonly string[],
): { readonly matches: Matcher; readonly gate: (values: GateValues) => Gate | undefined } {
  const comparator = comparatorOf(tags)
  const tag = tags.match?.tag ?? 'is'
  if (tag !== 'is' && tag !== 'contains' && tag !== 'matches') {
    return { matches: slowMatcher(tags, comparator, keys), gate: () => undefined }
  }
  const ready = readyKeys[tag](comparator, keys)
  return {
    matches: (run, values) => fitsAny(run, values, ready),
    gate({ of, valuesOf }) {
      const gateKeys = comparator.countsOctets ? ready.gateKeys() : undefined
      if (gateKeys === undefined) return undefined
      const column = `${comparator.name} ${of}`
      return { kind: 'field', column, valuesOf, comparator, keys: gateKeys, steps: ready.steps }
    },
  }
}

/** `of` says which they are. */
export type GateValues = { readonly of: string; readonly valuesOf: FieldGate['valuesOf'] }

const comparatorOf = ({ comparator: name }: Matching) =>
  comparators.get(name ?? asciiCasemap.name) ?? asciiCasemap

function slowMatcher(
  { match }: Matching,
  comparator: Comparator,
  keys: readonly string[],
): Matcher {
  switch (match?.tag) {
    case 'list':
      return (run, values) => matchLists(run, textsOf(values), keys)
    case 'count':
      return (run, { length }) =>
        paced(matchRelation(run, comparator, match.value, [String(length)], keys))
    case 'value':
      return (run, values) =>
        paced(matchRelation(run, comparator, match.value, textsOf(values), keys))
    case 'regex':
      return (run, values) => regexFits(run, comparator, values, keys)
    default:
      throw new Error(`:${match?.tag} is matched by ready keys`)
  }
}

export function matchAny(
  run: Run,
  tags: Matching,
  values: readonly string[],
  keys: readonly string[],
): Evaluated {
  return matcherOf(tags, keys)(run, comparedValues(values))
}

export const comparedValues = (texts: readonly string[]) =>
  texts.map((text) => new ComparedValue(text))

const textsOf = (values: readonly ComparedValue[]) => values.map(({ text }) => text)

const readyKeys = { is: isKeys, contains: containsKeys, matches: matchesKeys } as const

/** RFC 6134 §2.2: keys are names of lists. One that is not known holds nothing. What a list holds becomes a match variable. */
async function matchLists(
  run: Run,
  values: readonly string[],
  keys: readonly string[],
): Promise<boolean> {
  const lists = keys.map(listName)
  for (const value of values) {
    for (const list of lists) {
      run.spend(LIST_STEPS)
      if (list === undefined || (await run.context.listHolds(list, value)) !== true) continue
      run.variables.matched = () => [value]
      return true
    }
  }
  return false
}

/** A list is somewhere else: asking it costs more than looking at a text. */
const LIST_STEPS = 100

function fitsAny(run: Run, values: readonly ComparedValue[], keys: ReadyKeys): Evaluated {
  run.spend(keys.steps)
  let characters = 0
  let at = 0
  for (const value of values) {
    spendOn(run, value)
    const fits = characters < CHARACTERS_AT_ONCE ? keys.soon(run, value) : undefined
    if (fits === true) return true
    if (fits === undefined) {
      return paced(fitsFrom(run, values.slice(at), (each) => keys.test(run, each)))
    }
    characters += VALUE_CHARACTERS + value.text.length
    at++
  }
  return false
}

/** The steps of the first value are spent. */
function* fitsFrom(run: Run, values: readonly ComparedValue[], fits: Tester) {
  let characters = 0
  let isFirst = true
  for (const value of values) {
    if (!isFirst) spendOn(run, value)
    isFirst = false
    if (yield* fits(value)) return true
    characters += VALUE_CHARACTERS + value.text.length
    if (characters < CHARACTERS_AT_ONCE) continue
    characters = 0
    yield
  }
  return false
}

function regexFits(
  run: Run,
  comparator: Comparator,
  values: readonly ComparedValue[],
  keys: readonly string[],
): Evaluated {
  const [first] = values
  if (first === undefined) return false
  spendOn(run, first)
  return paced(fitsFrom(run, values, regexTester(run, comparator, keys)))
}

const spendOn = (run: Run, { text }: ComparedValue) => run.spend(1 + (text.length >> 10))

const relations = {
  gt: (order: number) => order > 0,
  ge: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  le: (order: number) => order <= 0,
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
} as const

function isRelation(name: string): name is keyof typeof relations {
  return Object.hasOwn(relations, name)
}

function* matchRelation(
  run: Run,
  { fold, order }: Comparator,
  relation: string,
  values: readonly string[],
  keys: readonly string[],
): Generator<undefined, boolean> {
  if (!isRelation(relation)) throw new SieveRunError(`"${relation}" is no relation`)
  const holds = relations[relation]
  const folded = keys.map(fold)
  let characters = 0
  for (const value of values) {
    const text = fold(value)
    for (const key of folded) {
      const length = Math.min(text.length, key.length)
      run.spend(1 + (length >> 8))
      if (holds(order(text, key))) return true
      characters += 64 + length
      if (characters < RELATED_AT_ONCE) continue
      characters = 0
      yield
    }
  }
  return false
}

/** Order is found unit by unit. */
const RELATED_AT_ONCE = 64 * 1024
