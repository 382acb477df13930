// Fairness on the event loop. Much of our work resolves without ever leaving the microtask queue (embedded reads, parsing,
// rendering), and then nobody else's socket is looked at. Whoever works for one client awaits `step()` between pieces of work:
// after a slice of work all together have had in one turn of the loop, everybody waits for the next turn.

/** Work of all clients together in one turn of the event loop; then timers and sockets are looked at. */
export const SLICE_MS = 10

export interface Turns {
  /**
   * To be awaited between pieces of work of at most some milliseconds. Undefined while the slice lasts, so that a tight loop
   * pays no promise: `const wait = turns.step(); if (wait) await wait`.
   */
  step(): Promise<void> | undefined
}

export type TurnsWorld = {
  /** Milliseconds, never going back. */
  readonly now: () => number
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (callback: () => void) => void
}

const eventLoop: TurnsWorld = {
  now: () => performance.now(),
  nextTurn: (callback) => void setImmediate(callback),
}

export function createTurns({ now, nextTurn }: TurnsWorld = eventLoop): Turns {
  /** When the first piece of work of this turn began; undefined between turns. */
  let beganMs: number | undefined
  let waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  return {
    step() {
      if (waiting) return waiting.promise
      if (beganMs === undefined) {
        beganMs = now()
        nextTurn(() => {
          beganMs = undefined
          const { resolve } = waiting ?? {}
          waiting = undefined
          resolve?.()
        })
        return undefined
      }
      if (now() - beganMs < SLICE_MS) return undefined
      waiting = Promise.withResolvers<void>()
      return waiting.promise
    },
  }
}

/** The one event loop of this process. */
export const turns = createTurns()
