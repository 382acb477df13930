import { describe, expect, it } from 'vitest'
import { createDnsLists } from '#services/policy/dns-lists/dns-lists.ts'
import {
  FAILURES_MAX,
  OFF_MAX_MS,
  OFF_MIN_MS,
  TEST_AGAIN_MS,
  TEST_HOLDS_MS,
} from '#services/policy/dns-lists/health.ts'
import { tooLate, tooMany } from '#shared/dns/budgeted-resolver.ts'
import { notRecorded } from '#shared/dns/recording-resolver.ts'
import { parseDnsList } from '#shared/settings/restrictions/dns-list-filter.ts'
import { settingsOf } from '#test/support/dns-list-words.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const client = { kind: 'address', text: '192.0.2.9' } as const
const domain = { kind: 'domain', text: 'bad.test' } as const
const listOf = (text: string) => parseDnsList(text) ?? expect.fail(text)
const plain = listOf('list.test')

type Records = { [name: string]: FakeZone[string] }

/** A list in order with one client in it; `records` are in the zone besides. */
function world(records: Records = {}, set: readonly string[] = []) {
  const zone: Records = {
    '2.0.0.127.list.test': { a: ['127.0.0.2'] },
    '9.2.0.192.list.test': { a: ['127.0.0.4'], txt: ['spam source', 'see there'] },
    ...records,
  }
  const clock = new ManualClock()
  const log = new MemoryLog()
  const dns = createFakeResolver(zone)
  const lists = createDnsLists({ clock, log, settings: settingsOf(set) })
  return { lists, clock, log, dns, zone }
}

describe('a DNS list', () => {
  it('has an address or has it not', async () => {
    const { lists, dns } = world()
    expect(await lists.lookUp(plain, client, dns)).toEqual({ kind: 'listed' })
    expect(await lists.lookUp(plain, { kind: 'address', text: '192.0.2.10' }, dns)).toEqual({
      kind: 'unlisted',
    })
  })

  it('has a domain', async () => {
    const { lists, dns } = world({ 'bad.test.list.test': { a: ['127.0.1.2'] } })
    expect(await lists.lookUp(plain, domain, dns)).toEqual({ kind: 'listed' })
    expect(await lists.lookUp(plain, { kind: 'domain', text: 'unknown' }, dns)).toEqual({
      kind: 'unlisted',
    })
  })

  it('has nothing that its filter does not want', async () => {
    const { lists, dns } = world()
    for (const [filter, kind] of [
      ['127.0.0.[4..7]', 'listed'],
      ['127.0.0.2', 'unlisted'],
    ]) {
      expect(await lists.lookUp(listOf(`list.test=${filter}`), client, dns)).toEqual({ kind })
    }
  })

  it('gives reasons, cut to a length', async () => {
    const { lists, dns, zone } = world()
    expect(await lists.reasonFor(plain, client, dns)).toBe('spam source / see there')
    zone['9.2.0.192.list.test'] = { txt: ['x'.repeat(400), 'y'.repeat(400)] }
    expect(await lists.reasonFor(plain, client, dns)).toHaveLength(500)
    zone['9.2.0.192.list.test'] = 'failure'
    expect(await lists.reasonFor(plain, client, dns)).toBe('')
  })

  it('that wants a key has it only where a setting names the list', () => {
    const { lists } = world({}, [
      'dnsListKeys=dqs=abcdefgh',
      'smtpdClientRestrictions=reject_rbl_client <dqs>.list.test',
    ])
    lists.check(listOf('<dqs>.list.test=127.0.0.2'))
    lists.check(plain)
    expect(() => lists.check(listOf('<dqs>.other.test'))).toThrow('only where a setting names it')
  })
})

describe('a DNS list out of order', () => {
  const off = { kind: 'off' }

  it.each([
    ['answers outside of 127/8', { '9.2.0.192.list.test': { a: ['203.0.113.1'] } }],
    ['says that it does not answer us', { '9.2.0.192.list.test': { a: ['127.255.255.254'] } }],
    ['says so as SURBL does', { '9.2.0.192.list.test': { a: ['127.0.0.1'] } }],
    ['says so as DNSWL does', { '9.2.0.192.list.test': { a: ['127.0.0.255'] } }],
    ['lists what no list has', { '1.0.0.127.list.test': { a: ['127.0.0.2'] } }],
    ['lists nothing', { '2.0.0.127.list.test': {} }],
  ] satisfies [string, Records][])(
    'is switched off when it %s, and told once',
    async (_, records) => {
      const { lists, dns, log, clock } = world(records)
      expect(await lists.lookUp(plain, client, dns)).toEqual(off)
      expect(log.lines).toMatchObject([
        { level: 'warn', fields: { dnsList: 'list.test' }, message: 'DNS list switched off' },
      ])
      const asked = dns.questions.length
      expect(await lists.lookUp(plain, client, dns)).toEqual(off)
      expect(dns.questions).toHaveLength(asked)
      // Tried again in vain: nothing new to tell.
      await clock.advance(OFF_MIN_MS)
      expect(await lists.lookUp(plain, client, dns)).toEqual(off)
      expect(dns.questions.length).toBeGreaterThan(asked)
      expect(log.lines).toHaveLength(1)
    },
  )

  it('is one of domains that lists INVALID', async () => {
    const { lists, dns } = world({ 'invalid.list.test': { a: ['127.0.0.2'] } })
    expect(await lists.lookUp(plain, domain, dns)).toEqual(off)
    expect(await lists.lookUp(plain, client, dns)).toEqual({ kind: 'listed' })
  })

  it('is one that did not answer so many times in a row', async () => {
    const { lists, dns, zone, log } = world({ '8.2.0.192.list.test': 'failure' })
    const silent = { kind: 'address', text: '192.0.2.8' } as const
    const ask = async () => (await lists.lookUp(plain, silent, dns)).kind
    for (let n = 1; n < FAILURES_MAX; n += 1) expect(await ask()).toBe('failure')
    await lists.lookUp(plain, client, dns)
    for (let n = 1; n < FAILURES_MAX; n += 1) expect(await ask()).toBe('failure')
    expect(log.lines).toEqual([])
    expect(await ask()).toBe('failure')
    expect(log.find('DNS list switched off')?.reason).toBe('ESERVFAIL')
    zone['8.2.0.192.list.test'] = {}
    expect(await ask()).toBe('off')
  })

  it('is one that does not answer in time', async () => {
    const { lists, dns, log, clock } = world()
    const silent = { ...dns, resolve4: () => new Promise<never>(() => {}) }
    for (let n = 0; n < FAILURES_MAX; n += 1) {
      const asked = lists.lookUp(plain, client, silent)
      await clock.advance(4_000)
      expect(await asked).toMatchObject({ kind: 'failure' })
    }
    expect(log.find('DNS list switched off')?.reason).toBe('it did not answer in time')
  })

  it('is not one that there was no time to ask', async () => {
    const { lists, dns } = world()
    for (const answer of [tooLate, tooMany, notRecorded]) {
      const spent = { ...dns, resolve4: async () => answer }
      const kind = answer === notRecorded ? 'failure' : 'unasked'
      for (let n = 0; n <= FAILURES_MAX; n += 1) {
        expect(await lists.lookUp(plain, client, spent)).toEqual({ ...answer, kind })
      }
    }
  })

  it('is not kept off by messages that have no time to test it', async () => {
    const { lists, dns, zone, clock } = world({ '1.0.0.127.list.test': { a: ['127.0.0.2'] } })
    expect((await lists.lookUp(plain, client, dns)).kind).toBe('off')
    delete zone['1.0.0.127.list.test']
    await clock.advance(OFF_MIN_MS)
    const spent = { ...dns, resolve4: async () => tooLate }
    expect((await lists.lookUp(plain, client, spent)).kind).toBe('off')
    expect((await lists.lookUp(plain, client, dns)).kind).toBe('listed')
  })

  it('is tried again after a time that grows, and back when it answers soundly', async () => {
    const { lists, dns, zone, log, clock } = world({ '1.0.0.127.list.test': { a: ['127.0.0.2'] } })
    const kindAfter = async (ms: number) => {
      await clock.advance(ms)
      return (await lists.lookUp(plain, client, dns)).kind
    }
    expect(await kindAfter(0)).toBe('off')
    expect(await kindAfter(OFF_MIN_MS)).toBe('off')
    delete zone['1.0.0.127.list.test']
    expect(await kindAfter(2 * OFF_MIN_MS - 1)).toBe('off')
    expect(await kindAfter(1)).toBe('listed')
    expect(log.find('DNS list switched on again')).toMatchObject({ level: 'info' })
    // From the beginning: the next time off is short again.
    zone['9.2.0.192.list.test'] = { a: ['127.255.255.255'] }
    expect(await kindAfter(0)).toBe('off')
    zone['9.2.0.192.list.test'] = { a: ['127.0.0.4'] }
    expect(await kindAfter(OFF_MIN_MS)).toBe('listed')
  })

  it('is tried again once an hour at least, however long it has been off', async () => {
    const { lists, dns, clock } = world({ '1.0.0.127.list.test': { a: ['127.0.0.2'] } })
    for (let n = 0; n < 12; n += 1) {
      const asked = dns.questions.length
      expect((await lists.lookUp(plain, client, dns)).kind).toBe('off')
      expect(dns.questions.length).toBeGreaterThan(asked)
      await clock.advance(OFF_MAX_MS)
    }
  })

  it('is tested again soon where nobody answered the test', async () => {
    const { lists, dns, zone, clock } = world({ '2.0.0.127.list.test': 'failure' })
    const askedBy = async () => {
      const asked = dns.questions.length
      expect(await lists.lookUp(plain, client, dns)).toEqual({ kind: 'listed' })
      return dns.questions.length - asked
    }
    expect([await askedBy(), await askedBy()]).toEqual([3, 1])
    zone['2.0.0.127.list.test'] = { a: ['127.0.0.2'] }
    await clock.advance(TEST_AGAIN_MS)
    expect(await askedBy()).toBe(3)
    await clock.advance(TEST_AGAIN_MS)
    expect(await askedBy()).toBe(1)
  })

  it('is not tested where that is not wanted, nor more often than it must', async () => {
    const untested = world({ '2.0.0.127.list.test': {} }, ['dnsListTest=no'])
    expect(await untested.lists.lookUp(plain, client, untested.dns)).toEqual({ kind: 'listed' })
    expect(untested.dns.questions).toEqual(['A 9.2.0.192.list.test'])

    const { lists, dns, clock } = world()
    await Promise.all([lists.lookUp(plain, client, dns), lists.lookUp(plain, client, dns)])
    expect(dns.questions).toHaveLength(4)
    await clock.advance(TEST_HOLDS_MS - 1)
    await lists.lookUp(plain, client, dns)
    expect(dns.questions).toHaveLength(5)
    await clock.advance(1)
    await lists.lookUp(plain, client, dns)
    expect(dns.questions).toHaveLength(8)
  })

  it('is not one of good clients that has no test entry', async () => {
    const { lists, dns } = world({ '2.0.0.127.list.test': {} })
    const welcoming = { ...plain, isWelcoming: true } as const
    expect(await lists.lookUp(welcoming, client, dns)).toEqual({ kind: 'listed' })
  })
})
