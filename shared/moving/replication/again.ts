import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

const ATTEMPTS_MAX = 5
const PAUSE_MS = 500

/** What may be done twice, until it is done; whoever fails so often is not there. */
export async function again<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TemporaryFailure) || attempt === ATTEMPTS_MAX) throw error
      await clock.sleep(PAUSE_MS * 2 ** attempt)
    }
  }
}
