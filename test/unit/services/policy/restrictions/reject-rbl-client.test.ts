// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of Postfix look like those

import { describe, expect, it } from 'vitest'
import { FAILURES_MAX } from '#services/policy/dns-lists/health.ts'
import { tooLate } from '#shared/dns/budgeted-resolver.ts'
import { openListWorld } from '#test/support/dns-list-words.ts'
import type { DnsZone } from '#test/support/dns-server.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { stranger } from '#test/support/policy-facts.ts'

/** The client is 203.0.113.5. */
const zone: DnsZone = {
  '2.0.0.127.list.test': { a: ['127.0.0.2'] },
  '5.113.0.203.list.test': { a: ['127.0.0.4'], txt: ['spam source'] },
  '203.0.113.5': { ptr: ['mail.client.test'] },
  'mail.client.test': { a: ['203.0.113.5'] },
}
const rejected = (code: number, status: string, text: string) => ({
  kind: code < 500 ? 'defer' : 'reject',
  reply: { code, status, text },
})
const blocked = rejected(
  554,
  '5.7.1',
  'Service unavailable; Client host [203.0.113.5] blocked using list.test; spam source',
)
const dunno = { kind: 'dunno' }

describe('reject_rbl_client', () => {
  it('refuses a client in the list with what the list says of it', async () => {
    await using world = await openListWorld(zone)
    expect(await world.ask('reject_rbl_client', 'list.test')).toEqual(blocked)
    expect(world.server.questions).toContain('UDP A 5.113.0.203.list.test')
  })

  it('says nothing of one that is not, nor of an answer that the filter does not want', async () => {
    await using world = await openListWorld(zone)
    const origin = { ...stranger, remoteAddress: '203.0.113.6' }
    expect(await world.ask('reject_rbl_client', 'list.test', { origin })).toEqual(dunno)
    expect(await world.ask('reject_rbl_client', 'list.test=127.0.0.[5..7]')).toEqual(dunno)
    expect(await world.ask('reject_rbl_client', 'list.test=127.0.0.[2;4..7]')).toEqual(blocked)
  })

  it('puts off a client that left no time to ask', async () => {
    await using world = await openListWorld(zone)
    const spent = { ...createFakeResolver({}), resolve4: async () => tooLate }
    expect(await world.ask('reject_rbl_client', 'list.test', { dns: spent })).toMatchObject({
      kind: 'defer-if-permit',
      reply: { code: 450, status: '4.7.1' },
    })
  })

  it('asks for IPv6 clients by nibbles', async () => {
    const nibbles = `1.0.0.0.${'0.'.repeat(20)}8.b.d.0.1.0.0.2`
    await using world = await openListWorld({
      ...zone,
      [`${nibbles}.list.test`]: { a: ['127.0.0.4'] },
    })
    const origin = { ...stranger, remoteAddress: '2001:db8::1' }
    const decision = await world.ask('reject_rbl_client', 'list.test', { origin })
    expect(decision).toEqual(
      rejected(
        554,
        '5.7.1',
        'Service unavailable; Client host [2001:db8::1] blocked using list.test',
      ),
    )
  })

  it('believes answers over TCP', async () => {
    await using world = await openListWorld({
      ...zone,
      '5.113.0.203.list.test': { a: ['127.0.0.4'], txt: ['spam source'], manner: 'truncated' },
    })
    expect(await world.ask('reject_rbl_client', 'list.test')).toEqual(blocked)
    expect(world.server.questions).toContain('TCP A 5.113.0.203.list.test')
  })

  it.each([
    ['failing', { rcode: 'SERVFAIL' }],
    ['refusing', { rcode: 'REFUSED' }],
    ['silent', { manner: 'silent' }],
    ['silly', { manner: 'garbage' }],
    ['slow', { a: ['127.0.0.4'], delayMs: 5_000 }],
  ] as const)(
    'says nothing when the list is %s, and leaves it alone after some times',
    async (_, entry) => {
      await using world = await openListWorld({ ...zone, '5.113.0.203.list.test': entry }, [
        'dnsListTimeout=100ms',
      ])
      for (let n = 0; n < FAILURES_MAX; n += 1) {
        expect(await world.ask('reject_rbl_client', 'list.test')).toEqual(dunno)
      }
      expect(world.log.find('DNS list does not answer')).toMatchObject({ dnsList: 'list.test' })
      expect(world.log.find('DNS list switched off')).toBeDefined()
      const asked = world.server.questions.length
      expect(await world.ask('reject_rbl_client', 'list.test')).toEqual(dunno)
      expect(world.server.questions).toHaveLength(asked)
    },
  )

  it.each([
    ['answers everything', { '*.list.test': { a: ['203.0.113.99'] } }],
    ['lists everything', { '*.list.test': { a: ['127.0.0.2'] } }],
    ['does not want us', { '*.list.test': { a: ['127.255.255.254'] } }],
    ['has lost its entries', { '*.list.test': {}, '2.0.0.127.list.test': {} }],
  ] satisfies [string, DnsZone][])('refuses nobody when the list %s', async (_, lying) => {
    const { '5.113.0.203.list.test': entry, ...sound } = zone
    await using world = await openListWorld({ ...sound, ...lying })
    expect(entry).toBeDefined()
    expect(await world.ask('reject_rbl_client', 'list.test')).toEqual(dunno)
    expect(world.log.find('DNS list switched off')).toMatchObject({ dnsList: 'list.test' })
  })

  it('keeps the key of a list to itself', async () => {
    const key = 'abcdefgh'
    await using world = await openListWorld(
      {
        [`2.0.0.127.${key}.list.test`]: { a: ['127.0.0.2'] },
        [`5.113.0.203.${key}.list.test`]: { a: ['127.0.0.4'], txt: [`ask ${key}`] },
      },
      [`dnsListKeys=dqs=${key}`, 'smtpdClientRestrictions=reject_rbl_client <dqs>.list.test'],
    )
    expect(await world.ask('reject_rbl_client', '<dqs>.list.test')).toEqual(
      rejected(
        554,
        '5.7.1',
        'Service unavailable; Client host [203.0.113.5] blocked using list.test; ask <dqs>',
      ),
    )
    await expect(world.ask('reject_rbl_client', '<dqs>.other.test')).rejects.toThrow(
      'only where a setting names it',
    )
  })

  it.each([
    [
      ['rblReplyMaps={ list.test 521 $client is in $rbl_domain }'],
      521,
      '5.7.1',
      'mail.client.test[203.0.113.5] is in list.test',
    ],
    [
      [
        'rblReplyMaps={ list.test 521 no } { list.test=127.0.0.4 550 5.7.9 $helo_name:$client_port }',
      ],
      550,
      '5.7.9',
      'client.test:40001',
    ],
    [
      ['mapsRblRejectCode=450'],
      450,
      '4.7.1',
      'Service unavailable; Client host [203.0.113.5] blocked using list.test; spam source',
    ],
    [
      ['defaultRblReply=$rbl_code $sender_name at $sender_domain to $recipient'],
      554,
      '5.7.1',
      's at remote.test to ann@example.test',
    ],
    [['defaultRblReply=$rbl_reason'], 450, '4.7.1', 'Service unavailable'],
    [
      ['defaultRblReply=$rbl_code ${rbl_txt?{because $rbl_txt}:{no}}'],
      554,
      '5.7.1',
      'because spam source',
    ],
  ] as const)('replies as %j wants it', async (set, code, status, text) => {
    await using world = await openListWorld(zone, set)
    expect(await world.ask('reject_rbl_client', 'list.test=127.0.0.4')).toEqual(
      rejected(code, status, text),
    )
  })
})
