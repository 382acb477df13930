import { describe, expect, it } from 'vitest'
import { Pace, STEP_BYTES } from '#shared/search/pace.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { quietWaiting } from './message-store.ts'

function start() {
  const clock = new ManualClock()
  const gone = new AbortController()
  const told: (readonly [number | null, number | null])[] = []
  const waiting = {
    gone: gone.signal,
    abandoned: () => new Error('left'),
    tellIntervalMs: 1_000,
    tell: (progress: number | null, goal: number | null) => void told.push([progress, goal]),
  }
  return { clock, gone, told, pace: new Pace({ waiting, clock }) }
}

describe('Pace', () => {
  it('tells how far work has come, once in an interval, and nothing at its end', async () => {
    const { clock, told, pace } = start()
    await clock.advance(999)
    await pace.step()
    expect(told).toEqual([])
    await clock.advance(1)
    await Promise.all([pace.step(), pace.step()])
    expect(told).toEqual([[null, null]])
    pace.begin(3)
    pace.done(2)
    await clock.advance(1_000)
    await pace.step()
    expect(told.slice(1)).toEqual([[2, 3]])
    pace.done()
    await clock.advance(1_000)
    await pace.step()
    expect(told).toHaveLength(2)
  })

  it('ends work that nobody waits for', async () => {
    const { gone, pace } = start()
    await pace.step()
    gone.abort()
    await expect(pace.step()).rejects.toThrow('left')
  })

  it('asks whether it is the turn of others after so much work', () => {
    let asked = 0
    const turns = { step: () => void asked++ }
    const pace = new Pace({ waiting: quietWaiting, clock: new ManualClock(), turns })
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
