/** Works on what comes, so many at a time; the next is asked for when there is room. The first failure is passed on, when none works any more. */
export async function inTurns<T>(
  all: Iterable<T>,
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const left = all[Symbol.iterator]()
  let isFailed = false
  async function some(): Promise<void> {
    for (let next = left.next(); next.done !== true && !isFailed; next = left.next()) {
      try {
        await work(next.value)
      } catch (error) {
        isFailed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, some))
  for (const end of ended) if (end.status === 'rejected') throw end.reason
}
