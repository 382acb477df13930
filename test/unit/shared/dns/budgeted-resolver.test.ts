import { describe, expect, it } from 'vitest'
import {
  createBudgetedResolver,
  tooLate,
  tooMany,
  unanswered,
} from '#shared/dns/budgeted-resolver.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

/** Every A record is found after `delayMs`. */
function budgeted(delayMs: number, { timeLimitMs = 1_000, questionsMax = 10 } = {}) {
  const clock = new ManualClock()
  const inner = createFakeResolver({})
  const { questions } = inner
  inner.resolve4 = async (name) => {
    questions.push(name)
    await clock.sleep(delayMs)
    return found
  }
  if (delayMs > 0) inner.resolvePtr = () => new Promise(() => {})
  const dns = createBudgetedResolver(inner, { clock, budget: { timeLimitMs, questionsMax } })
  return { clock, dns, questions }
}

const found: DnsAnswer<string> = { kind: 'found', records: ['192.0.2.1'] }

describe('createBudgetedResolver', () => {
  it('passes on what comes in time', async () => {
    const { dns, clock } = budgeted(499)
    const answer = dns.resolve4('a.test')
    await clock.advance(499)
    expect(await answer).toEqual(found)
  })

  it('ends the wait when the time is over, for all who wait, and asks no more', async () => {
    const { dns, clock, questions } = budgeted(5_000)
    const first = dns.resolve4('a.test')
    await clock.advance(400)
    const second = dns.resolve4('b.test')
    await clock.advance(300)
    const third = dns.resolve4('c.test')
    await clock.advance(300)
    expect(await Promise.all([first, second, third])).toEqual([unanswered, unanswered, tooLate])
    expect(await dns.resolve4('d.test')).toEqual(tooLate)
    expect(questions).toEqual(['a.test', 'b.test', 'c.test'])
  })

  it('counts the time of answers only, together once', async () => {
    const { dns, clock } = budgeted(300)
    for (const name of ['a.test', 'b.test', 'c.test']) {
      const both = Promise.all([dns.resolve4(name), dns.resolve4(`also.${name}`)])
      await clock.advance(300)
      expect(await both).toEqual([found, found])
      // Spent on something else.
      await clock.advance(10_000)
    }
    const late = dns.resolve4('d.test')
    await clock.advance(100)
    expect(await late).toEqual(tooLate)
  })

  it('gives half of it for one question at most, and for the name of an address less', async () => {
    const { dns, clock } = budgeted(501)
    const name = dns.resolvePtr('192.0.2.1')
    await clock.advance(250)
    expect(await name).toEqual(unanswered)
    const dead = dns.resolve4('a.test')
    await clock.advance(500)
    expect(await dead).toEqual(unanswered)
    const late = dns.resolve4('b.test')
    await clock.advance(250)
    expect(await late).toEqual(tooLate)
  })

  it('asks so many questions and no more', async () => {
    const { dns, questions } = budgeted(0, { questionsMax: 2 })
    expect(await dns.resolve4('a.test')).toEqual(found)
    expect(await dns.resolveMx('b.test')).toEqual({ kind: 'nxdomain' })
    expect(await dns.resolvePtr('192.0.2.1')).toEqual(tooMany)
    expect(questions).toEqual(['a.test', 'MX b.test'])
  })
})
