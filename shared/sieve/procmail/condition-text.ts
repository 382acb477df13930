// Tests of Sieve as text, put together and made simpler where nothing changes by it.

import { printString } from '../language/print.ts'
import { Untranslatable } from './untranslatable.ts'

export type Condition =
  | {
      readonly kind: 'test'
      readonly text: string
      readonly needs: readonly string[]
      /** The match variable that holds what procmail would call MATCH. */
      readonly captured?: number
    }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }

export const always: Condition = { kind: 'all', of: [] }
export const never: Condition = { kind: 'any', of: [] }

export const isAlways = (condition: Condition): boolean =>
  condition.kind === 'all' && condition.of.length === 0

const isNever = (condition: Condition) => condition.kind === 'any' && condition.of.length === 0

export function test(text: string, needs: readonly string[], captured?: number): Condition {
  return { kind: 'test', text, needs, ...(captured !== undefined && { captured }) }
}

export function not(condition: Condition): Condition {
  if (condition.kind === 'not') return condition.of
  if (isAlways(condition)) return never
  return isNever(condition) ? always : { kind: 'not', of: condition }
}

/** What captures stands last: another match would overwrite it. */
export function all(conditions: readonly Condition[]): Condition {
  const flat = conditions.flatMap((each) => (each.kind === 'all' ? each.of : [each]))
  if (flat.some(isNever)) return never
  const ordered = [...flat.filter((each) => !captures(each)), ...flat.filter(captures)]
  return ordered.length === 1 && ordered[0] ? ordered[0] : { kind: 'all', of: ordered }
}

export function any(conditions: readonly Condition[]): Condition {
  const flat = conditions.flatMap((each) => (each.kind === 'any' ? each.of : [each]))
  if (flat.some(isAlways)) return always
  return flat.length === 1 && flat[0] ? flat[0] : { kind: 'any', of: flat }
}

const captures = (condition: Condition) => capturedBy(condition) !== undefined

/** The match variable that MATCH is, where it is known whenever the condition holds. */
export function capturedBy(condition: Condition): number | undefined {
  if (condition.kind === 'test') return condition.captured
  return condition.kind === 'all' ? capturedBy(condition.of.at(-1) ?? never) : undefined
}

export function needsOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'test':
      return condition.needs
    case 'not':
      return needsOf(condition.of)
    case 'all':
    case 'any':
      return condition.of.flatMap(needsOf)
  }
}

/** Tests in it. */
export function countTests(condition: Condition): number {
  switch (condition.kind) {
    case 'test':
      return 1
    case 'not':
      return countTests(condition.of)
    case 'all':
    case 'any':
      return condition.of.reduce((count, each) => count + countTests(each), 0)
  }
}

export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'test':
      return condition.text
    case 'not':
      return `not ${conditionText(condition.of)}`
    case 'all':
    case 'any': {
      if (condition.of.length === 0) return condition.kind === 'all' ? 'true' : 'false'
      return `${condition.kind}of (${condition.of.map(conditionText).join(', ')})`
    }
  }
}

/** One string, or a list of them in brackets. */
export function stringsText(strings: readonly string[]): string {
  // Whoever prints the script must not be moved about by it.
  if (strings.some((each) => controls.test(each))) {
    throw new Untranslatable('it has control characters')
  }
  const [first, ...rest] = strings.map(printString)
  return rest.length === 0 ? (first ?? '[]') : `[${[first, ...rest].join(', ')}]`
}

/** All but tabs and line ends. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
