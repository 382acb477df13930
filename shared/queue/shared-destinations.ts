// What processes that do not know of each other tell each other of destinations: that one does not answer, or keeps who delivers there
// waiting. Only of these is anything written; of all others there is nothing, and what is read of them is remembered for some seconds.
//
// Item DESTINATION#<slot> / state in the counters table: `failures` in a row until `failuresUntilMs`, `deadUntilMs` with `reason`,
// `hanging` deliveries until `hangingUntilMs`; ttl.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import { clip } from './results.ts'

export type SharedState =
  /** As far as anybody knows. */
  | { readonly kind: 'fine'; readonly isBlank: boolean }
  | { readonly kind: 'dead'; readonly reason: string }
  | { readonly kind: 'hanging' }

export interface SharedDestinations {
  stateOf(slot: string): Promise<SharedState>
  /** One that did not get through. */
  failed(slot: string, reason: string): Promise<void>
  /** One that got through; writes only where something else was known. */
  reached(slot: string): Promise<void>
  /** A delivery waits for it and does not come on. Resolves to how many do; to be said again within HANGING_MS. */
  hangs(slot: string, how: { readonly again: boolean }): Promise<number>
  /** One that hung is over. */
  comesOn(slot: string): Promise<void>
  /** An operator wants it tried. */
  revive(slot: string): Promise<void>
}

/** How long a delivery counts as hanging after it was said. */
export const HANGING_MS = 60_000
/** Failures are in a row when none is later than so long after the one before. */
const ROW_MS = 120_000
/** What others wrote is seen so much later. */
const REMEMBERED_MS = 5_000
const REMEMBERED_MAX = 1_000
/** Longer slots are known by their hash. */
const SLOT_CHARACTERS_MAX = 200
const REASON_BYTES_MAX = 500
/** Kept a little longer than it matters: clocks of machines differ. */
const KEPT_MS = 60_000

export type SharedLimits = {
  /** Failures in a row after which a destination is dead; 0: never. */
  readonly failuresMax: number
  readonly deadMs: number
}

/** From a window of so many, Postfix's arithmetic: each failure counts as a part of the window, which shrinks with it. */
export function failuresOfCohorts(window: number, cohorts: number): number {
  if (cohorts === 0) return 0
  let failures = 0
  for (let sum = 0, size = window; sum < cohorts - 1e-9; failures++) {
    sum += 1 / size
    size = Math.max(1, size - 1)
  }
  return failures
}

export function createSharedDestinations(deps: {
  readonly counters: Table
  readonly limits: SharedLimits
  readonly clock: Clock
}): SharedDestinations {
  const { counters, limits, clock } = deps
  const remembered = new Map<string, { readonly item: Item | undefined; readonly readMs: number }>()

  async function stateOf(slot: string): Promise<SharedState> {
    const nowMs = clock.now()
    const known = remembered.get(slot)
    if (known !== undefined && nowMs - known.readMs < REMEMBERED_MS) return stateIn(known.item)
    const item = await counters.get(keyOf(slot))
    remember(slot, item)
    return stateIn(item)
  }

  function stateIn(item: Item | undefined): SharedState {
    const nowMs = clock.now()
    const isOver = (untilMs: unknown) => typeof untilMs !== 'number' || untilMs <= nowMs
    if (!isOver(item?.deadUntilMs)) return { kind: 'dead', reason: String(item?.reason) }
    if (!isOver(item?.hangingUntilMs) && Number(item?.hanging) > 0) return { kind: 'hanging' }
    return { kind: 'fine', isBlank: isOver(item?.failuresUntilMs) }
  }

  function remember(slot: string, item: Item | undefined): void {
    remembered.delete(slot)
    const [oldest] = remembered.keys()
    if (remembered.size >= REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest)
    remembered.set(slot, { item, readMs: clock.now() })
  }

  async function failed(slot: string, reason: string): Promise<void> {
    const item = await count(slot, 'failures', ROW_MS)
    const { failuresMax, deadMs } = limits
    if (failuresMax === 0 || Number(item?.failures) < failuresMax) return
    const deadUntilMs = clock.now() + deadMs
    const dead = await counters.write({
      update: keyOf(slot),
      changes: {
        set: { deadUntilMs, reason: clip(reason, REASON_BYTES_MAX), ttl: ttlOf(deadUntilMs) },
        remove: ['failures', 'failuresUntilMs'],
      },
    })
    remember(slot, dead)
  }

  async function reached(slot: string): Promise<void> {
    const state = await stateOf(slot)
    if (state.kind === 'fine' && state.isBlank) return
    await revive(slot)
  }

  async function hangs(slot: string, { again }: { readonly again: boolean }): Promise<number> {
    if (!again) return Number((await count(slot, 'hanging', HANGING_MS))?.hanging)
    const hangingUntilMs = clock.now() + HANGING_MS
    const item = await counters.write({
      update: keyOf(slot),
      changes: { set: { hangingUntilMs, ttl: ttlOf(hangingUntilMs) }, setIfAbsent: { hanging: 1 } },
    })
    remember(slot, item)
    return Number(item?.hanging)
  }

  async function comesOn(slot: string): Promise<void> {
    try {
      const item = await counters.write({
        update: keyOf(slot),
        changes: { add: { hanging: -1 } },
        if: { attribute: 'hanging', is: '>', value: 0 },
      })
      remember(slot, item)
    } catch (error) {
      // It got through, and is forgotten.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }

  async function revive(slot: string): Promise<void> {
    await counters.write({ delete: keyOf(slot) })
    remember(slot, undefined)
  }

  /** One more of those in a row, or the first: what is over does not count any more, though it may still be there. */
  async function count(slot: string, what: 'failures' | 'hanging', forMs: number) {
    const nowMs = clock.now()
    const until = `${what}UntilMs`
    const set = { [until]: nowMs + forMs, ttl: ttlOf(nowMs + forMs) }
    const update = keyOf(slot)
    let item: Item | undefined
    try {
      item = await counters.write({
        update,
        changes: { set, add: { [what]: 1 } },
        if: { attribute: until, is: '>', value: nowMs },
      })
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      item = await counters.write({ update, changes: { set: { ...set, [what]: 1 } } })
    }
    remember(slot, item)
    return item
  }

  return { stateOf, failed, reached, hangs, comesOn, revive }
}

const ttlOf = (untilMs: number) => Math.ceil((untilMs + KEPT_MS) / 1_000)

function keyOf(slot: string): Key {
  const short =
    slot.length <= SLOT_CHARACTERS_MAX
      ? slot
      : createHash('sha256').update(slot).digest('base64url')
  return { pk: `DESTINATION#${short}`, sk: 'state' }
}
