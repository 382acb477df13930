// Keeps figures on one machine: what was counted and measured is added to the item of the minute some times in it, and of every hour that is
// over one item is made. A crash loses what was counted since the last time.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { FigureCounter, FigureValues } from './counter.ts'
import {
  figureItem,
  HOUR_MS,
  HOURS_KEPT_SECONDS,
  hourKey,
  MINUTE_MS,
  MINUTES_KEPT_SECONDS,
  minuteKey,
  readFigures,
  summed,
} from './records.ts'

export interface FigureKeeper {
  /** Keeps what has gathered. Never rejects: what cannot be kept is kept the next time. */
  keep(): Promise<void>
}

/** Looked back for hours that nobody made an item of: the server was down, or died. */
const HOURS_BACK = 48

export function createFigureKeeper(deps: {
  readonly table: Table
  readonly counter: Pick<FigureCounter, 'take' | 'putBack'>
  /** What is measured, as it is now. */
  readonly measure: () => Promise<FigureValues>
  readonly clock: Clock
  readonly log: Log
}): FigureKeeper {
  const { table, counter, measure, clock, log } = deps
  const hours = createHourMaker(table)

  async function keepMinute(nowMs: number): Promise<void> {
    const taken = counter.take()
    try {
      const key = minuteKey(nowMs)
      const [item, measured] = await Promise.all([
        table.get(key, { consistent: true }),
        measure().catch((error): FigureValues => {
          log.warn({ error }, 'figures not measured')
          return new Map()
        }),
      ])
      const values = new Map(item && readFigures(item))
      for (const [name, n] of taken) values.set(name, (values.get(name) ?? 0) + n)
      for (const [name, value] of measured) values.set(name, value)
      const ttl = Math.floor(nowMs / 1_000) + MINUTES_KEPT_SECONDS
      await table.write({ put: figureItem(key, values, ttl) })
    } catch (error) {
      counter.putBack(taken)
      throw error
    }
  }

  return {
    async keep() {
      const nowMs = clock.now()
      try {
        await keepMinute(nowMs)
        await hours.make(nowMs)
      } catch (error) {
        log.warn({ error }, 'figures not kept')
      }
    },
  }
}

export interface HourMaker {
  /** The last that is over, and those before it that are missing. */
  make(nowMs: number): Promise<void>
  /** Of a minute that came late: its hour is made once more. */
  again(atMs: number): void
}

export function createHourMaker(table: Table): HourMaker {
  let made = 0
  return {
    async make(nowMs) {
      const last = Math.floor(nowMs / HOUR_MS) * HOUR_MS - HOUR_MS
      if (made >= last) return
      const first = Math.max(made + HOUR_MS, last - HOURS_BACK * HOUR_MS)
      for (let at = first; at <= last; at += HOUR_MS) {
        const minutes = await minutesOf(table, at, at + HOUR_MS)
        if (minutes.length === 0) continue
        const values = summed(minutes.map((minute) => minute.values))
        const ttl = Math.floor(nowMs / 1_000) + HOURS_KEPT_SECONDS
        await table.write({ put: figureItem(hourKey(at), values, ttl) })
      }
      made = last
    },
    again(atMs) {
      made = Math.min(made, Math.floor(atMs / HOUR_MS) * HOUR_MS - HOUR_MS)
    },
  }
}

export type Span = { readonly atMs: number; readonly values: FigureValues }

export const minutesOf = (table: Table, fromMs: number, toMs: number) =>
  spansOf(table, { fromMs, toMs, stepMs: MINUTE_MS, keyOf: minuteKey })

export const hoursOf = (table: Table, fromMs: number, toMs: number) =>
  spansOf(table, { fromMs, toMs, stepMs: HOUR_MS, keyOf: hourKey })

/** Those that are there, of all that begin in [from, to). */
async function spansOf(
  table: Table,
  range: {
    readonly fromMs: number
    readonly toMs: number
    readonly stepMs: number
    readonly keyOf: (ms: number) => { readonly pk: string; readonly sk: string }
  },
): Promise<readonly Span[]> {
  const { fromMs, toMs, stepMs, keyOf } = range
  const found: Span[] = []
  let at = Math.floor(fromMs / stepMs) * stepMs
  while (at < toMs) {
    const { pk, sk: from } = keyOf(at)
    const times = new Map<string, number>()
    for (; at < toMs && keyOf(at).pk === pk; at += stepMs) times.set(keyOf(at).sk, at)
    const to = [...times.keys()].at(-1) ?? from
    let after: string | undefined
    do {
      const page = await table.query({
        pk,
        sk: { from, to },
        consistent: true,
        ...(after !== undefined && { after }),
      })
      for (const item of page.items) {
        const atMs = times.get(item.sk)
        if (atMs !== undefined) found.push({ atMs, values: readFigures(item) })
      }
      after = page.next
    } while (after !== undefined)
  }
  return found
}
