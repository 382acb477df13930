// What is known of a test without evaluating it: as long as its gate is closed it does not hold. For tables of rules (rule-table.ts).

import type { Header } from '../message.ts'
import type { Comparator } from './comparator.ts'
import type { ComparedValue } from './compared-value.ts'
import type { Run } from './run.ts'

export type Gate = FieldGate | FactGate

/** Closed where no value has one of the keys in it. */
export type FieldGate = {
  readonly kind: 'field'
  /** Says which values these are, and how they are folded. */
  readonly column: string
  readonly valuesOf: (run: Run, header: Header) => readonly ComparedValue[]
  readonly comparator: Comparator
  readonly keys: GateKeys
  /** Of the test, before it looks at any value. */
  readonly steps: number
}

/** Folded. */
export type GateKeys =
  | { readonly kind: 'whole'; readonly all: ReadonlySet<string> }
  /** `count`: of the keys that a value is held against. */
  | { readonly kind: 'part'; readonly any: readonly string[]; readonly count: number }

/** Known at once, and for a step. */
export type FactGate = { readonly kind: 'fact'; readonly holds: (run: Run) => boolean }
