// A script that is known to be right, ready to run: what is kept for each version of it. Plain data and rows; nothing in it changes, but
// that a test prepares what it compares when it is first evaluated.

import type { CommandRow, Prepared, TestRow } from './definition.ts'
import type { Finding, Position } from './finding.ts'
import type { Gate } from './run/gate.ts'
import type { Text } from './strings.ts'

export type CompiledScript = {
  readonly commands: readonly CompiledCommand[]
  /** What it requires, and what comes with that. */
  readonly extensions: ReadonlySet<string>
  readonly warnings: readonly Finding[]
  /** Of its text. */
  readonly bytes: number
}

export type CompiledCommand =
  | {
      readonly kind: 'command'
      readonly at: Position
      readonly row: CommandRow
      readonly arguments: CompiledArguments
      readonly needs: readonly Needed[]
      readonly block: readonly CompiledCommand[]
    }
  | {
      readonly kind: 'if'
      readonly at: Position
      /** In order; the test of `else` is null. */
      readonly branches: readonly {
        readonly at: Position
        readonly test: CompiledTest | null
        readonly block: readonly CompiledCommand[]
      }[]
    }
  | Fault

export type CompiledTest =
  | {
      readonly kind: 'test'
      readonly at: Position
      readonly row: TestRow
      readonly arguments: CompiledArguments
      readonly needs: readonly Needed[]
      readonly tests: readonly CompiledTest[]
      /** Kept; undefined: the row is asked with the values of the run. */
      readonly prepared: (() => Prepared) | undefined
      /** Made anew, so that what it was made of takes no memory. */
      readonly gate: (() => Gate | undefined) | undefined
    }
  | Fault

/** What only an `ihave` before it grants (RFC 5463 §4): one of these extensions. */
export type Needed = { readonly what: string; readonly oneOf: readonly string[] }

/** Wrong, but only if it is reached: a script with `ihave` may speak of what is not here (RFC 5463 §4). */
export type Fault = { readonly kind: 'fault'; readonly at: Position; readonly message: string }

/** By the keys of the row. Where nothing in them is known only at run time, `constant` is what the row gets. */
export type CompiledArguments = {
  readonly constant: { readonly [key: string]: unknown } | undefined
  readonly values: readonly CompiledValue[]
}

export type CompiledValue = {
  readonly key: string
  readonly read: ((given: { tag: string; value: unknown } | undefined) => unknown) | undefined
  readonly tag: string | undefined
  readonly value: RunValue | undefined
}

/** Texts are put together when the command runs. */
export type RunValue =
  | { readonly kind: 'known'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'texts'; readonly texts: readonly Text[] }
