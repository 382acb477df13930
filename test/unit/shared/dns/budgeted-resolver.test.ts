import { describe, expect, it } from 'vitest'
import { createBudgetedResolver, tooLate, tooMany } from '#shared/dns/budgeted-resolver.ts'
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
    const { dns, clock } = budgeted(999)
    const answer = dns.resolve4('a.test')
    await clock.advance(999)
    expect(await answer).toEqual(found)
  })

  it('ends the wait when the time is over, for all who wait, and asks no more', async () => {
    const { dns, clock, questions } = budgeted(5_000)
    const first = dns.resolve4('a.test')
    await clock.advance(400)
    const second = dns.resolve4('b.test')
    await clock.advance(600)
    expect(await Promise.all([first, second])).toEqual([tooLate, tooLate])
    expect(await dns.resolve4('c.test')).toEqual(tooLate)
    expect(questions).toEqual(['a.test', 'b.test'])
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

  it('does not give it all for the name of an address', async () => {
    const { dns, clock } = budgeted(500)
    const name = dns.resolvePtr('192.0.2.1')
    await clock.advance(250)
    expect(await name).toEqual(tooLate)
    const address = dns.resolve4('a.test')
    await clock.advance(500)
    expect(await address).toEqual(found)
  })

  it('asks so many questions and no more', async () => {
    const { dns, questions } = budgeted(0, { questionsMax: 2 })
    expect(await dns.resolve4('a.test')).toEqual(found)
    expect(await dns.resolveMx('b.test')).toEqual({ kind: 'nxdomain' })
    expect(await dns.resolvePtr('192.0.2.1')).toEqual(tooMany)
    expect(questions).toEqual(['a.test', 'MX b.test'])
  })
})
