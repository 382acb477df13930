// How many deliveries go to one destination at the same time: Postfix's arithmetic (qmgr(8), SCHEDULER_README, "concurrency
// scheduling"). It begins with a few, and adds one for each that gets through, up to a limit; takes one away for each that does not;
// and leaves a destination alone, dead, after so many failures in a row as make a whole window of them.

import type { Feedback } from '#shared/settings/delivery-kinds.ts'

export type DestinationLimits = {
  /** At first. */
  readonly initial: number
  /** At most, 0 for no limit. */
  readonly concurrency: number
  readonly positiveFeedback: Feedback
  readonly negativeFeedback: Feedback
  /** 0: never dead. */
  readonly failedCohortLimit: number
  readonly rateDelayMs: number
  /** How long a dead destination is left alone. */
  readonly deadMs: number
}

export type Dead = { readonly untilMs: number; readonly reason: string }

/** Sums of fractions such as 1/3 that make one. */
const ROUNDING = 1e-9
/** With a rate delay deliveries go one by one: a single failure would be a whole cohort. */
const COHORT_LIMIT_WITH_RATE_DELAY = 10

export class Concurrency {
  readonly #limits: DestinationLimits
  /** How many may go at the same time now. */
  #window: number
  #busy = 0
  /** Parts of one step up, and of one down, that came together so far. */
  #success = 0
  #failure = 0
  #failCohorts = 0
  #dead: Dead | undefined
  /** Nothing starts before, for the rate delay. */
  #readyMs = 0

  constructor(limits: DestinationLimits) {
    this.#limits = limits
    this.#window = this.#first
  }

  get window(): number {
    return this.#window
  }

  get busy(): number {
    return this.#busy
  }

  get readyMs(): number {
    return this.#readyMs
  }

  /** Its time may be over: see `wake`. */
  get dead(): Dead | undefined {
    return this.#dead
  }

  get isFull(): boolean {
    return this.#busy >= this.#window
  }

  start(): void {
    this.#busy++
  }

  /** Ends one that says nothing of its destination. */
  end(nowMs: number): void {
    this.#busy--
    if (this.#limits.rateDelayMs > 0) this.#readyMs = nowMs + this.#limits.rateDelayMs
  }

  /** One that got through; whatever was said there of the message. It still counts as busy. */
  succeed(): void {
    this.#failCohorts = 0
    if (this.#dead !== undefined) {
      this.#revive()
      return
    }
    if (this.#window >= this.#most || this.#window >= this.#busy + this.#first) return
    this.#success += stepOf(this.#limits.positiveFeedback, this.#window)
    while (this.#success >= 1 - ROUNDING) {
      this.#window++
      this.#success--
      // A new cycle down begins with the next step up, and no sooner: a step down is taken at the start of its cycle.
      this.#failure = 0
    }
    this.#window = Math.min(this.#window, this.#most)
  }

  /** One that did not get through. Says whether the destination is dead with it; it still counts as busy. */
  fail(reason: string, nowMs: number): boolean {
    if (this.#dead !== undefined) return false
    this.#failCohorts += 1 / this.#window
    const limit = this.#cohortLimit
    if (limit > 0 && this.#failCohorts >= limit - ROUNDING) {
      this.#dead = { untilMs: nowMs + this.#limits.deadMs, reason }
      return true
    }
    if (this.#window === 1) return false
    const step = stepOf(this.#limits.negativeFeedback, this.#window)
    this.#failure -= step
    while (this.#failure + step / 2 < 0) {
      this.#window = Math.max(1, this.#window - 1)
      this.#success = 0
      this.#failure++
    }
    return false
  }

  /** One at a time, and dead with the next that does not get through. */
  narrow(): void {
    this.#window = 1
    this.#success = 0
    this.#failure = 0
  }

  /** What was dead may be tried again when its time is over, or an operator says so. */
  wake(nowMs: number, { now = false } = {}): boolean {
    if (this.#dead === undefined || (!now && this.#dead.untilMs > nowMs)) return false
    this.#failCohorts = 0
    this.#revive()
    return true
  }

  /** Back from the dead nobody knows what it can take. */
  #revive(): void {
    this.#dead = undefined
    this.#window = this.#busy > 0 ? this.#busy : this.#first
    this.#success = 0
    this.#failure = 0
  }

  get #most(): number {
    const { concurrency, rateDelayMs } = this.#limits
    if (rateDelayMs > 0) return 1
    return concurrency === 0 ? Number.POSITIVE_INFINITY : concurrency
  }

  get #first(): number {
    return Math.min(this.#limits.initial, this.#most)
  }

  get #cohortLimit(): number {
    const { failedCohortLimit, rateDelayMs } = this.#limits
    if (failedCohortLimit === 0 || rateDelayMs === 0) return failedCohortLimit
    return Math.max(failedCohortLimit, COHORT_LIMIT_WITH_RATE_DELAY)
  }
}

function stepOf({ base, per }: Feedback, window: number): number {
  switch (per) {
    case 'one':
      return base
    case 'concurrency':
      return base / window
    case 'sqrt_concurrency':
      return base / Math.sqrt(window)
  }
}
