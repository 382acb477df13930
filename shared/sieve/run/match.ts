// Match types: whether values of a message fit the keys of a test (RFC 5228 §2.7.1, RFC 5231 for :count and :value, the regex draft). All tests
// that compare have the same tags (`matching`), the same check and this one way.

import { foldedPieces } from '#shared/mail/casemap.ts'
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
import { SieveRunError } from './failure.ts'
import { listName } from './list-name.ts'
import { paced } from './paced.ts'
import { checkExpressions, foldingOf, regexTester } from './regex-match.ts'
import type { Run } from './run.ts'
import { isWide, patternText, subjectOf } from './subject.ts'
import type { Tester } from './tester.ts'
import { matchPattern, type Pattern, parsePattern } from './wildcards.ts'

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
export function matchAny(
  run: Run,
  tags: Matching,
  values: readonly string[],
  keys: readonly string[],
): Evaluated {
  return tags.match?.tag === 'list' ? matchLists(run, values, keys) : fits(run, tags, values, keys)
}

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

function fits(
  run: Run,
  { match, comparator: name }: Matching,
  values: readonly string[],
  keys: readonly string[],
): Evaluated {
  const comparator = comparators.get(name ?? asciiCasemap.name) ?? asciiCasemap
  if (match?.tag === 'count') {
    return paced(matchRelation(run, comparator, match.value, [String(values.length)], keys))
  }
  if (match?.tag === 'value') {
    return paced(matchRelation(run, comparator, match.value, values, keys))
  }
  const tag = match === undefined || match.tag === 'list' ? 'is' : match.tag
  return paced(fitsAny(run, values, testers[tag](run, comparator, keys)))
}

function* fitsAny(run: Run, values: readonly string[], fits: Tester) {
  let characters = 0
  for (const value of values) {
    run.spend(1 + (value.length >> 10))
    if (yield* fits(value)) return true
    characters += 64 + value.length
    if (characters < CHARACTERS_AT_ONCE) continue
    characters = 0
    yield
  }
  return false
}

/** Compared before others are let in: well under a millisecond. */
const CHARACTERS_AT_ONCE = 256 * 1024

type Testers = {
  readonly [tag in 'is' | 'contains' | 'matches' | 'regex']: (
    run: Run,
    comparator: Comparator,
    keys: readonly string[],
  ) => Tester
}

const testers: Testers = {
  is(run, comparator, keys) {
    const folded = new Set(keys.map(comparator.fold))
    run.spend(keys.length >> 4)
    return function* (value) {
      return folded.has(yield* foldPaced(comparator, value))
    }
  },
  contains(run, comparator, keys) {
    const folded = keys.map(comparator.fold)
    return function* (value) {
      const text = yield* foldPaced(comparator, value)
      let characters = 0
      for (const key of folded) {
        run.spend(1 + (text.length >> 12))
        if (text.includes(key)) return true
        characters += 64 + text.length
        if (characters < CHARACTERS_AT_ONCE) continue
        characters = 0
        yield
      }
      return false
    }
  },
  matches(run, comparator, keys) {
    const patterns = { narrow: new Map<string, Pattern>(), wide: new Map<string, Pattern>() }
    return function* (value) {
      const subject = yield* subjectOf(comparator, value)
      const wide = isWide(value)
      const parsed = wide ? patterns.wide : patterns.narrow
      for (const key of keys) {
        run.spend(1 + (value.length >> 12))
        const pattern = parsed.get(key) ?? parsePattern(key, patternText(comparator, wide))
        parsed.set(key, pattern)
        const found = yield* matchPattern(pattern, subject, (steps) => run.spend(steps))
        if (found === undefined) continue
        run.variables.matched = () => [
          value,
          ...found.map(([from, to]) => subject.original(from, to)),
        ]
        return true
      }
      return false
    }
  },
  regex: regexTester,
}

/** Folding of Unicode takes long. */
function* foldPaced({ fold, countsOctets }: Comparator, value: string) {
  if (countsOctets || value.length <= FOLDED_AT_ONCE) return fold(value)
  let folded = ''
  for (const piece of foldedPieces(value)) {
    folded += piece
    yield
  }
  return folded
}

const FOLDED_AT_ONCE = 8_192

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
