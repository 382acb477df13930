import { describe, expect, it } from 'vitest'
import { drainConnections } from '#shared/net/drain.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

/** Connections that note when they are told to go; they stay unless the test lets them. */
function open(count: number) {
  const clock = new ManualClock()
  const told: (readonly [index: number, atMs: number])[] = []
  const connections = new Set(
    Array.from({ length: count }, (_, index) => ({
      drain: () => void told.push([index, clock.now()]),
    })),
  )
  const ended = Promise.withResolvers<void>()
  let isOver = false
  const start = (graceMs: number, paceMs?: number) => {
    const how = { graceMs, ended: ended.promise, clock }
    const pace = paceMs === undefined ? {} : { paceMs }
    return drainConnections(connections, { ...how, ...pace }).then(() => {
      isOver = true
    })
  }
  return { clock, told, connections, ended, start, isOver: () => isOver }
}

describe('drainConnections', () => {
  it('tells all at once, before it returns, without a pace', async () => {
    const { clock, told, start } = open(3)
    const over = start(1_000)
    expect(told).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
    await clock.advance(1_000)
    await over
  })

  it('tells one after the other over the pace, and then gives the grace', async () => {
    const { clock, told, start, isOver } = open(4)
    const over = start(500, 2_000)
    await clock.advance(1_600)
    expect(told).toEqual([
      [0, 0],
      [1, 500],
      [2, 1_000],
      [3, 1_500],
    ])
    await clock.advance(399)
    expect(isOver()).toBe(false)
    await clock.advance(1)
    await over
  })

  it('keeps the pace when there are more connections than milliseconds', async () => {
    const { clock, told, start } = open(100)
    void start(0, 10)
    await clock.advance(5)
    expect(told.filter(([, atMs]) => atMs <= 5)).toHaveLength(51)
    await clock.advance(5)
    expect(told).toHaveLength(100)
  })

  it('does not tell who has gone meanwhile', async () => {
    const { clock, told, connections, start } = open(3)
    void start(0, 300)
    const second = [...connections][1]
    if (second) connections.delete(second)
    await clock.advance(300)
    expect(told.map(([index]) => index)).toEqual([0, 2])
  })

  it.each([
    ['in the pace', 5_000],
    ['in the grace', 15_000],
  ])('waits for nobody when all have gone %s', async (_, afterMs) => {
    const { clock, connections, ended, start } = open(2)
    const over = start(10_000, 10_000)
    await clock.advance(afterMs - 1_000)
    connections.clear()
    ended.resolve()
    await over
    expect(clock.now()).toBe(afterMs - 1_000)
  })
})
