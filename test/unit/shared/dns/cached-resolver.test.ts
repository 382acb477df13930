import { describe, expect, it } from 'vitest'
import { createCachedResolver, type DnsCacheOptions } from '#shared/dns/cached-resolver.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const usual: DnsCacheOptions = {
  entriesMax: 100,
  bytesMax: 100_000,
  positiveLifeMs: 300_000,
  negativeLifeMs: 60_000,
  failureLifeMs: 5_000,
}

function cached(zone: FakeZone, options: Partial<DnsCacheOptions> = {}) {
  const inner = createFakeResolver(zone)
  const clock = new ManualClock()
  const dns = createCachedResolver(inner, { clock, options: { ...usual, ...options } })
  return { inner, clock, dns, questions: inner.questions }
}

describe('createCachedResolver', () => {
  it('remembers what was found, by name and type, in any case of letters', async () => {
    const { dns, questions } = cached({ 'a.test': { a: ['192.0.2.1'], txt: ['t'] } })
    const first = await dns.resolve4('a.test')
    expect(await dns.resolve4('A.test.')).toEqual(first)
    expect(await dns.resolveTxt('a.test')).toEqual({ kind: 'found', records: ['t'] })
    expect(questions).toEqual(['A a.test', 'TXT a.test'])
  })

  it.each<[string, number, FakeZone]>([
    ['what was found', 300_000, { 'x.test': { mx: ['10 mx.test'] } }],
    ['what is not there', 60_000, { 'x.test': {} }],
    ['what does not exist', 60_000, {}],
    ['a failure', 5_000, { 'x.test': 'failure' }],
  ])('remembers %s for its life', async (_, lifeMs, zone) => {
    const { dns, clock, questions } = cached(zone)
    const first = await dns.resolveMx('x.test')
    await clock.advance(lifeMs - 1)
    expect(await dns.resolveMx('x.test')).toEqual(first)
    expect(questions).toHaveLength(1)
    await clock.advance(1)
    await dns.resolveMx('x.test')
    expect(questions).toHaveLength(2)
  })

  it.each([
    [2, 2_000],
    [86_400, 300_000],
  ])('keeps addresses with a TTL of %i s for %i ms', async (ttlSeconds, lifeMs) => {
    const { dns, clock, inner, questions } = cached({})
    inner.resolve4 = async (name) => {
      questions.push(name)
      return { kind: 'found', records: ['192.0.2.1'], ttlSeconds }
    }
    await dns.resolve4('a.test')
    await clock.advance(lifeMs - 1)
    await dns.resolve4('a.test')
    expect(questions).toHaveLength(1)
    await clock.advance(1)
    await dns.resolve4('a.test')
    expect(questions).toHaveLength(2)
  })

  it('does not keep what has a TTL of 0', async () => {
    const { dns, inner, questions } = cached({})
    inner.resolve4 = async (name) => {
      questions.push(name)
      return { kind: 'found', records: ['192.0.2.1'], ttlSeconds: 0 }
    }
    await dns.resolve4('a.test')
    await dns.resolve4('a.test')
    expect(questions).toHaveLength(2)
  })

  it('asks once for all who ask at the same time', async () => {
    const { dns, inner, questions } = cached({})
    const { promise, resolve } = Promise.withResolvers<DnsAnswer<string>>()
    inner.resolve4 = (name) => {
      questions.push(name)
      return promise
    }
    const all = [dns.resolve4('a.test'), dns.resolve4('a.test'), dns.resolve4('A.test')]
    resolve({ kind: 'none' })
    expect(await Promise.all(all)).toEqual([{ kind: 'none' }, { kind: 'none' }, { kind: 'none' }])
    expect(questions).toHaveLength(1)
  })

  it('keeps so many entries: what was used longest ago goes', async () => {
    const { dns, questions } = cached({}, { entriesMax: 2 })
    for (const name of ['a.test', 'b.test', 'a.test', 'c.test']) await dns.resolve4(name)
    questions.length = 0
    await dns.resolve4('a.test')
    await dns.resolve4('c.test')
    expect(questions).toEqual([])
    await dns.resolve4('b.test')
    expect(questions).toEqual(['A b.test'])
  })

  it('keeps so many bytes', async () => {
    const text = 'x'.repeat(1_000)
    const zone = { 'a.test': { txt: [text] }, 'b.test': { txt: [text] }, 'c.test': { txt: [text] } }
    const { dns, questions } = cached(zone, { bytesMax: 2_600 })
    for (const name of ['a.test', 'b.test', 'c.test']) await dns.resolveTxt(name)
    questions.length = 0
    for (const name of ['b.test', 'c.test', 'a.test']) await dns.resolveTxt(name)
    expect(questions).toEqual(['TXT a.test'])
  })

  it('keeps nothing that alone is larger than all may be', async () => {
    const zone = { 'a.test': { txt: ['x'.repeat(3_000)] }, 'b.test': { txt: ['t'] } }
    const { dns, questions } = cached(zone, { bytesMax: 1_000 })
    for (const name of ['b.test', 'a.test', 'b.test', 'a.test']) await dns.resolveTxt(name)
    expect(questions).toEqual(['TXT b.test', 'TXT a.test', 'TXT a.test'])
  })
})
