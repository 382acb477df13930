// The one place every call of a faulty store passes: counts it, lets the process "crash" at a chosen call, and applies the
// faults that are the same for all ports.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Conflict } from '#shared/storage/ports.ts'
import type { Fault, FaultPlan, StorageCall } from './plan.ts'

/** Where the process dies: at the call of this number, before its effect or after it but before the answer. */
export type CrashPoint = { readonly call: number; readonly effect: 'none' | 'done' }

/** What every call of a crashed process rejects with; a test catches it and opens the store again. */
export class Crashed extends Error {
  override readonly name = 'Crashed'
}

export class FaultGate {
  readonly #plan: FaultPlan
  readonly #crashPoint: CrashPoint | undefined
  readonly #dead = new AbortController()
  #calls = 0

  constructor(plan: FaultPlan, crashPoint: CrashPoint | undefined) {
    this.#plan = plan
    this.#crashPoint = crashPoint
  }

  get calls(): number {
    return this.#calls
  }

  get crashed(): boolean {
    return this.#dead.signal.aborted
  }

  /** Aborts at the crash, so that waiting calls end. */
  get dead(): AbortSignal {
    return this.#dead.signal
  }

  async run<T>(
    call: Omit<StorageCall, 'number'>,
    effect: (fault: Fault | undefined) => Promise<T>,
  ): Promise<T> {
    this.assertAlive()
    const number = (this.#calls += 1)
    if (number === this.#crashPoint?.call) return await this.#crash(effect)
    const fault = this.#plan({ ...call, number })
    if (fault === 'throttled') throw new TemporaryFailure(`injected: ${call.operation} throttled`)
    if (fault === 'conflict') throw new Conflict(`injected: ${call.operation} conflicts`)
    if (fault === 'unanswered') {
      await effect(fault).catch(() => undefined)
      this.assertAlive()
      throw new TemporaryFailure(`injected: ${call.operation} not answered`)
    }
    try {
      return await effect(fault)
    } finally {
      // Answers that arrive after the crash reach nobody.
      this.assertAlive()
    }
  }

  /** Counts a call that cannot fail and says whether it may go through. */
  pass(call: Omit<StorageCall, 'number'>): boolean {
    if (this.crashed) return false
    const number = (this.#calls += 1)
    if (number === this.#crashPoint?.call) this.#dead.abort()
    return !this.crashed && this.#plan({ ...call, number }) === undefined
  }

  async #crash<T>(effect: (fault: undefined) => Promise<T>): Promise<never> {
    this.#dead.abort()
    if (this.#crashPoint?.effect === 'done') await effect(undefined).catch(() => undefined)
    throw new Crashed('the process crashed')
  }

  /** A dead process learns nothing. */
  assertAlive(): void {
    if (this.crashed) throw new Crashed('the process crashed')
  }
}
