// RFC 5235: what policy found of the message, as scripts ask it.

import { defineTest, flag, string } from '../definition.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'

/** RFC 5235 §3.2: 0 to 10, or with :percent 0 to 100; what was not tested is 0, and counts as no value. */
export const spamTest = defineTest({
  name: 'spamtest',
  extensions: ['spamtest', 'spamtestplus'],
  tags: { ...matching, percent: flag('percent', 'spamtestplus') },
  positional: { value: string },
  check: checkMatching,
  async evaluate({ value, percent, ...tags }, run) {
    const { spamPercent } = await run.context.verdict()
    if (tags.match?.tag === 'count' && spamPercent === undefined) {
      return matchAny(run, tags, [], [value])
    }
    return matchAny(run, tags, [percent ? String(spamPercent ?? 0) : tenth(spamPercent)], [value])
  },
})

/** 1 is clean, 10 surely spam, and what lies between is between. */
function tenth(percent: number | undefined): string {
  if (percent === undefined) return '0'
  if (percent <= 0) return '1'
  return percent >= 100 ? '10' : String(Math.min(9, 2 + Math.floor(percent / 12.5)))
}

/** RFC 5235 §3.3. */
export const virusTest = defineTest({
  name: 'virustest',
  extensions: ['virustest'],
  tags: matching,
  positional: { value: string },
  check: checkMatching,
  async evaluate({ value, ...tags }, run) {
    const { virus } = await run.context.verdict()
    const isCounted = tags.match?.tag === 'count' && virus === 0
    return matchAny(run, tags, isCounted ? [] : [String(virus)], [value])
  },
})
