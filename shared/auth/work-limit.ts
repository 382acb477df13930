// Bounds how much expensive work runs at a time and how much may wait for it, in all, for one client and for one account, so that a
// flood of logins costs neither all the memory nor everybody else's turn.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Counts } from './counts.ts'

export type WorkLimits = {
  readonly runningMax: number
  readonly runningPerAccountMax: number
  readonly waitingMax: number
  readonly waitingPerClientMax: number
  readonly waitingPerAccountMax: number
}

/** Who asks for the work, and whose password it is about. */
export type WorkOwner = { readonly client: string; readonly account: string }

export interface WorkLimit {
  /**
   * Runs the work when its turn comes: the accounts take turns, the work of each stays in order. `waited` says whether time has
   * passed. Rejects with TemporaryFailure when too much is waiting already.
   */
  run<T>(owner: WorkOwner, work: (waited: boolean) => Promise<T>): Promise<T>
  /** Whether work given to it now would run or wait. */
  hasRoom(owner: WorkOwner): boolean
}

type Waiting = { readonly owner: WorkOwner; readonly start: () => void }

export function createWorkLimit(limits: WorkLimits): WorkLimit {
  /** By account; whose turn was last stands last. */
  const queues = new Map<string, Waiting[]>()
  const waitingOfClient = new Counts()
  const runningOfAccount = new Counts()
  let running = 0
  let waiting = 0

  const hasTurn = (account: string): boolean =>
    running < limits.runningMax && runningOfAccount.of(account) < limits.runningPerAccountMax

  function begin({ account }: WorkOwner): void {
    running += 1
    runningOfAccount.add(account, 1)
  }

  const mayWait = ({ client, account }: WorkOwner): boolean =>
    waiting < limits.waitingMax &&
    waitingOfClient.of(client) < limits.waitingPerClientMax &&
    (queues.get(account)?.length ?? 0) < limits.waitingPerAccountMax

  function enqueue(owner: WorkOwner): Promise<void> {
    const { client, account } = owner
    if (!mayWait(owner)) throw new TemporaryFailure('too many logins are waiting')
    waiting += 1
    waitingOfClient.add(client, 1)
    const queue = queues.get(account) ?? []
    queues.set(account, queue)
    return new Promise((start) => queue.push({ owner, start }))
  }

  /** Hands the place of finished work to the next who has a turn. */
  function end({ account }: WorkOwner): void {
    running -= 1
    runningOfAccount.add(account, -1)
    for (const [name, queue] of queues) {
      const next = hasTurn(name) ? queue.shift() : undefined
      if (next === undefined) continue
      queues.delete(name)
      if (queue.length > 0) queues.set(name, queue)
      waiting -= 1
      waitingOfClient.add(next.owner.client, -1)
      begin(next.owner)
      next.start()
      return
    }
  }

  return {
    hasRoom: (owner) => hasTurn(owner.account) || mayWait(owner),
    async run(owner, work) {
      const waits = !hasTurn(owner.account)
      if (waits) await enqueue(owner)
      else begin(owner)
      try {
        return await work(waits)
      } finally {
        end(owner)
      }
    },
  }
}
