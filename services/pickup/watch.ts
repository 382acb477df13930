// Wakes pickup: as soon as something changes in the maildrop, and now and then in case that was not told.

import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Pickup } from './pickup.ts'

/** Postfix's pickup looks every minute; file systems that tell nothing are no reason to wait so long. */
export const PICKUP_EVERY_MS = 10_000

export function startPickup(
  pickup: Pick<Pickup, 'takeAll'>,
  path: string,
  deps: { readonly clock: Clock; readonly log: Log },
): { stop(): Promise<void> } {
  const { clock, log } = deps
  const stopping = new AbortController()
  let wake = new AbortController()
  let isAsked = true
  const watcher = watchQuietly(path, () => {
    isAsked = true
    wake.abort()
  })

  const working = (async () => {
    while (!stopping.signal.aborted) {
      isAsked = false
      await pickup.takeAll().catch((error) => log.error({ error }, 'pickup failed'))
      if (isAsked) continue
      wake = new AbortController()
      await clock.sleep(PICKUP_EVERY_MS, AbortSignal.any([stopping.signal, wake.signal]))
    }
  })()

  return {
    async stop() {
      stopping.abort()
      watcher?.close()
      await working
    },
  }
}

/** Where watches have run out the clock is enough. */
function watchQuietly(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
