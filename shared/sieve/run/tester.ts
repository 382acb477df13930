// How one value is held against the keys of a test: in steps, between which others may have their turn.

import type { ComparedValue } from './compared-value.ts'
import type { GateKeys } from './gate.ts'
import type { Run } from './run.ts'

/** Whether a value fits one of the keys. */
export type Tester = (value: ComparedValue) => Generator<undefined, boolean>

/** Keys of one test that are ready for any value, in any run. */
export interface ReadyKeys {
  /** Of each use, before the first value. */
  readonly steps: number
  /** The same as `test`, for a value of which it is soon found out; undefined, and nothing spent, for others. */
  soon(run: Run, value: ComparedValue): boolean | undefined
  test(run: Run, value: ComparedValue): Generator<undefined, boolean>
  /** Undefined where they are too many to be found at once. */
  gateKeys(): GateKeys | undefined
}
