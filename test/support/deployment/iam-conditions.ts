// Condition blocks of IAM policies: operators with `ForAllValues:`, `ForAnyValue:` and `IfExists`, and what a key means that
// the request does not have. IAM User Guide, "Condition operators" and "Single-valued vs. multivalued context keys".

import { isRecord, listOf } from './json.ts'
import { UnsupportedPolicy } from './unsupported-policy.ts'

export type Context = { readonly [key: string]: string | readonly string[] }

type Operator = {
  readonly matches: (wanted: string, actual: string) => boolean
  readonly isNegated: boolean
}

const positive = {
  StringEquals: (wanted: string, actual: string) => wanted === actual,
  StringEqualsIgnoreCase: sameIgnoringCase,
  StringLike: wildcardMatches,
  // IAM makes no difference between the two.
  ArnEquals: arnMatches,
  ArnLike: arnMatches,
  Bool: sameIgnoringCase,
}

const operators: ReadonlyMap<string, Operator> = new Map([
  ...Object.entries(positive).map(([name, matches]): [string, Operator] => [
    name,
    { matches, isNegated: false },
  ]),
  ['StringNotEquals', { matches: positive.StringEquals, isNegated: true }],
  ['StringNotEqualsIgnoreCase', { matches: sameIgnoringCase, isNegated: true }],
  ['StringNotLike', { matches: wildcardMatches, isNegated: true }],
  ['ArnNotEquals', { matches: arnMatches, isNegated: true }],
  ['ArnNotLike', { matches: arnMatches, isNegated: true }],
])

type Test =
  /** `Null`: whether the key is absent. */
  | { readonly kind: 'absence' }
  | {
      readonly kind: 'comparison'
      readonly operator: Operator
      readonly set: 'all' | 'any' | undefined
      readonly ifExists: boolean
    }

const operatorForm = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/

function parseOperator(text: string): Test {
  const [, set, name = '', ifExists] = operatorForm.exec(text) ?? []
  if (name === 'Null' && ifExists === undefined) return { kind: 'absence' }
  const operator = operators.get(name)
  if (operator === undefined) throw new UnsupportedPolicy('a condition operator', text)
  return {
    kind: 'comparison',
    operator,
    set: set === undefined ? undefined : set === 'ForAllValues' ? 'all' : 'any',
    ifExists: ifExists !== undefined,
  }
}

/** Throws `UnsupportedPolicy` for what cannot be evaluated. */
export function checkConditions(conditions: unknown): void {
  if (!isRecord(conditions)) throw new UnsupportedPolicy('a condition', conditions)
  for (const [operator, keys] of Object.entries(conditions)) {
    parseOperator(operator)
    if (!isRecord(keys)) throw new UnsupportedPolicy('a condition', conditions)
    for (const wanted of Object.values(keys)) wantedValues(wanted)
  }
}

/** All operators and all keys must hold. */
export function conditionsHold(
  conditions: { readonly [operator: string]: { readonly [key: string]: unknown } },
  context: Context,
): boolean {
  // Names of condition keys are compared without case.
  const byKey = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]))
  return Object.entries(conditions).every(([operator, keys]) => {
    const test = parseOperator(operator)
    return Object.entries(keys).every(([key, wanted]) =>
      holds(test, wantedValues(wanted), byKey.get(key.toLowerCase()), key),
    )
  })
}

function holds(
  test: Test,
  wanted: readonly string[],
  value: string | readonly string[] | undefined,
  key: string,
): boolean {
  const actual = value === undefined ? [] : typeof value === 'string' ? [value] : value
  const isMissing = actual.length === 0
  if (test.kind === 'absence') return wanted.some((text) => sameIgnoringCase(text, `${isMissing}`))
  const { operator, set, ifExists } = test
  if (isMissing) return ifExists || set === 'all' || (set === undefined && operator.isNegated)
  if (set === undefined && typeof value !== 'string') {
    throw new UnsupportedPolicy('a key of many values without ForAllValues or ForAnyValue', key)
  }
  const fits = (one: string) =>
    wanted.some((text) => operator.matches(text, one)) !== operator.isNegated
  return set === 'any' ? actual.some(fits) : actual.every(fits)
}

function wantedValues(wanted: unknown): readonly string[] {
  return listOf(wanted).map((value) => {
    const isPlain = typeof value === 'boolean' || typeof value === 'number'
    const text = isPlain ? String(value) : value
    if (typeof text !== 'string') throw new UnsupportedPolicy('an unresolved value', wanted)
    if (text.includes('${')) throw new UnsupportedPolicy('a policy variable', wanted)
    return text
  })
}

function sameIgnoringCase(wanted: string, actual: string): boolean {
  return wanted.toLowerCase() === actual.toLowerCase()
}

/** `*` for any characters, `?` for one. */
export function wildcardMatches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

const ARN_PARTS = 6

/** Each of an ARN's parts for itself, so that a wildcard does not reach over a colon; parts a pattern lacks are `*`. */
export function arnMatches(pattern: string, arn: string): boolean {
  const wanted = arnParts(pattern)
  const actual = arnParts(arn)
  if (actual.length !== ARN_PARTS || wanted[0] !== 'arn') return false
  return actual.every((part, index) => wildcardMatches(wanted[index] ?? '*', part))
}

/** The last part may contain colons itself. */
function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':')
  if (parts.length <= ARN_PARTS) return parts
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')]
}
