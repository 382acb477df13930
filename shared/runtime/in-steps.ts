import type { Clock } from './clock.ts'

/**
 * Does the work and answers at the end of a step of time, whichever it is: how long it took tells nothing of what was done, as long as that
 * is less than a step.
 */
export async function inSteps<T>(stepMs: number, clock: Clock, work: () => Promise<T>): Promise<T> {
  const begunMs = clock.now()
  try {
    return await work()
  } finally {
    const tookMs = clock.now() - begunMs
    await clock.sleep(Math.max(1, Math.ceil(tookMs / stepMs)) * stepMs - tookMs)
  }
}
