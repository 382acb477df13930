// What became of one item of a plan, and how plans are applied.

import type { Place } from '#shared/moving/configurations/plan.ts'
import type { Refusal } from '../refusals.ts'

export type Outcome = {
  readonly what: 'domain' | 'account' | 'alias' | 'forward' | 'table' | 'signing-key' | 'setting'
  readonly name: string
  readonly from: Place
} & (
  | { readonly kind: 'added' | 'changed' | 'unchanged' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** A setting that needs another start, or that only a file may have: a line of the configuration file. */
  | { readonly kind: 'for-file'; readonly line: string }
)

export type ApplyOptions = {
  /** Nothing is done, and the outcomes say what would be. */
  readonly dryRun?: boolean | undefined
  /** What is there and other than in the plan is changed; else it is refused. */
  readonly update?: boolean | undefined
}
