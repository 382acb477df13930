import { retryOnConflict } from '#shared/storage/retry-on-conflict.ts'

/** Attempts of one change of the directory; people make these, so more than a few in a row never meet. */
const WRITE_ATTEMPTS_MAX = 10

const patience = { kind: 'attempts', max: WRITE_ATTEMPTS_MAX } as const

/**
 * Runs a read-decide-write attempt again while other writers are in the way. An attempt reads, refuses what it can refuse,
 * and writes on the condition that what it read still holds; so a false condition means: look again.
 */
export function optimistic<T>(attempt: () => Promise<T>): Promise<T> {
  return retryOnConflict(patience, 'the directory kept changing under this change', attempt)
}
