// Work for each of many, so many at a time.

import { turns } from './turns.ts'

/** Results in the order of `all`. Rejects as soon as one does; those begun go on. */
export async function concurrently<T, R>(
  all: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const entries = all.entries()
  const take = async () => {
    for (const [i, one] of entries) {
      const wait = turns.step()
      if (wait) await wait
      results[i] = await work(one)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, take))
  return results
}
