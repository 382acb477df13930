// An extended regular expression as its grammar has it (POSIX.1 §9.4, the regex draft §3).

import type { CharacterSet } from './character-set.ts'

export type Expression =
  | { readonly kind: 'sequence'; readonly of: readonly Expression[] }
  | { readonly kind: 'choice'; readonly of: readonly Expression[] }
  | {
      readonly kind: 'repeat'
      readonly of: Expression
      readonly min: number
      /** Infinity where there is none. */
      readonly max: number
    }
  | { readonly kind: 'group'; readonly of: Expression; readonly number: number }
  /** A code point, folded as the comparator folds it. */
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'lineStart' }
  | { readonly kind: 'lineEnd' }

/** An expression that is none, and at which of its characters, counted from 1. */
export class RegexSyntaxError extends Error {
  override readonly name = 'RegexSyntaxError'
  readonly character: number

  constructor(character: number, message: string) {
    super(message)
    this.character = character
  }
}
