import { describe, expect, it } from 'vitest'
import { INTERVAL_MS, LINES_MAX } from '#shared/net/repeated-lines.ts'
import { createSparingLog } from '#shared/net/sparing-log.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

function open() {
  const clock = new ManualClock()
  const log = new MemoryLog()
  const sparing = createSparingLog(log.child({ service: 'policy' }), clock)
  const count = (message: string) => log.lines.filter((line) => line.message === message).length
  return { clock, log, sparing, count }
}

describe('a sparing log', () => {
  it('writes a few lines of each network and message, and how many more there were', async () => {
    const { clock, log, sparing, count } = open()
    for (let n = 0; n < 3 * LINES_MAX; n++) {
      sparing.info({ remoteAddress: '192.0.2.1', queueId: `Q${n}` }, 'weighed')
      sparing.warn({ queueId: `Q${n}` }, 'policy server does not answer')
    }
    sparing.child({ n: 1 }).info({ remoteAddress: '192.0.2.1' }, 'weighed')
    sparing.info({ remoteAddress: '198.51.100.1' }, 'weighed')
    expect(count('weighed')).toBe(LINES_MAX + 1)
    expect(count('policy server does not answer')).toBe(LINES_MAX)
    await clock.advance(INTERVAL_MS)
    expect(log.lines.filter(({ fields }) => 'times' in fields)).toMatchObject([
      { level: 'info', fields: { service: 'policy', times: 2 * LINES_MAX + 1 } },
      { level: 'warn', fields: { service: 'policy', times: 2 * LINES_MAX } },
    ])
  })

  it('writes every error, and whatever names no client and no message', () => {
    const { sparing, count } = open()
    for (let n = 0; n < 3 * LINES_MAX; n++) {
      sparing.error({ queueId: 'Q' }, 'recipient not decided')
      sparing.warn({ dnsList: 'list.example' }, 'DNS list switched off')
    }
    expect(count('recipient not decided')).toBe(3 * LINES_MAX)
    expect(count('DNS list switched off')).toBe(3 * LINES_MAX)
  })

  it('is all there when it is closed', async () => {
    const { clock, log, sparing } = open()
    for (let n = 0; n <= LINES_MAX; n++) sparing.info({ remoteAddress: '192.0.2.1' }, 'greylisted')
    sparing.close()
    await clock.advance(0)
    expect(log.lines.at(-1)?.fields).toMatchObject({ times: 1 })
  })
})
