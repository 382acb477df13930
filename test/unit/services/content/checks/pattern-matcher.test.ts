import { describe, expect, it } from 'vitest'
import {
  CALLS_WAITING_MAX,
  PatternMatcher,
  SlowPattern,
} from '#services/content/checks/pattern-matcher.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { parsePatternTable } from '#shared/settings/patterns/pattern-table.ts'

const matcher = (timeMs: number, ...tables: readonly string[]) =>
  new PatternMatcher(tables.map(parsePatternTable), { clock: systemClock, timeMs })

describe('the thread that matches patterns', () => {
  it('tells of each line the first rule that matches, with its groups', async () => {
    const one = matcher(5_000, '/x(.)(y)?/ HOLD\n/x/ REJECT', '/q/ HOLD')
    expect(
      await one.match(
        [
          [0, 'axb'],
          [0, 'q'],
          [1, 'q'],
        ],
        'a',
      ),
    ).toEqual([
      { index: 0, rule: 0, groups: ['xb', 'b', ''] },
      { index: 2, rule: 0, groups: ['q'] },
    ])
    one.close()
  })

  it('is replaced when a pattern takes too long', async () => {
    const one = matcher(300, '/^(a+)+$/ HOLD\n/b/ HOLD')
    const slow = one.match([[0, `${'a'.repeat(40)}!`]], 'a')
    const behind = one.match([[0, 'b']], 'a')
    await expect(slow).rejects.toMatchObject({ name: 'SlowPattern', table: 0, rule: 0 })
    await expect(slow).rejects.toThrow(SlowPattern)
    expect(await behind).toEqual([{ index: 0, rule: 1, groups: ['b'] }])
    one.close()
  })

  it('takes the calls of each client in turn', async () => {
    const one = matcher(5_000, '/b/ HOLD')
    const order: string[] = []
    const calls = ['a', 'a', 'a', 'b', 'c', 'b'].map((whose, i) =>
      one.match([[0, 'b']], whose).then(() => order.push(`${whose}${i}`)),
    )
    await Promise.all(calls)
    expect(order).toEqual(['a0', 'a1', 'b3', 'c4', 'a2', 'b5'])
    one.close()
  })

  it('lets no more wait than there is room for', async () => {
    const one = matcher(5_000, '/b/ HOLD')
    const calls = Array.from({ length: CALLS_WAITING_MAX }, () => one.match([[0, 'a']], 'a'))
    await expect(one.match([[0, 'a']], 'a')).rejects.toThrow('too many messages wait')
    await Promise.all(calls)
    expect(await one.match([[0, 'a']], 'a')).toEqual([])
    one.close()
  })
})
