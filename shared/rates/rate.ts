// How much of something may happen in a time, as a bucket of tokens: it holds `capacity`, each event takes one, and it is filled again
// evenly over `perMs`. What a bucket knows is one number, the moment at which it is full again; so it empties and fills without
// anybody looking at it.

export type Rate = {
  /** Part of the key under which it is counted. */
  readonly name: string
  /** 0: no limit, and nothing is counted. */
  readonly capacity: number
  readonly perMs: number
  /** Somebody may empty the shared bucket: a process that says no looks now and then whether it has to. */
  readonly mayBeForgiven?: true
}

/** Tokens that are taken of one that is full again then. */
export const usedOf = (rate: Rate, fullAtUs: number, nowMs: number): number =>
  rate.capacity === 0
    ? 0
    : Math.min(rate.capacity, Math.ceil(Math.max(0, fullAtUs - nowMs * 1_000) / intervalUs(rate)))

/** Of a named limit for whoever `key` names; times are microseconds, so that a million a minute still are whole numbers. */
export const intervalUs = ({ capacity, perMs }: Rate): number =>
  Math.max(1, Math.ceil((perMs * 1_000) / capacity))

/** How long an empty one takes to be full. */
export const spanUs = (rate: Rate): number => rate.capacity * intervalUs(rate)

/** Clocks of machines differ by no more. */
const CLOCK_SKEW_US = 60_000_000

/** Nobody owes more (shared-buckets.ts): a bucket that is full later than in so long was written before a clock was set back, and is none. */
export const owedUsMax = (rate: Rate): number => 2 * spanUs(rate) + intervalUs(rate) + CLOCK_SKEW_US
