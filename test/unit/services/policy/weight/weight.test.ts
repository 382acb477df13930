import { describe, expect, it } from 'vitest'
import { createClient } from '#services/policy/client.ts'
import { createDnsLists } from '#services/policy/dns-lists/dns-lists.ts'
import type { Known } from '#services/policy/known.ts'
import type { Decision } from '#services/policy/restriction.ts'
import { createWeightService } from '#services/policy/weight/weight.ts'
import { tooLate } from '#shared/dns/budgeted-resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { settingsOf } from '#test/support/dns-list-words.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { known, knownOfClient, knownRecipient, stranger } from '#test/support/policy-facts.ts'

const SECOND = 1_000
const DAY = 86_400 * SECOND

const list = { a: ['127.0.0.2'] }
/** 203.0.113.5 is the mail server of good.test, and 198.51.100.66 nobody's. */
const zone: FakeZone = {
  '2.0.0.127.one.test': list,
  '2.0.0.127.two.test': list,
  '2.0.0.127.three.test': list,
  '203.0.113.5': { ptr: ['mail.good.test'] },
  'mail.good.test': { a: ['203.0.113.5'] },
  'good.test': { mx: ['10 mail.good.test'] },
  '198.51.100.66': { ptr: ['host.elsewhere.test'] },
  'host.elsewhere.test': { a: ['198.51.100.66'] },
}
const lists =
  'weightDnsLists=one.test 3.25 0 DYN_ONE, two.test 4.35 -1.5 TWO, three.test 3.75 -1.5 THREE'

function world(records: FakeZone = {}, set: readonly string[] = []) {
  const settings = settingsOf([
    'policyPreset=isp',
    lists,
    'dnsListTest=no',
    'weightRhsLists=rhs.test 4 0 RHS',
    ...set,
  ])
  const names: { [name: string]: FakeZone[string] } = { ...zone, ...records }
  const dns = createFakeResolver(names)
  const clock = new ManualClock()
  const log = new MemoryLog()
  const service = createWeightService({
    dnsLists: createDnsLists({ clock, log, settings }),
    settings,
    clock,
    log,
    compile: (text) => [{ name: text, decide: () => ({ kind: 'dunno' }) }],
  })
  let messages = 0
  const facts = (given: Partial<Known>, address: string, helo: string): Known =>
    known({
      queueId: `Q${messages}` as QueueId,
      origin: { ...stranger, remoteAddress: address, helo },
      client: createClient(address, dns),
      dns,
      sender: 's@good.test',
      ...given,
    })
  return {
    clock,
    dns,
    log,
    names,
    service,
    /** The mail server of good.test, with another message each time. */
    good(given: Partial<Known> = {}) {
      messages += 1
      return service.decide(facts(given, '203.0.113.5', 'mail.good.test'))
    },
    /** Somebody who says to be that server. */
    bad(given: Partial<Known> = {}) {
      messages += 1
      return service.decide(facts(given, '198.51.100.66', 'mail.good.test'))
    },
    again(given: Partial<Known> = {}) {
      return service.decide(facts(given, '203.0.113.5', 'mail.good.test'))
    },
    badAgain(given: Partial<Known> = {}) {
      return service.decide(facts(given, '198.51.100.66', 'mail.good.test'))
    },
  }
}

const pointsOf = (decisions: readonly Decision[]) =>
  decisions.find((decision) => decision.kind === 'score')?.points
const replyOf = (decisions: readonly Decision[]) =>
  decisions.map((decision) => ('reply' in decision ? decision.reply : undefined)).find(Boolean)
const fieldOf = (decisions: readonly Decision[]) =>
  decisions.find((decision) => decision.kind === 'prepend')?.fields
/** Unfolded. */
const textOf = (decisions: readonly Decision[]) => fieldOf(decisions)?.replaceAll('\r\n ', ' ')

describe('a message that is weighed', () => {
  it('passes with its points and a field that tells what was found', async () => {
    const { good, log } = world()
    const decisions = await good()
    expect(decisions).toEqual([
      {
        kind: 'score',
        points: -6.1,
        why: 'NOT_IN_TWO=-1.5 NOT_IN_THREE=-1.5 CL_IP_EQ_FROM_MX=-3.1',
      },
      {
        kind: 'prepend',
        fields:
          'X-policyd-weight: NOT_IN_TWO=-1.5 NOT_IN_THREE=-1.5 CL_IP_EQ_FROM_MX=-3.1;\r\n rate: -6.1\r\n',
      },
    ])
    expect(log.find('weighed')).toMatchObject({ queueId: 'Q1', points: -6.1, level: 'info' })
  })

  it('has no field where the setting says so', async () => {
    const { good } = world({}, ['weightHeader=no'])
    expect((await good()).map(({ kind }) => kind)).toEqual(['score'])
  })

  it('is refused at the level, with what its sender should know', async () => {
    const { bad } = world()
    const decisions = await bad()
    // -3 of lists, HELO elsewhere 1.5, the sender's domain in HELO 2.5, PTR elsewhere 1.5
    expect(pointsOf(decisions)).toBe(2.5)
    expect(replyOf(decisions)).toEqual({
      code: 550,
      status: '5.7.1',
      text: '<ann@example.test>: Recipient address rejected: Mail appeared to be SPAM or forged. Ask your Mail/DNS-Administrator to correct HELO and DNS MX settings or to get removed from DNSBLs; MTA helo: mail.good.test, MTA hostname: host.elsewhere.test[198.51.100.66] (helo/hostname mismatch)',
    })
    expect(replyOf(await world({}, ['weightRejectLevel=2.51']).bad())).toBeUndefined()
  })

  it('is put off where what speaks against it is doubtful', async () => {
    const bogus = {
      'good.test': { mx: ['10 mail.good.test'] },
      'mail.good.test': { a: ['10.0.0.1'] },
    }
    const set = ['weightScores=from_match_regex_failed_helo=1:0']
    const decisions = await world(bogus, set).bad()
    expect(pointsOf(decisions)).toBe(3.1)
    expect(replyOf(decisions)).toMatchObject({ code: 450, status: '4.7.1' })
    expect(replyOf(decisions)?.text).toContain('rejected: Mail appeared to be SPAM')
    const strict = await world(bogus, [...set, 'weightDeferLevel=3']).bad()
    expect(replyOf(strict)).toMatchObject({ code: 550 })
    const certain = await world(bogus, [...set, 'weightDeferStrings=IN_TWO=']).bad()
    expect(replyOf(certain)).toMatchObject({ code: 550 })
  })

  it('is refused at once for a client in many lists, or for so many points', async () => {
    const three = {
      '5.113.0.203.one.test': list,
      '5.113.0.203.two.test': list,
      '5.113.0.203.three.test': list,
    }
    const { good, dns } = world(three)
    const decisions = await good()
    expect(pointsOf(decisions)).toBe(11.35)
    expect(replyOf(decisions)?.text).toBe(
      '<ann@example.test>: Recipient address rejected: Your MTA is listed in too many DNSBLs; check http://www.robtex.com/rbl/203.0.113.5.html',
    )
    expect(dns.questions).not.toContain('MX good.test')
    const many = await world(three, [
      'weightDnsListHitLimit=3',
      'weightDnsListPointLimit=11.34',
    ]).good()
    expect(replyOf(many)?.text).toContain('too many DNSBLs')
    const few = await world(three, ['weightDnsListHitLimit=3', 'weightDnsListPointLimit=12']).good()
    expect(replyOf(few)?.text).toContain('SPAM or forged')
  })

  it('names the list of domains that its sender is in', async () => {
    const { good } = world({ 'good.test.rhs.test': list }, ['weightRejectLevel=-3'])
    expect(replyOf(await good())?.text).toMatch(/; in rhs\.test$/)
  })

  it('is told to come back when nobody knows anything of it', async () => {
    const { service, dns } = world()
    const decisions = await service.decide(
      known({
        origin: { ...stranger, remoteAddress: '203.0.113.99', helo: 'localhost' },
        client: createClient('203.0.113.99', dns),
        dns,
        sender: 's@[192.0.2.1]',
      }),
    )
    expect(replyOf(decisions)).toMatchObject({
      code: 450,
      text: '<ann@example.test>: Recipient address rejected: No DNS entries for your MTA, HELO and Domain. Contact YOUR administrator Your HELO: localhost, IP: 203.0.113.99',
    })
  })

  it('passes when too many questions have no answer', async () => {
    const failing = { 'good.test': 'failure', 'mail.good.test': 'failure' } as const
    const { bad } = world(failing, ['weightDnsFailureLimit=2'])
    expect(textOf(await bad())).toContain('passed - too many local DNS-errors in HELO MX')
    expect(replyOf(await world(failing, ['weightDnsFailureLimit=9']).bad())).toBeDefined()
  })

  it('asks few questions, however many servers and labels there are', async () => {
    const mx = Array.from({ length: 50 }, (_, n) => `10 mx${n}.many.test`)
    const { service, dns } = world({ 'many.test': { mx } })
    const origin = { ...stranger, helo: `${'a.'.repeat(100)}test` }
    const client = createClient(stranger.remoteAddress, dns)
    await service.decide(known({ origin, client, dns, sender: `s@${'b.'.repeat(50)}many.test` }))
    expect(dns.questions).toContain('MX many.test')
    // Of 10 servers both addresses; of 6 names each of the sender and of HELO three types.
    expect(dns.questions.length).toBeLessThan(60)
  })

  it('passes when too many lists do not answer', async () => {
    const failing = {
      '5.113.0.203.two.test': 'failure',
      '5.113.0.203.one.test': 'failure',
    } as const
    const { good } = world(failing, ['weightDnsFailureLimit=2'])
    expect(textOf(await good())).toContain('passed - too many local DNS-errors in TWO lookups')
  })

  it('gains nothing by lists that do not answer', async () => {
    const failing = {
      '5.113.0.203.two.test': 'failure',
      '5.113.0.203.three.test': 'failure',
    } as const
    const decisions = await world(failing).good()
    expect(pointsOf(decisions)).toBe(-3.1)
    expect(textOf(decisions)).toContain('TWO=ERR(0) THREE=ERR(0)')
  })

  it('is put off where its client took the time that there was for DNS lists, and neither passes nor is remembered', async () => {
    const { bad, dns, log } = world()
    const spent = { ...dns, resolve4: async () => tooLate }
    const [score, decision] = await bad({ dns: spent })
    expect(score).toMatchObject({ kind: 'score', points: 0 })
    expect(decision).toMatchObject({ kind: 'defer-if-permit', reply: { code: 450 } })
    expect(log.find('weighed')?.weighed).toBe('lists unasked')
    expect(pointsOf(await bad())).toBe(2.5)
  })

  it('is asked about lists only where the setting says so', async () => {
    const { bad, dns } = world({}, ['weightDnsListsOnly=yes'])
    expect(textOf(await bad())).toContain('(only DNSBL check requested)')
    expect(dns.questions.filter((question) => question.startsWith('MX'))).toEqual([])
  })

  it.each<[string, Partial<Known>]>([
    ['mail to postmaster', { recipient: knownRecipient('Postmaster@example.test') }],
    ['mail to abuse', { recipient: knownRecipient('abuse@example.test') }],
  ])('is not %s', async (_, given) => {
    const { bad, dns } = world()
    expect(await bad(given)).toEqual([])
    expect(dns.questions).toEqual([])
  })

  it('is not refused where it is a bounce, and scores what lists say of its client', async () => {
    const listed = { '66.100.51.198.one.test': list, '66.100.51.198.two.test': list }
    const { bad, dns } = world({ ...listed, '66.100.51.198.three.test': list })
    const decisions = await bad({ sender: '' })
    expect(decisions).toMatchObject([{ kind: 'score', points: 11.35 }])
    expect(dns.questions.filter((question) => question.startsWith('MX'))).toEqual([])
    const spent = { ...dns, resolve4: async () => tooLate }
    expect(replyOf(await bad({ sender: '', dns: spent }))?.code).toBe(450)
  })

  it('is not there before MAIL', async () => {
    const { service } = world()
    expect(await service.decide(knownOfClient())).toEqual([])
  })

  it('has a field that no HELO can break', async () => {
    const { service, dns } = world({}, ['weightRejectLevel=99'])
    const helo = `a\r\nX-Evil: 1\r\n${'b'.repeat(900)} ${'ü'.repeat(10)}`
    const decisions = await service.decide(
      known({
        origin: { ...stranger, helo },
        client: createClient(stranger.remoteAddress, dns),
        dns,
      }),
    )
    const lines = fieldOf(decisions)?.split('\r\n') ?? []
    expect(lines.pop()).toBe('')
    expect(lines[0]).toMatch(/^X-policyd-weight: /)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ [\x20-\x7e]{1,600}$/)
  })
})

describe('what is said to who is refused', () => {
  it.each([
    ['DEFER_IF_PERMIT Try later', 'defer-if-permit'],
    ['DEFER_IF_REJECT Try later', 'defer-if-reject'],
    ['450 Try later', 'defer'],
    ['rc:suspicious', 'list'],
  ])('may be %s', async (action, kind) => {
    const decisions = await world({}, [`weightRejectMessage=${action}`]).bad()
    expect(decisions[1]?.kind).toBe(kind)
    if (decisions[1]?.kind === 'list') {
      expect(decisions[1].restrictions.map(({ name }) => name)).toEqual(['suspicious'])
    }
  })
})

describe('further recipients of a message', () => {
  it('get the same points, and no second field once one was accepted', async () => {
    const { good, again, dns } = world()
    const first = await good()
    const asked = dns.questions.length
    expect(await again({ recipientCount: 1 })).toEqual([first[0]])
    // The first one was refused for another reason: his field is not in the message.
    expect(await again({ recipientCount: 0 })).toEqual(first)
    expect(dns.questions.slice(asked).filter((one) => !one.endsWith('.5'))).not.toContain(
      'MX good.test',
    )
  })

  it('are refused like the first', async () => {
    const { bad, badAgain } = world()
    const text = replyOf(await bad())?.text
    expect(replyOf(await badAgain())?.text).toBe(`${text} (multirecipient mail)`)
  })
})

describe('what was judged a short time ago', () => {
  it('refuses a client that comes back too fast, without a question', async () => {
    const { bad, clock, dns } = world()
    await bad()
    const asked = dns.questions.filter((one) => one.includes('one.test')).length
    await clock.advance(31 * SECOND)
    const decisions = await bad({ sender: 'other@good.test' })
    expect(pointsOf(decisions)).toBe(2.5)
    expect(replyOf(decisions)?.text).toMatch(
      / \[cached\] - retrying too fast\. penalty: 30 seconds x 0 retries\.$/,
    )
    expect(dns.questions.filter((one) => one.includes('one.test'))).toHaveLength(asked)
    await clock.advance(31 * SECOND)
    expect(replyOf(await bad())?.text).toContain('(helo/hostname mismatch)')
  })

  it('does not refuse who was only put off', async () => {
    const { bad } = world({}, ['weightRejectMessage=450 Try later'])
    await bad()
    expect(replyOf(await bad())?.text).toContain('(helo/hostname mismatch)')
  })

  it('spares who passed all but lists, and after a day those too', async () => {
    const { good, clock, dns } = world()
    const questions = async () => {
      const before = dns.questions.length
      const decisions = await good()
      const asked = dns.questions.slice(before).map((one) => one.split(' ')[0] ?? '')
      return {
        field: textOf(decisions),
        asked: asked.filter((type) => type === 'MX').length,
        of: dns.questions.slice(before).filter((one) => one.includes('one.test')).length,
      }
    }
    expect(await questions()).toMatchObject({ asked: 1, of: 1 })
    expect(await questions()).toEqual({
      field: 'X-policyd-weight: using cached result; rate: -6.1\r\n',
      asked: 0,
      of: 1,
    })
    await clock.advance(DAY + 1)
    await questions()
    expect(await questions()).toEqual({
      field: 'X-policyd-weight: using cached result; rate:hard: -6.1\r\n',
      asked: 0,
      of: 0,
    })
  })

  it('does not spare a client that a list has by now', async () => {
    const { good, names } = world()
    await good()
    names['5.113.0.203.two.test'] = list
    expect(textOf(await good())).toContain('IN_TWO=4.35')
    delete names['5.113.0.203.two.test']
    expect(textOf(await good())).toContain('cached')
  })
})
