// What `npm run bench -- hostile functions` times is counted here: no function that sees bytes from outside takes more steps than in
// proportion to them, whatever they are.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FunctionCase, functionCases } from '#test/bench/hostile/function-cases.ts'
import { indexed, messageCases } from '#test/bench/hostile/message-cases.ts'
import { patterns } from '#test/bench/hostile/patterns.ts'
import { StepCounter } from '#test/support/steps.ts'

const BYTES = 256
const TIMES = 4
/** All patterns together; a quadratic one among the linear makes it more. */
const RATIO_MAX = 1.2 * TIMES

describe('steps grow no faster than the input', () => {
  let counter: StepCounter
  beforeAll(async () => {
    counter = await StepCounter.open()
  })
  afterAll(() => counter[Symbol.asyncDispose]())

  async function stepsOf(run: () => void): Promise<number> {
    await counter.take()
    run()
    return counter.take()
  }

  it.each(functionCases.filter(({ bytesMax }) => bytesMax >= TIMES * BYTES))(
    '$name',
    async ({ on }) => {
      const small = await stepsOf(() => tryAll(on, BYTES))
      const large = await stepsOf(() => tryAll(on, TIMES * BYTES))
      expect(large / small).toBeLessThan(RATIO_MAX)
    },
  )

  it.each(messageCases)('indexer: $name', async ({ make }) => {
    const bytes = 16_384
    const messages = [make(2 * bytes), make(2 * bytes * TIMES)] as const
    const small = await stepsOf(() => indexed(messages[0]))
    const large = await stepsOf(() => indexed(messages[1]))
    expect(large / small).toBeLessThan(RATIO_MAX)
  })

  it('finds what looks through the rest again and again', async () => {
    const quadratic = (text: string) => {
      for (let at = 0; at < text.length; at++) text.indexOf('~~', at)
    }
    const on: FunctionCase['on'] = (text) => () => quadratic(text)
    const small = await stepsOf(() => tryAll(on, BYTES))
    const large = await stepsOf(() => tryAll(on, TIMES * BYTES))
    expect(large / small).toBeGreaterThan(RATIO_MAX)
  })
})

function tryAll(on: FunctionCase['on'], bytes: number): void {
  for (const { make } of patterns) {
    const work = on(make(bytes))
    try {
      work()
    } catch {
      // A refusal.
    }
  }
}
