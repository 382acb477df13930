// When a container has to leave. ECS sends SIGTERM after it has taken the task from the load balancer and waited for the
// connections to end, which idle IMAP sessions never do; the task's metadata says earlier that the task is to stop.

import type { Clock } from '#shared/runtime/clock.ts'

const POLL_MS = 5_000
const REQUEST_TIMEOUT_MS = 2_000

export type StopSignals = {
  /** Resolves to the reason, of which SIGTERM is one. */
  readonly stopping: Promise<string>
  /** Resolves with SIGTERM: SIGKILL comes within the container's stop timeout. */
  readonly terminating: Promise<void>
  /** Asks for nothing any more, which would keep the process from ending. */
  close(): void
}

/** Repeated signals are ignored: the first one's drain goes on. */
export function watchForStop(parts: {
  /** Of the task metadata endpoint (ECS_CONTAINER_METADATA_URI_V4); undefined where there is none. */
  readonly metadataUrl: string | undefined
  readonly clock: Clock
}): StopSignals {
  const { metadataUrl, clock } = parts
  const stopping = Promise.withResolvers<string>()
  const terminating = Promise.withResolvers<void>()
  const polling = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      polling.abort()
      stopping.resolve(signal)
      terminating.resolve()
    })
  }
  if (metadataUrl !== undefined) {
    void untilStopping(metadataUrl, clock, polling.signal).then(stopping.resolve)
  }
  return {
    stopping: stopping.promise,
    terminating: terminating.promise,
    close: () => polling.abort(),
  }
}

async function untilStopping(
  metadataUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  while (!signal.aborted && (await desiredStatus(metadataUrl)) !== 'STOPPED') {
    await clock.sleep(POLL_MS, signal)
  }
  return 'the task is to stop'
}

/** Undefined when the endpoint does not answer: SIGTERM still comes. */
async function desiredStatus(metadataUrl: string): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const answer = await fetch(`${metadataUrl}/task`, { signal })
    return Object(await answer.json()).DesiredStatus
  } catch {
    return undefined
  }
}
