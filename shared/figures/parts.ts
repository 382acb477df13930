// Figures of a system of many processes. Each leaves what it counted, some times in a minute and only where there is something; one of them
// gathers these parts into the items of the minutes, which are the same as on one machine (records.ts), and measures what is measured. Keys:
//   FIGURES-PARTS / <ms>#<random>    what a process counted until then: `values`, JSON by figure and label; gone when it is gathered
//
// Implementation notes: a part goes with the write that adds it, in one transaction, so that it counts once whoever gathers beside us, and
// however we end. Rejected: adding to the item of the minute from everywhere, which is a write of the whole item each time, and a hot one.

import { randomBytes } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, Conflict, type Item, type Table } from '#shared/storage/ports.ts'
import { addFigure, type FigureCounter, type FigureValues, splitKey } from './counter.ts'
import { createHourMaker } from './keeper.ts'
import { figureItem, MINUTE_MS, MINUTES_KEPT_SECONDS, minuteKey, readFigures } from './records.ts'

export const PARTS_PK = 'FIGURES-PARTS'
/** Of one process: not more often. */
export const SEND_EVERY_MS = 20_000
/** Should nobody gather them. */
const PART_KEPT_SECONDS = 86_400
const MS_DIGITS = 13
const RANDOM_BYTES = 6
/** In one transaction, beside the item of the minute. */
const PARTS_AT_ONCE = 90
/** In one go; the rest is for the next. */
export const PARTS_MAX = 2_000

export interface FigureSender {
  /** Leaves what has gathered, if that is something and the last time is long enough ago. Never rejects. */
  send(): Promise<void>
}

export function createFigureSender(deps: {
  readonly table: Pick<Table, 'write'>
  readonly counter: Pick<FigureCounter, 'take' | 'putBack'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): FigureSender {
  const { table, counter, clock, log } = deps
  let sentMs = Number.NEGATIVE_INFINITY
  return {
    async send() {
      const nowMs = clock.now()
      if (nowMs - sentMs < SEND_EVERY_MS) return
      const taken = counter.take()
      if (taken.size === 0) return
      sentMs = nowMs
      const random = randomBytes(RANDOM_BYTES).toString('hex')
      const key = { pk: PARTS_PK, sk: `${String(nowMs).padStart(MS_DIGITS, '0')}#${random}` }
      try {
        await table.write({
          put: figureItem(key, taken, Math.floor(nowMs / 1_000) + PART_KEPT_SECONDS),
        })
      } catch (error) {
        counter.putBack(taken)
        log.warn({ error }, 'figures not kept')
      }
    },
  }
}

export interface FigureGatherer {
  /** Never rejects: what is not gathered is gathered the next time. */
  gather(): Promise<void>
}

export function createFigureGatherer(deps: {
  readonly table: Table
  /** What is measured, as it is now. */
  readonly measure: () => Promise<FigureValues>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): FigureGatherer {
  const { table, measure, clock, log } = deps
  const hours = createHourMaker(table)

  async function parts(): Promise<readonly Item[]> {
    const found: Item[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: PARTS_PK,
        consistent: true,
        limit: PARTS_MAX - found.length,
        ...(after !== undefined && { after }),
      })
      found.push(...page.items)
      after = page.next
    } while (after !== undefined && found.length < PARTS_MAX)
    return found
  }

  /** What was counted is added, what was measured is put in place of what was. */
  async function addTo(
    minuteMs: number,
    some: readonly Item[],
    measured: FigureValues = new Map(),
  ): Promise<void> {
    const key = minuteKey(minuteMs)
    const before = await table.get(key, { consistent: true })
    const values = new Map(before && readFigures(before))
    for (const part of some) {
      for (const [name, n] of readFigures(part)) {
        const { name: figure, label } = splitKey(name)
        addFigure(values, figure, label, n)
      }
    }
    for (const [name, value] of measured) values.set(name, value)
    const put = {
      put: figureItem(key, values, Math.floor(minuteMs / 1_000) + MINUTES_KEPT_SECONDS),
      if:
        before === undefined
          ? ({ absent: 'pk' } as const)
          : ({ attribute: 'values', is: '=', value: String(before.values) } as const),
    }
    const deletes = some.map(
      ({ pk, sk }) => ({ delete: { pk, sk }, if: { exists: 'pk' } }) as const,
    )
    await (deletes.length === 0 ? table.write(put) : table.transact([put, ...deletes]))
  }

  async function gatherParts(nowMs: number): Promise<void> {
    const minuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
    const measured = await measure().catch((error): FigureValues => {
      log.warn({ error }, 'figures not measured')
      return new Map()
    })
    const all = await parts()
    const byMinute = Map.groupBy(all, minuteOf)
    for (const [atMs, some] of byMinute) {
      for (let at = 0; at < some.length; at += PARTS_AT_ONCE) {
        await addTo(atMs, some.slice(at, at + PARTS_AT_ONCE))
      }
      hours.again(atMs)
    }
    // A minute in which nothing happened is one, too.
    await addTo(minuteMs, [], measured)
  }

  return {
    async gather() {
      const nowMs = clock.now()
      try {
        await gatherParts(nowMs)
        await hours.make(nowMs)
      } catch (error) {
        // Somebody gathers beside us, and has what we would have.
        if (error instanceof ConditionFailed || error instanceof Conflict) return
        log.warn({ error }, 'figures not gathered')
      }
    },
  }
}

const minuteOf = ({ sk }: Item) =>
  Math.floor(Number(sk.slice(0, MS_DIGITS)) / MINUTE_MS) * MINUTE_MS
