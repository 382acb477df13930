// One process at a time works on the queue of a data folder. A server that takes over from another listens at once, and begins to work when
// the other one has ended what it had in hand.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { tryLockForWork } from '#shared/storage/embedded/serving-lock.ts'

/** Between two looks whether the other one has ended. */
const LOOK_EVERY_MS = 50

type Stop = () => Promise<void>

/** Resolves when the work has begun, or when somebody else is at it and it will begin later. */
export async function workAlone(
  {
    directory,
    clock,
    log,
  }: { readonly directory: string; readonly clock: Clock; readonly log: Log },
  begin: () => Promise<Stop>,
): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController()
  let end: Stop | undefined
  async function tryNow(): Promise<boolean> {
    const lock = tryLockForWork(directory)
    if (lock === undefined) return false
    try {
      const stop = await begin()
      end = async () => {
        await stop()
        lock[Symbol.dispose]()
      }
    } catch (error) {
      lock[Symbol.dispose]()
      throw error
    }
    return true
  }
  async function waitAndBegin(): Promise<void> {
    log.info({}, 'the server before this one ends its work')
    while (!stopping.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stopping.signal)
      if (stopping.signal.aborted || (await tryNow())) return
    }
  }
  const isBegun = await tryNow()
  const waiting = isBegun
    ? Promise.resolve()
    : waitAndBegin().catch((error) => log.error({ error }, 'work on the queue did not begin'))
  return {
    async stop() {
      stopping.abort()
      await waiting
      await end?.()
    },
  }
}
