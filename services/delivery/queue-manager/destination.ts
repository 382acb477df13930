// One destination of the active set: who waits for it, in whose turn, and how many go there at the same time.

import { Concurrency, type DestinationLimits } from './concurrency.ts'
import { Lanes } from './lanes.ts'
import { Pace } from './pace.ts'

/** A group that is to be delivered, as far as its turn depends on it. */
export type Job = {
  /** `queueId group`. */
  readonly bell: string
  /** Where it goes, as it is now. */
  readonly slot: string
  /** The account, or the address where nobody logged in: who has one turn. */
  readonly sender: string
  /** Somebody may wait for it to arrive: small, for a few, tried for the first time. */
  readonly isLetter: boolean
  /** An operator wants it tried, due or not. */
  readonly isFlush?: boolean
}

/** The slot of all that is for folders here. */
export const LOCAL = ''

/** Of one sender at one destination; what he sends besides is bulk. */
export const LETTERS_PER_SENDER_MAX = 5
/** Letters that go in front of bulk before it has its turn: bulk takes at most so many times longer, and one. */
export const LETTERS_IN_A_ROW_MAX = 5

export class Destination {
  readonly slot: string
  readonly concurrency: Concurrency
  readonly pace = new Pace()
  /** It has its place in the turns of its transport. */
  hasTurn = false
  /** The last that got through ended then; undefined while nobody did. */
  reachedMs: number | undefined
  /** Under way for long. */
  slow = 0
  /** Until then it is known to keep deliveries waiting: one at a time finds out whether it still does. */
  hangsUntilMs = 0
  readonly #letters = new Lanes<Job>()
  readonly #bulk = new Lanes<Job>()
  #lettersInRow = 0

  constructor(slot: string, limits: DestinationLimits) {
    this.slot = slot
    this.concurrency = new Concurrency(limits)
  }

  get waiting(): number {
    return this.#letters.size + this.#bulk.size
  }

  /** Nothing is known of it that anybody has to remember. */
  isIdle(nowMs: number): boolean {
    const { busy, dead, readyMs } = this.concurrency
    const isKept = readyMs > nowMs || this.hangsUntilMs > nowMs
    return this.waiting === 0 && busy === 0 && dead === undefined && !isKept
  }

  /** Nobody got through so far, and whoever tries is kept waiting: others wait here until that is known. */
  get isDoubtful(): boolean {
    return this.slot !== LOCAL && this.reachedMs === undefined && this.slow > 0
  }

  add(job: Job): void {
    const isLetter = job.isLetter && this.#letters.sizeOf(job.sender) < LETTERS_PER_SENDER_MAX
    if (isLetter) this.#letters.add(job)
    else this.#bulk.add(job)
  }

  take(): Job | undefined {
    const isBulksTurn = this.#letters.size === 0 || this.#lettersInRow >= LETTERS_IN_A_ROW_MAX
    if (isBulksTurn) {
      this.#lettersInRow = 0
      const job = this.#bulk.take()
      if (job !== undefined) return job
    }
    if (this.#bulk.size > 0) this.#lettersInRow++
    return this.#letters.take()
  }
}
