import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict } from '#shared/storage/ports.ts'

/** Attempts before a contended folder is reported as a temporary failure. */
export const ATTEMPTS_MAX = 12
const firstPauseMs = 2
const pauseMsMax = 250

/** So many writers at the same items that it is better to come again in some seconds. */
export class Contended extends TemporaryFailure {
  override readonly name = 'Contended'
}

/**
 * Repeats an optimistic read-decide-write step while other writers are in the way (ConditionFailed, Conflict), with full
 * jitter. What the step cannot solve by reading again it must handle itself.
 */
export async function retrying<T>(clock: Clock, step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
      if (attempt === ATTEMPTS_MAX) {
        throw new Contended('too many writers at once', { cause: error })
      }
      await clock.sleep(Math.random() * Math.min(pauseMsMax, firstPauseMs * 2 ** attempt))
    }
  }
}
