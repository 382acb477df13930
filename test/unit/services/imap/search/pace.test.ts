import { describe, expect, it } from 'vitest'
import { INPROGRESS_INTERVAL_MS } from '#services/imap/progress.ts'
import { Pace, STEP_BYTES } from '#services/imap/search/pace.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { quietWire } from './message-store.ts'

function start() {
  const clock = new ManualClock()
  const gone = new AbortController()
  const told: string[] = []
  const wire = {
    ...quietWire,
    gone: gone.signal,
    untagged: (response: string | Buffer) => told.push(`${response}`),
  }
  return { clock, gone, told, pace: new Pace({ wire, clock, tag: 'a1' }) }
}

describe('Pace', () => {
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

  it('asks whether it is the turn of others after so much work', () => {
    let asked = 0
    const turns = { step: () => void asked++ }
    const pace = new Pace({ wire: quietWire, clock: new ManualClock(), tag: 'a1', turns })
    for (let i = 0; i < 9; i++) pace.spent(STEP_BYTES / 3)
    expect(asked).toBe(3)
  })

  it('lets pieces of work run one after the other, also behind one that fails', async () => {
    const { pace } = start()
    const log: string[] = []
    const work = (name: string) => async () => {
      log.push(`${name} begins`)
      await new Promise((done) => setImmediate(done))
      log.push(`${name} ends`)
      if (name === 'b') throw new Error(name)
    }
    const all = await Promise.allSettled(['a', 'b', 'c'].map((name) => pace.alone(work(name))))
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })
})
