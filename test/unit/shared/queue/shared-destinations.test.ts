// What processes tell each other of destinations: each `process` here remembers for itself, and shares the table.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSharedDestinations,
  failuresOfCohorts,
  HANGING_MS,
} from '#shared/queue/shared-destinations.ts'
import type { Table, Write } from '#shared/storage/ports.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const A = 'a.test'
const limits = { failuresMax: 4, deadMs: 300_000 }

describe('what is shared of a destination', () => {
  let clock: ManualClock
  let opened: OpenedEmbedded
  let writes: Write[]
  let reads: number

  beforeEach(async () => {
    clock = new ManualClock(Date.UTC(2026, 10, 20))
    opened = await openEmbedded({ clock })
    writes = []
    reads = 0
  })
  afterEach(() => opened.close())

  function process() {
    const { counters } = opened.store.tables
    const table: Pick<Table, 'get' | 'write'> = {
      get: (key, options) => {
        reads++
        return counters.get(key, options)
      },
      write: (write) => {
        writes.push(write)
        return counters.write(write)
      },
    }
    return createSharedDestinations({
      counters: Object.assign(Object.create(counters), table),
      limits,
      clock,
    })
  }

  it('is nothing, and costs no write, while its mail gets through', async () => {
    const one = process()
    for (let n = 0; n < 10; n++) {
      expect(await one.stateOf(A)).toEqual({ kind: 'fine', isBlank: true })
      await one.reached(A)
    }
    expect(writes).toEqual([])
    expect(reads).toBe(1)
  })

  it('is dead for all after failures of whichever process, for a time', async () => {
    const [one, other, third] = [process(), process(), process()]
    for (const each of [one, other, one]) await each.failed(A, 'refused')
    expect((await third.stateOf(A)).kind).toBe('fine')
    await other.failed(A, 'refused at last')
    expect(await other.stateOf(A)).toEqual({ kind: 'dead', reason: 'refused at last' })
    expect((await third.stateOf(A)).kind).toBe('fine')
    await clock.advance(5_000)
    expect(await third.stateOf(A)).toEqual({ kind: 'dead', reason: 'refused at last' })
    await clock.advance(300_000)
    expect((await third.stateOf(A)).kind).toBe('fine')
  })

  it('begins anew with one that gets through, and with failures that lie apart', async () => {
    const one = process()
    for (let n = 0; n < 3; n++) await one.failed(A, 'refused')
    await one.reached(A)
    for (let n = 0; n < 3; n++) await one.failed(A, 'refused')
    expect((await one.stateOf(A)).kind).toBe('fine')
    await clock.advance(121_000)
    for (let n = 0; n < 3; n++) await one.failed(A, 'refused')
    expect((await one.stateOf(A)).kind).toBe('fine')
  })

  it('is that it keeps others waiting, as long as somebody says so', async () => {
    const [one, other] = [process(), process()]
    expect(await one.hangs(A, { again: false })).toBe(1)
    expect(await other.hangs(A, { again: false })).toBe(2)
    expect(await other.stateOf(A)).toEqual({ kind: 'hanging' })
    await other.comesOn(A)
    expect(await other.stateOf(A)).toEqual({ kind: 'hanging' })
    await clock.advance(HANGING_MS - 1)
    await one.hangs(A, { again: true })
    await clock.advance(HANGING_MS - 1)
    expect(await other.stateOf(A)).toEqual({ kind: 'hanging' })
    await clock.advance(5_001)
    expect((await other.stateOf(A)).kind).toBe('fine')
    expect(await other.hangs(A, { again: false })).toBe(1)
    await other.comesOn(A)
    await other.comesOn(A)
    expect((await other.stateOf(A)).kind).toBe('fine')
  })

  it('is forgotten for an operator', async () => {
    const [one, other] = [process(), process()]
    for (let n = 0; n < 4; n++) await one.failed(A, 'refused')
    await other.revive(A)
    await clock.advance(5_000)
    expect(await one.stateOf(A)).toEqual({ kind: 'fine', isBlank: true })
  })

  it('goes by itself', async () => {
    await process().failed(A, 'refused')
    const [write] = writes.slice(-1)
    expect(write).toMatchObject({ changes: { set: { ttl: clock.now() / 1_000 + 180 } } })
  })

  it.each([
    [5, 1, 4],
    [20, 1, 13],
    [1, 1, 1],
    [5, 0, 0],
    [5, 2, 5],
  ])(
    'a window of %d and %d cohorts are as many failures as on one machine',
    (window, cohorts, failures) => {
      expect(failuresOfCohorts(window, cohorts)).toBe(failures)
    },
  )
})
