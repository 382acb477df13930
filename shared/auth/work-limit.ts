// Bounds how much expensive work runs at a time and how much may wait for it, in all and for one client, so that a flood of
// logins costs neither all the memory nor everybody else's turn.

import { TemporaryFailure } from '#shared/runtime/errors.ts'

export type WorkLimits = {
  readonly runningMax: number
  readonly waitingMax: number
  readonly waitingPerClientMax: number
}

export interface WorkLimit {
  /**
   * Runs the work when its turn comes, in the order of the calls; `waited` says whether time has passed. Rejects with
   * TemporaryFailure when too much is waiting already.
   */
  run<T>(client: string, work: (waited: boolean) => Promise<T>): Promise<T>
}

export function createWorkLimit(limits: WorkLimits): WorkLimit {
  const { runningMax, waitingMax, waitingPerClientMax } = limits
  const queue: { readonly client: string; readonly start: () => void }[] = []
  const waitingOf = new Map<string, number>()
  let running = 0

  function enqueue(client: string): Promise<void> {
    const ofClient = waitingOf.get(client) ?? 0
    if (queue.length >= waitingMax || ofClient >= waitingPerClientMax)
      throw new TemporaryFailure('too many logins are waiting')
    waitingOf.set(client, ofClient + 1)
    return new Promise((start) => queue.push({ client, start }))
  }

  /** Hands the place of finished work to the next in the queue. */
  function leave(): void {
    const next = queue.shift()
    if (next === undefined) {
      running -= 1
      return
    }
    const left = (waitingOf.get(next.client) ?? 1) - 1
    if (left === 0) waitingOf.delete(next.client)
    else waitingOf.set(next.client, left)
    next.start()
  }

  return {
    async run(client, work) {
      const waits = running >= runningMax
      if (waits) await enqueue(client)
      else running += 1
      try {
        return await work(waits)
      } finally {
        leave()
      }
    },
  }
}
