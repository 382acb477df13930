// What a table of Postfix holds, read from its source and not from what postmap made of it.

import type { Place } from '../../plan.ts'
import type { Row } from '../../rows.ts'

export type ReadTable =
  /** Keys in small letters, each once: the first of it. */
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  /** Networks in their order, the first that has an address counts. */
  | { readonly kind: 'networks'; readonly rows: readonly Row[] }
  /** The same for everything. */
  | { readonly kind: 'constant'; readonly value: string }
  /** Expressions in their order. */
  | { readonly kind: 'patterns'; readonly rules: readonly PatternRow[]; readonly from: Place }
  /** It cannot be read here, or says something else each time. */
  | { readonly kind: 'refused'; readonly reason: string }

/** As it stands there, with the `if`s around it told. */
export type PatternRow = {
  readonly pattern: string
  readonly flags: string
  readonly isNegated: boolean
  readonly isConditional: boolean
  readonly value: string
  readonly from: Place
}
