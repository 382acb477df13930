import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict } from '#shared/storage/ports.ts'

/**
 * How long others may be in the way before it is reported as a temporary failure. Time and not attempts: of ten writers in as many
 * processes each wins in the end, and clients take a failed APPEND for a lost message.
 */
export const CONTENDED_AFTER_MS = 15_000
const FIRST_PAUSE_MS = 2
const PAUSE_MS_MAX = 250
/** More than it takes to reach the longest pause. */
const DOUBLINGS_MAX = 10

/** So many writers at the same items that it is better to come again in some seconds. */
export class Contended extends TemporaryFailure {
  override readonly name = 'Contended'
}

/**
 * Repeats an optimistic read-decide-write step while other writers are in the way (ConditionFailed, Conflict), with full
 * jitter. What the step cannot solve by reading again it must handle itself.
 */
export async function retrying<T>(clock: Clock, step: () => Promise<T>): Promise<T> {
  const startedMs = clock.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
      if (clock.now() - startedMs >= CONTENDED_AFTER_MS) {
        throw new Contended('too many writers at once', { cause: error })
      }
      const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, DOUBLINGS_MAX))
      await clock.sleep(Math.ceil(Math.random() * pauseMs))
    }
  }
}
