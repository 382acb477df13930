// Match types: whether values of a message fit the keys of a test (RFC 5228 §2.7.1, RFC 5231 for :count and :value, the regex draft). All tests
// that compare have the same tags (`matching`), the same check and this one way.

import {
  type Checker,
  choice,
  constant,
  type Evaluated,
  type KnownValues,
  option,
  unknown,
  type Values,
} from '../definition.ts'
import { asciiCasemap, type Comparator, comparators } from './comparator.ts'
import { SieveRunError } from './failure.ts'
import { listName } from './list-name.ts'
import type { Run } from './run.ts'
import { matchPattern, parsePattern } from './wildcards.ts'

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
    list: { extension: 'extlists', takes: null },
  }),
}

export type Matching = Values<typeof matching, { readonly [key in never]: never }>

/** What can be wrong with them: unknown comparators and relations, and match types that a comparator does not have. */
export function checkMatching(values: KnownValues<Matching>, checker: Checker): void {
  const { match, comparator: name } = values
  if (match === unknown || name === unknown) return
  const comparator = name === undefined ? asciiCasemap : comparators.get(name)
  if (comparator === undefined) {
    checker.error(`the comparator "${name}" is not known here`)
    return
  }
  const { extension } = comparator
  if (extension !== null && !checker.requires(extension)) {
    checker.error(`the comparator "${name}" needs require "${extension}"`)
  }
  const tag = match?.tag ?? 'is'
  if (tag === 'list' && name !== undefined) {
    checker.error('a list compares in its own way: :list takes no :comparator')
  }
  if (!comparator.hasSubstrings && (tag === 'contains' || tag === 'matches')) {
    checker.error(`"${comparator.name}" compares whole values: it has no :${tag}`)
  }
  if ((match?.tag === 'count' || match?.tag === 'value') && !isRelation(match.value)) {
    checker.error(
      `:${match.tag} takes ${Object.keys(relations).join(', ')}, and not "${match.value}"`,
    )
  }
}

/**
 * Whether any of the values fits any of the keys; the wildcards of the first that does become match variables. Only lists are waited for,
 * so whoever asks several times awaits each answer before the next.
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
      run.variables.matched = [value]
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
): boolean {
  const comparator = comparators.get(name ?? asciiCasemap.name) ?? asciiCasemap
  if (match?.tag === 'count') {
    return matchRelation(run, comparator, match.value, [String(values.length)], keys)
  }
  if (match?.tag === 'value') return matchRelation(run, comparator, match.value, values, keys)
  const test = testers[match === undefined || match.tag === 'list' ? 'is' : match.tag]
  const folded = keys.map(comparator.fold)
  for (const value of values) {
    run.spend(1 + (value.length >> 10))
    const foldedValue = comparator.fold(value)
    for (const key of folded) {
      run.spend(1 + (value.length >> 13))
      if (test(run, comparator, foldedValue, key, value)) return true
    }
  }
  return false
}

type Tester = (
  run: Run,
  comparator: Comparator,
  value: string,
  key: string,
  original: string,
) => boolean

const testers: { readonly [tag in 'is' | 'contains' | 'matches']: Tester } = {
  is: (_run, _comparator, value, key) => value === key,
  contains: (_run, _comparator, value, key) => value.includes(key),
  matches: matchWildcards,
}

/** Match variables hold what stands in the value, not in what was made of it to compare. */
function matchWildcards(
  run: Run,
  comparator: Comparator,
  folded: string,
  key: string,
  original: string,
): boolean {
  const isWide = notAscii.test(folded) || notAscii.test(original)
  const pattern = parsePattern(isWide && comparator.countsOctets ? toOctets(key) : key)
  const value = isWide && comparator.countsOctets ? toOctets(folded) : folded
  const found = matchPattern(pattern, value, (steps) => run.spend(steps))
  if (found === undefined) return false
  // Folding to capitals of ASCII changes no length; where another folding does, the folded text is what is known.
  const source = original.length === folded.length ? original : folded
  const text = isWide && comparator.countsOctets ? toOctets(source) : source
  const pieces = [text, ...found.map(([from, to]) => text.slice(from, to))]
  run.variables.matched = isWide && comparator.countsOctets ? pieces.map(fromOctets) : pieces
  return true
}

const toOctets = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const fromOctets = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')
const notAscii = /[^\x00-\x7f]/

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

function matchRelation(
  run: Run,
  { fold, order }: Comparator,
  relation: string,
  values: readonly string[],
  keys: readonly string[],
): boolean {
  if (!isRelation(relation)) throw new SieveRunError(`"${relation}" is no relation`)
  const holds = relations[relation]
  run.spend(values.length * keys.length)
  return values.some((value) => keys.some((key) => holds(order(fold(value), fold(key)))))
}
