import { describe, expect, it } from 'vitest'
import {
  INTERVAL_MS,
  LINES_MAX,
  REPEATED_LINES_KEPT_MAX,
  RepeatedLines,
} from '#shared/net/repeated-lines.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

function open() {
  const clock = new ManualClock()
  const log = new MemoryLog()
  const lines = new RepeatedLines('info', { clock, log })
  const write = (times: number, network = 'n', message = 'refused') => {
    for (let i = 0; i < times; i++) lines.write(network, log, { i }, message)
  }
  const sums = () => log.lines.filter(({ fields }) => 'times' in fields)
  return { clock, log, lines, write, sums }
}

describe('repeated lines', () => {
  it('are one line an interval beyond the first few', async () => {
    const { clock, log, write, sums } = open()
    write(5_000)
    expect(log.lines).toHaveLength(LINES_MAX)
    await clock.advance(INTERVAL_MS)
    expect(sums()).toEqual([
      {
        level: 'info',
        fields: { network: 'n', times: 5_000 - LINES_MAX },
        message: 'refused',
      },
    ])
    write(1)
    expect(log.lines).toHaveLength(LINES_MAX + 2)
    await clock.advance(INTERVAL_MS)
    expect(sums()).toHaveLength(1)
  })

  it('are counted for each network and each message by themselves', () => {
    const { log, write } = open()
    write(LINES_MAX, 'n')
    write(1, 'm')
    write(1, 'n', 'other')
    expect(log.lines).toHaveLength(LINES_MAX + 2)
  })

  it('are told at the end too', async () => {
    const { lines, write, sums } = open()
    write(LINES_MAX + 3)
    lines.close()
    await Promise.resolve()
    expect(sums().map(({ fields }) => fields.times)).toEqual([3])
  })

  it('loses no count of a network that is pushed out by others', async () => {
    const { clock, lines, write, sums } = open()
    write(LINES_MAX + 3)
    const silent = new MemoryLog()
    for (let i = 0; i <= REPEATED_LINES_KEPT_MAX; i++) lines.write(`n${i}`, silent, {}, 'refused')
    write(LINES_MAX + 2)
    await clock.advance(INTERVAL_MS)
    expect(sums().map(({ fields }) => fields.times)).toEqual([3, 2])
  })
})
