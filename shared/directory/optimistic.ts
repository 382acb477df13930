import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict } from '#shared/storage/ports.ts'

/** Attempts of one change of the directory; people make these, so more than a few in a row never meet. */
export const WRITE_ATTEMPTS_MAX = 10

/**
 * Runs a read-decide-write attempt again while other writers are in the way. An attempt reads, refuses what it can refuse,
 * and writes on the condition that what it read still holds; so a false condition means: look again.
 */
export async function optimistic<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; n <= WRITE_ATTEMPTS_MAX; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
    }
  }
  throw new TemporaryFailure('the directory kept changing under this change')
}
