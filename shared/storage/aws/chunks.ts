// Cutting long lists into requests of the size a service takes.

/** Runs `work` on consecutive slices of at most `size`, at most `parallel` at a time; results in order. */
export async function inChunks<T, R>(
  items: readonly T[],
  limits: { readonly size: number; readonly parallel: number },
  work: (chunk: readonly T[]) => Promise<R>,
): Promise<readonly R[]> {
  const { size, parallel } = limits
  if (items.length === 0) return []
  if (items.length <= size) return [await work(items)]
  const results: R[] = []
  let next = 0
  const runner = async () => {
    for (let start = next; start < items.length; start = next) {
      next = start + size
      results[start / size] = await work(items.slice(start, start + size))
    }
  }
  const runners = Math.min(parallel, Math.ceil(items.length / size))
  await Promise.all(Array.from({ length: runners }, runner))
  return results
}

/** Full jitter: a random part of a pause that doubles with each attempt (0, 1, …) up to a ceiling. */
export function backoffMs(attempt: number, baseMs: number, ceilingMs: number): number {
  return Math.random() * Math.min(ceilingMs, baseMs * 2 ** attempt)
}
