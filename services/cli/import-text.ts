// What is wrong with rows of an import, as lines for people.

import type { Refusal } from '#shared/administration/refusals.ts'
import { CommandFailure } from './failure.ts'
import { explain, explainMissingDomain } from './refusal-text.ts'

/** Of a row that was only checked. */
export function explainRow(refusal: Refusal): string {
  if (refusal.kind === 'no-such-domain') return explainMissingDomain(refusal.domain)
  if (refusal.kind !== 'bad-value') return explain(refusal)
  const { value, rule } = refusal
  switch (rule.name) {
    case 'target-count':
      return `${value} has ${rule.count} targets; 1 to ${rule.max}`
    case 'password':
      return `the password has fewer than ${rule.charactersMin} characters, or is too long; one of before comes as a hash: {PLAIN}…`
    case 'password-or-hash':
      return 'no password and no hash (* as a hash lets nobody in)'
    case 'one-of':
      return `${refusal.field} is ${rule.allowed.join(' or ')}, not '${value}'`
    default:
      return explain(refusal, { quota: 'quota' })
  }
}

/** Of a row that was checked and found good before. */
export function explainOutcome(key: string, refusal: Refusal): string {
  switch (refusal.kind) {
    case 'differs':
      return explain(refusal)
    case 'exists':
      return `${key}: it was added meanwhile`
    case 'no-such-domain':
      return `${key}: its domain was removed meanwhile`
    case 'no-such-account':
    case 'no-such-alias':
      return `${key}: it was removed meanwhile`
    default:
      return `${key}: ${explainRow(refusal)}`
  }
}

/** Shown of one file; what is wrong with one line is mostly wrong with all. */
const PROBLEMS_SHOWN_MAX = 50

/** What is wrong, line by line. */
export class LineProblems {
  readonly #found: { readonly number: number; readonly reason: string }[] = []

  get size(): number {
    return this.#found.length
  }

  add(number: number, reason: string): void {
    this.#found.push({ number, reason })
  }

  /** `what` says what was done all the same. `count`: of all there are, where not all were added. */
  failure(what: string, count = this.size): CommandFailure {
    const sorted = this.#found.toSorted((a, b) => a.number - b.number)
    const lines = sorted
      .slice(0, PROBLEMS_SHOWN_MAX)
      .map(({ number, reason }) => `line ${number}: ${reason}`)
    const more = count - lines.length
    if (more > 0) lines.push(`and ${more} more`)
    return new CommandFailure([...lines, what].join('\n'), 'data')
  }
}
