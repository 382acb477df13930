import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFigureCounter, type FigureValues } from '#shared/figures/counter.ts'
import { minutesOf } from '#shared/figures/keeper.ts'
import {
  createFigureGatherer,
  createFigureSender,
  PARTS_PK,
  SEND_EVERY_MS,
} from '#shared/figures/parts.ts'
import { HOUR_MS, hourKey, MINUTE_MS, readFigures } from '#shared/figures/records.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { LogLine } from '#shared/runtime/tapped-log.ts'
import type { Table } from '#shared/storage/ports.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

let opened: Awaited<ReturnType<typeof openEmbedded>>
let table: Table
let nowMs = Date.UTC(2026, 10, 20, 10, 58, 30)
const clock = { now: () => nowMs, sleep: async () => {} }
const log = silentLog

beforeAll(async () => {
  opened = await openEmbedded({ clock })
  table = opened.store.tables.counters
})
afterAll(() => opened.close())

const line = (message: string, fields: LogLine['fields'] = {}): LogLine => ({
  level: 'info',
  fields,
  bound: {},
  message,
})

/** A process of its own. */
function process() {
  const counter = createFigureCounter()
  return { tap: counter.tap, sender: createFigureSender({ table, counter, clock, log }) }
}

const gatherer = (measured: FigureValues = new Map()) =>
  createFigureGatherer({ table, measure: async () => measured, clock, log })

const parts = async () => (await table.query({ pk: PARTS_PK, consistent: true })).items
const minute = async () => {
  const from = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
  const [found] = await minutesOf(table, from, from + MINUTE_MS)
  return Object.fromEntries(found?.values ?? [])
}

describe('figures of many processes', () => {
  it('are left by each, sparingly, and add up', async () => {
    const [edge, cleanup] = [process(), process()]
    edge.tap(line('message accepted'))
    edge.tap(line('message accepted'))
    cleanup.tap(line('delivered', { relay: 'local' }))
    await Promise.all([edge.sender.send(), cleanup.sender.send()])
    edge.tap(line('message accepted'))
    await edge.sender.send()
    expect(await parts()).toHaveLength(2)
    await gatherer(new Map([['queueMessages/held', 3]])).gather()
    expect(await parts()).toEqual([])
    expect(await minute()).toEqual({
      accepted: 2,
      'delivered/local': 1,
      'queueMessages/held': 3,
    })
    nowMs += SEND_EVERY_MS
    await edge.sender.send()
    await gatherer(new Map([['queueMessages/held', 4]])).gather()
    expect(await minute()).toEqual({
      accepted: 3,
      'delivered/local': 1,
      'queueMessages/held': 4,
    })
  })

  it('cost nothing where nothing happened', async () => {
    await process().sender.send()
    expect(await parts()).toEqual([])
  })

  it('count once, whoever gathers beside us', async () => {
    nowMs += MINUTE_MS
    const busy = process()
    busy.tap(line('message accepted', { times: 5 }))
    await busy.sender.send()
    await Promise.all([gatherer().gather(), gatherer().gather(), gatherer().gather()])
    await gatherer().gather()
    expect(await minute()).toMatchObject({ accepted: 5 })
  })

  it('are kept by the sender until they are written', async () => {
    const counter = createFigureCounter()
    let isAway = true
    const sender = createFigureSender({
      table: {
        async write(write) {
          if (isAway) throw new Error('away')
          return await table.write(write)
        },
      },
      ...{ counter, clock, log },
    })
    counter.tap(line('message accepted'))
    await sender.send()
    isAway = false
    nowMs += MINUTE_MS
    await sender.send()
    await gatherer().gather()
    expect(await minute()).toMatchObject({ accepted: 1 })
  })

  it('make the hour that is over, and once more when something of it comes late', async () => {
    const late = process()
    late.tap(line('message accepted', { times: 7 }))
    const atMs = nowMs
    await late.sender.send()
    const hours = gatherer()
    const [lost] = await parts()
    if (lost === undefined) throw new Error('no part')
    await table.write({ delete: { pk: lost.pk, sk: lost.sk } })
    nowMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS
    await hours.gather()
    const sum = async () => {
      const item = await table.get(hourKey(atMs), { consistent: true })
      return item && readFigures(item).get('accepted')
    }
    const before = (await sum()) ?? 0
    await table.write({ put: lost })
    nowMs += MINUTE_MS
    await hours.gather()
    expect(await sum()).toBe(before + 7)
  })

  it('keep to the labels that one figure may have', async () => {
    nowMs += MINUTE_MS
    for (let writer = 0; writer < 3; writer++) {
      const some = process()
      for (let n = 0; n < 60; n++) some.tap(line('deferred', { to: `a@d${writer}-${n}.test` }))
      await some.sender.send()
    }
    await gatherer().gather()
    const values = Object.entries(await minute())
    expect(values.length).toBeLessThanOrEqual(51)
    expect(values.reduce((sum, [, n]) => sum + Number(n), 0)).toBe(180)
  })

  it('are read as those of one machine', async () => {
    const { series } = await createStoredFigures(table, clock).read({
      names: ['accepted'],
      fromMs: nowMs - 3 * HOUR_MS,
      toMs: nowMs,
    })
    const [accepted] = series
    const sum = accepted?.values.reduce((all: number, n) => all + (n ?? 0), 0)
    expect(sum).toBe(3 + 5 + 1 + 7)
  })
})
