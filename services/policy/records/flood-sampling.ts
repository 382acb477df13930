// Of a flood of refusals some are recorded, each with the number of those it stands for: whoever sends a million lines must not make us
// write a million items. Per process.

import { clientNeighbourhood } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'

/** Refusals of a neighbourhood of clients in a minute that are recorded one by one. Beyond them: the 32nd, the 64th, the 128th … */
export const REFUSALS_RECORDED_MAX = 16
const WINDOW_MS = 60_000
const NEIGHBOURHOODS_KEPT_MAX = 10_000

export class FloodSampling {
  readonly #clock: Clock
  readonly #windows = new Map<string, { readonly beganMs: number; count: number; told: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many refusals this one stands for; undefined: it is not recorded, another stands for it later, or none where the flood ends. */
  weigh(remoteAddress: string): number | undefined {
    const window = this.#windowOf(clientNeighbourhood(remoteAddress))
    window.count += 1
    const isPower = (window.count & (window.count - 1)) === 0
    if (window.count > REFUSALS_RECORDED_MAX && !isPower) return undefined
    const weight = window.count - window.told
    window.told = window.count
    return weight
  }

  #windowOf(name: string) {
    const nowMs = this.#clock.now()
    const known = this.#windows.get(name)
    if (known !== undefined && nowMs - known.beganMs < WINDOW_MS) return known
    // Again at the end: the oldest goes first.
    this.#windows.delete(name)
    const window = { beganMs: nowMs, count: 0, told: 0 }
    this.#windows.set(name, window)
    takeOldest(this.#windows, NEIGHBOURHOODS_KEPT_MAX)
    return window
  }
}
