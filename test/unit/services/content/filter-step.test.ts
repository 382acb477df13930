import { describe, expect, it } from 'vitest'
import {
  createFilterStep,
  FILTER_WAITING_MAX,
  type Filter,
  FilterFailure,
  type FilterOptions,
} from '#services/content/filter-step.ts'
import type { ContentMessage } from '#shared/contracts/content.ts'
import { HeaderTooLong } from '#shared/mail/header-edits.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { contentFacts, contentMessage } from '#test/support/content.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const message = contentMessage('Subject: x\r\n\r\nbody\r\n')

function stepOf(ask: Filter['ask'], options: Partial<FilterOptions> = {}) {
  const clock = new ManualClock()
  const log = new MemoryLog()
  const step = createFilterStep(
    { name: 'test', ask },
    {
      timeLimitMs: 1_000,
      concurrency: 4,
      onFailure: 'defer',
      sizeLimit: 10_000,
      onOversize: 'accept',
      mail: 'all',
      ...options,
    },
    { clock, log },
  )
  const judge = async (given: ContentMessage = message) => step.begin(contentFacts())?.judge(given)
  return { step, judge, clock, log }
}

describe('a filter', () => {
  const login = { id: 'a1', login: 'ann@example.test' }
  it.each([
    ['all', [true, true]],
    ['strangers', [true, false]],
    ['submissions', [false, true]],
  ] as const)('looks at the mail of %s', (mail, expected) => {
    const { step } = stepOf(async () => ({ kind: 'accept' }), { mail })
    const { origin } = contentFacts()
    const seen = [null, login].map((account) => {
      return step.begin(contentFacts({ origin: { ...origin, account } })) !== undefined
    })
    expect(seen).toEqual(expected)
  })

  it.each([
    ['accept', { kind: 'accept', found: 'not looked at: 20 bytes' }],
    ['reject', { kind: 'reject', reply: { code: 552, status: '5.3.4' } }],
  ] as const)('is not shown what is larger than its limit: %s', async (onOversize, expected) => {
    const ask = async () => {
      throw new Error('asked')
    }
    const { bytes } = message.spooled.index
    expect(await stepOf(ask, { sizeLimit: bytes - 1, onOversize }).judge()).toMatchObject(expected)
    const asked = stepOf(async () => ({ kind: 'accept' }), { sizeLimit: bytes, onOversize })
    expect(await asked.judge()).toEqual({ kind: 'accept' })
  })

  it.each([
    ['defer', { kind: 'reject', reply: { code: 451, status: '4.7.1' }, found: 'failed: away' }],
    ['accept', { kind: 'accept', found: 'failed: away', warnings: ['failed: away'] }],
  ] as const)('that fails leads to %s, and the log has it', async (onFailure, expected) => {
    const ask = async () => {
      throw new FilterFailure('away')
    }
    const { judge, log } = stepOf(ask, { onFailure })
    expect(await judge()).toMatchObject(expected)
    expect(log.find('filter failed')).toMatchObject({ level: 'error', filter: 'test', onFailure })
  })

  it.each([
    ['read', new TemporaryFailure('the store does not answer')],
    ['edited', new HeaderTooLong('too long')],
  ])('is not blamed for a message that cannot be %s', async (_, error) => {
    const ask = async () => {
      throw error
    }
    await expect(stepOf(ask, { onFailure: 'accept' }).judge()).rejects.toBe(error)
  })

  it('that does not heed its time is not waited for, and its turn is given on', async () => {
    const signals: AbortSignal[] = []
    const ask: Filter['ask'] = (_message, _facts, signal) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise(() => {}) : Promise.resolve({ kind: 'accept' })
    }
    const { judge, clock } = stepOf(ask, { concurrency: 1 })
    const first = judge()
    clock.advance(1_000)
    expect(await first).toMatchObject({ kind: 'reject', found: 'failed: no answer in time' })
    expect(signals[0]?.aborted).toBe(true)
    expect(await judge()).toEqual({ kind: 'accept' })
    expect(signals[1]?.aborted).toBe(false)
  })

  it('looks at so many at a time; a bounded number waits, and others are not looked at', async () => {
    let asked = 0
    let most = 0
    const waiting: (() => void)[] = []
    const ask: Filter['ask'] = async () => {
      asked += 1
      most = Math.max(most, asked)
      await new Promise<void>((resolve) => waiting.push(resolve))
      asked -= 1
      return { kind: 'accept' }
    }
    const { judge } = stepOf(ask)
    const count = 4 + FILTER_WAITING_MAX + 3
    const verdicts = Promise.all(Array.from({ length: count }, () => judge()))
    for (let done = 0; done < 4 + FILTER_WAITING_MAX; ) {
      await new Promise((resolve) => setImmediate(resolve))
      for (const resolve of waiting.splice(0)) {
        resolve()
        done += 1
      }
    }
    const kinds = (await verdicts).map((verdict) => verdict?.found ?? verdict?.kind)
    expect(kinds.filter((kind) => kind === 'accept')).toHaveLength(4 + FILTER_WAITING_MAX)
    expect(kinds.filter((kind) => kind === 'failed: too busy')).toHaveLength(3)
    expect(most).toBe(4)
  })

  it('gives up those that wait when their time is over', async () => {
    const { judge, clock } = stepOf(() => new Promise(() => {}), { concurrency: 1 })
    const all = Promise.all([judge(), judge(), judge()])
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1_000)
    expect((await all).map((verdict) => verdict?.kind)).toEqual(['reject', 'reject', 'reject'])
  })
})
