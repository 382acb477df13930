import { describe, expect, it } from 'vitest'
import { INPROGRESS_INTERVAL_MS, tellingProgress } from '#services/imap/progress.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { quietWire } from '#test/support/quiet-wire.ts'

function start(tag: string) {
  const clock = new ManualClock()
  const told: string[] = []
  const wire = { ...quietWire, untagged: (response: string | Buffer) => told.push(`${response}`) }
  const work = Promise.withResolvers<string>()
  const result = tellingProgress({ tag, deps: { clock } }, wire, work.promise)
  return { clock, told, work, result }
}

describe('tellingProgress', () => {
  // RFC 9585 §4
  it('tells a waiting client once in an interval that its command goes on', async () => {
    const { clock, told, work, result } = start('a1')
    await clock.advance(INPROGRESS_INTERVAL_MS - 1)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toEqual(['OK [INPROGRESS ("a1" NIL NIL)] Still working on it'])
    await clock.advance(INPROGRESS_INTERVAL_MS)
    expect(told).toHaveLength(2)
    work.resolve('done')
    expect(await result).toBe('done')
    await clock.advance(INPROGRESS_INTERVAL_MS)
    expect(told).toHaveLength(2)
  })

  it('does not name a tag that would end the code', async () => {
    const { clock, told, work, result } = start('a]1')
    await clock.advance(INPROGRESS_INTERVAL_MS)
    expect(told).toEqual(['OK [INPROGRESS (NIL NIL NIL)] Still working on it'])
    work.resolve('done')
    await result
  })

  it('passes on what went wrong and tells no more', async () => {
    const { clock, told, work, result } = start('a1')
    work.reject(new Error('broken'))
    await expect(result).rejects.toThrow('broken')
    await clock.advance(INPROGRESS_INTERVAL_MS)
    expect(told).toEqual([])
  })
})
