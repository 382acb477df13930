// Settings in a container, which works without being woken: it looks from time to time whether they are other ones.

import type { Backend } from '#services/assembly/backend.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Running } from './running.ts'
import { StoreClosed } from './standing.ts'

/** A look that comes too soon asks nobody. */
const LOOK_EVERY_MS = 5_000

/** `onChange` one at a time; what it could not take over is tried again with the next look. */
export function followSettings(
  {
    running,
    first,
    log,
  }: { readonly running: Running; readonly first: Backend; readonly log: Log },
  onChange: (backend: Backend) => Promise<void> | void,
): {
  follow(): void
  stopFollowing(): Promise<void>
  /** Resolves when the store was closed: whoever serves it has to end. */
  readonly closed: Promise<string>
} {
  const { promise: closed, resolve: tellClosed } = Promise.withResolvers<string>()
  let taken = first
  let looking = Promise.resolve()
  async function look(): Promise<void> {
    try {
      const backend = await running()
      if (backend === taken) return
      await onChange(backend)
      taken = backend
    } catch (error) {
      if (error instanceof StoreClosed) tellClosed(error.message)
      log.error({ error }, 'changed settings not taken over')
    }
  }
  let timer: NodeJS.Timeout | undefined
  return {
    closed,
    follow() {
      timer = setInterval(() => {
        looking = looking.then(look)
      }, LOOK_EVERY_MS)
    },
    async stopFollowing() {
      clearInterval(timer)
      await looking
    },
  }
}
