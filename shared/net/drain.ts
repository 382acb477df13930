// The orderly end of a listener's connections. Clients that are told to go all at once come back all at once, to whatever is
// left of the service; with a pace they are told one after the other.

import type { Clock } from '#shared/runtime/clock.ts'

/** How long a client that was told to go may take to close its end: nobody is waited for any longer for a courtesy. */
export const DRAIN_LINGER_MS = 500

/** Whoever closes once more with less time cuts the first short. */
export type CloseOptions = {
  /** How long connections that were told to go may take. */
  readonly graceMs: number
  /** Before that: over how long they are told, evenly. Default: all at once. */
  readonly paceMs?: number
}

/** Resolves when all have gone or the grace is over. */
export async function drainConnections(
  connections: ReadonlySet<{ drain(): void }>,
  how: CloseOptions & {
    /** Resolves when all have gone. */
    readonly ended: Promise<unknown>
    readonly clock: Clock
  },
): Promise<void> {
  const { graceMs, paceMs = 0, clock } = how
  const ended = new AbortController()
  void how.ended.finally(() => ended.abort())
  const startMs = clock.now()
  const open = [...connections]
  for (const [index, connection] of open.entries()) {
    const waitMs = startMs + (paceMs * index) / open.length - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs, ended.signal)
    if (connections.has(connection)) connection.drain()
  }
  await clock.sleep(graceMs, ended.signal)
}
