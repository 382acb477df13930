// A script as its grammar has it (RFC 5228 §8.2), before anybody knows which commands there are.

import type { Position } from '../finding.ts'

export type Argument = { readonly at: Position } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'tag'; readonly name: string }
  /** A string alone is a list of one; `bracketed` tells whether it was written as a list. */
  | {
      readonly kind: 'strings'
      readonly values: readonly string[]
      /** Of each of them. */
      readonly places: readonly Position[]
      readonly bracketed: boolean
    }
)

export type TestSyntax = {
  readonly at: Position
  readonly name: string
  readonly arguments: readonly Argument[]
  readonly tests: Tests
}

/** None, one behind the arguments, or a list in parentheses. */
export type Tests =
  | { readonly kind: 'none' }
  | { readonly kind: 'one'; readonly test: TestSyntax }
  | { readonly kind: 'list'; readonly tests: readonly TestSyntax[] }

export type CommandSyntax = {
  readonly at: Position
  readonly name: string
  readonly arguments: readonly Argument[]
  readonly tests: Tests
  /** Null where a semicolon ended it. */
  readonly block: readonly CommandSyntax[] | null
}

export const noTests: Tests = { kind: 'none' }
