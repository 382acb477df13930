import { describe, expect, it } from 'vitest'
import { INPROGRESS_INTERVAL_MS } from '#services/imap/progress.ts'
import { clientWaiting } from '#services/imap/search/client-waiting.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import { Pace } from '#shared/search/pace.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { quietWire } from '#test/support/quiet-wire.ts'

function start() {
  const clock = new ManualClock()
  const gone = new AbortController()
  const told: string[] = []
  const wire = {
    ...quietWire,
    gone: gone.signal,
    untagged: (response: string | Buffer) => told.push(`${response}`),
  }
  const waiting = clientWaiting(wire, { tag: 'a1' })
  return { clock, gone, told, pace: new Pace({ waiting, clock }) }
}

describe('clientWaiting', () => {
  // RFC 9585 §4
  it('tells how far a long search has come, once in an interval', async () => {
    const { clock, told, pace } = start()
    pace.begin(1_000)
    pace.done(400)
    await clock.advance(INPROGRESS_INTERVAL_MS - 1)
    await pace.step()
    expect(told).toEqual([])
    await clock.advance(1)
    pace.done()
    // Wait for the end of a slice of work, too.
    await clock.advance(100)
    await pace.step()
    await pace.step()
    expect(told).toEqual(['OK [INPROGRESS ("a1" 401 1000)] Still looking'])
    await clock.advance(INPROGRESS_INTERVAL_MS + 100)
    pace.done(599)
    await pace.step()
    // All is done: the answer itself says so (RFC 9585 §4).
    expect(told).toHaveLength(1)
  })

  it('tells nothing of short searches', async () => {
    const { clock, told, pace } = start()
    for (let i = 0; i < 10; i++) {
      await clock.advance(100)
      await pace.step()
    }
    expect(told).toEqual([])
  })

  it('tells once, however many readers ask at the same time', async () => {
    const { clock, told, pace } = start()
    await clock.advance(INPROGRESS_INTERVAL_MS + 100)
    await Promise.all(Array.from({ length: 8 }, () => pace.step()))
    expect(told).toHaveLength(1)
  })

  it('stops when the client is gone', async () => {
    const { clock, gone, pace } = start()
    gone.abort()
    await clock.advance(100)
    await expect(pace.step()).rejects.toBeInstanceOf(ConnectionGone)
  })
})
