import { describe, expect, it } from 'vitest'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { openListWorld } from '#test/support/dns-list-words.ts'
import type { DnsZone } from '#test/support/dns-server.ts'
import { knownRecipient, stranger } from '#test/support/policy-facts.ts'

const zone: DnsZone = {
  '203.0.113.5': { ptr: ['mail.good.test'] },
  'mail.good.test': { a: ['203.0.113.5'] },
  '5.113.0.203.list.test': { a: ['127.0.5.2'] },
  'mail.good.test.list.test': { a: ['127.0.5.2'] },
}
const filter = 'list.test=127.0.[0..255].[1..3]'
const failing = {
  '5.113.0.203.list.test': { rcode: 'SERVFAIL' },
  'mail.good.test.list.test': { rcode: 'SERVFAIL' },
} as const

describe.each<WordName>(['permit_dnswl_client', 'permit_rhswl_client'])('%s', (word) => {
  it('permits a client in the list to send to us', async () => {
    await using world = await openListWorld(zone)
    expect(await world.ask(word, filter)).toEqual({ kind: 'permit' })
    const origin = { ...stranger, remoteAddress: '203.0.113.6' }
    expect(await world.ask(word, filter, { origin })).toEqual({ kind: 'dunno' })
  })

  it('permits nobody to send elsewhere', async () => {
    await using world = await openListWorld(zone)
    const recipient = knownRecipient('a@elsewhere.test', { kind: 'remote' })
    expect(await world.ask(word, filter, { recipient })).toEqual({ kind: 'dunno' })
  })

  it('puts a refusal off while the list does not answer', async () => {
    await using world = await openListWorld({ ...zone, ...failing })
    const text =
      '<mail.good.test[203.0.113.5]>: Client host rejected: a list of good clients does not answer'
    expect(await world.ask(word, filter)).toEqual({
      kind: 'defer-if-reject',
      reply: { code: 450, status: '4.7.1', text },
    })
  })

  it.each(['203.0.113.99', '127.255.255.254', '127.0.0.255', '127.0.5.0'])(
    'does not take %s for a welcome',
    async (answer) => {
      await using world = await openListWorld({
        '203.0.113.6': { ptr: ['mail.other.test'] },
        'mail.other.test': { a: ['203.0.113.6'] },
        '6.113.0.203.list.test': { a: [answer] },
        'mail.other.test.list.test': { a: [answer] },
      })
      const origin = { ...stranger, remoteAddress: '203.0.113.6' }
      expect(await world.ask(word, filter, { origin })).toEqual({ kind: 'dunno' })
    },
  )
})
