import { expect, it } from 'vitest'
import { sleep } from '#services/policy/restrictions/sleep.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { judgeWord, knownOfClient, told } from '#test/support/policy-facts.ts'

it('sleep waits, and says nothing', async () => {
  const waits: number[] = []
  const clock: Clock = {
    now: () => 0,
    async sleep(ms) {
      waits.push(ms)
    },
  }
  expect(await told(judgeWord(sleep, knownOfClient(), { argument: '3', clock }))).toBe('dunno')
  expect(waits).toEqual([3_000])
})
