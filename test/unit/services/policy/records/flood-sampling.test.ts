import { expect, it } from 'vitest'
import { FloodSampling, REFUSALS_RECORDED_MAX } from '#services/policy/records/flood-sampling.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

it('records refusals one by one, then ever fewer, and none is counted twice or left out', () => {
  const flood = new FloodSampling(new ManualClock())
  const weights = Array.from({ length: 1_024 }, () => flood.weigh('203.0.113.5'))
  const recorded = weights.flatMap((weight) => weight ?? [])
  const { length } = recorded
  expect(weights.slice(0, REFUSALS_RECORDED_MAX)).toEqual(Array(REFUSALS_RECORDED_MAX).fill(1))
  expect(length).toBe(REFUSALS_RECORDED_MAX + 6)
  expect(recorded.slice(REFUSALS_RECORDED_MAX)).toEqual([16, 32, 64, 128, 256, 512])
  expect(recorded.reduce((sum, one) => sum + one, 0)).toBe(1_024)
})

it('counts a neighbourhood together, and each minute anew', async () => {
  const clock = new ManualClock()
  const flood = new FloodSampling(clock)
  const hosts = Array.from({ length: REFUSALS_RECORDED_MAX }, (_, n) => `2001:db8:1:${n}::1`)
  for (const host of hosts) expect(flood.weigh(host)).toBe(1)
  expect(flood.weigh('2001:db8:1:ffff::2')).toBeUndefined()
  expect(flood.weigh('198.51.100.1')).toBe(1)
  await clock.advance(60_000)
  expect(flood.weigh('2001:db8:1:ffff::2')).toBe(1)
})
