import type { Clock } from '#shared/runtime/clock.ts'
import { retryOnConflict } from '#shared/storage/retry-on-conflict.ts'

/**
 * How long others may be in the way before it is reported as a temporary failure. Time and not attempts: of ten writers in as many
 * processes each wins in the end, and clients take a failed APPEND for a lost message.
 */
export const CONTENDED_AFTER_MS = 15_000
const FIRST_PAUSE_MS = 2
const PAUSE_MS_MAX = 250
/** More than it takes to reach the longest pause. */
const DOUBLINGS_MAX = 10

/** Repeats a step of a mailbox while other writers are in the way. */
export function retrying<T>(clock: Clock, step: () => Promise<T>): Promise<T> {
  const patience = { kind: 'time', clock, ms: CONTENDED_AFTER_MS, pauseMsMax } as const
  return retryOnConflict(patience, 'too many writers at once', step)
}

function pauseMsMax(attempt: number): number {
  return Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, DOUBLINGS_MAX))
}
