// Keeps a runner at work on one machine: at once when it is told of a job, at the time that the next one is due, and every minute, should
// what it was told have got lost.

import { JOBS_TOPIC } from '#shared/jobs/jobs.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Signals } from '#shared/storage/ports.ts'

const LOOK_EVERY_MS = 60_000

export async function startJobLoop(deps: {
  readonly runner: JobRunner
  readonly signals: Pick<Signals, 'subscribe'>
  readonly clock: Clock
  readonly log: Log
}): Promise<{ stop(): Promise<void> }> {
  const { runner, signals, clock, log } = deps
  const stopping = new AbortController()
  let waking = new AbortController()
  const signalled = await signals.subscribe(JOBS_TOPIC, () => waking.abort())
  /** Of a job since this was asked the last time, or that it was waited so long. */
  async function told(waitMs: number, signal: AbortSignal): Promise<void> {
    await clock.sleep(waitMs, AbortSignal.any([waking.signal, signal]))
    if (waking.signal.aborted) waking = new AbortController()
  }
  const loop = async () => {
    while (!stopping.signal.aborted) {
      const nextMs = await runner
        .run({ signal: stopping.signal, newcomer: (signal) => told(LOOK_EVERY_MS, signal) })
        .catch((error) => {
          log.warn({ error }, 'jobs not looked at')
          return undefined
        })
      const waitMs = Math.min(LOOK_EVERY_MS, Math.max(1, (nextMs ?? Infinity) - clock.now()))
      await told(waitMs, stopping.signal)
    }
  }
  const running = loop()
  return {
    async stop() {
      stopping.abort()
      await running
      await signalled.close()
    },
  }
}
