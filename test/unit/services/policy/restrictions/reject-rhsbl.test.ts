import { describe, expect, it } from 'vitest'
import type { Known } from '#services/policy/known.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { openListWorld } from '#test/support/dns-list-words.ts'
import type { DnsZone } from '#test/support/dns-server.ts'
import { knownRecipient, stranger } from '#test/support/policy-facts.ts'

/** The client is 203.0.113.5, and says it is `client.test`. */
const zone: DnsZone = {
  '203.0.113.5': { ptr: ['mail.forged.test'] },
  'mail.forged.test': { a: ['192.0.2.1'] },
  '203.0.113.6': { ptr: ['mail.true.test'] },
  'mail.true.test': { a: ['203.0.113.6'] },
  'mail.forged.test.list.test': { a: ['127.0.1.2'] },
  'mail.true.test.list.test': { a: ['127.0.1.2'] },
  'client.test.list.test': { a: ['127.0.1.2'], txt: ['bad HELO'] },
  'remote.test.list.test': { a: ['127.0.1.3'] },
  'example.test.list.test': { a: ['127.0.1.4'] },
}
const named: Partial<Known> = { origin: { ...stranger, remoteAddress: '203.0.113.6' } }

describe('reject_rhsbl', () => {
  it.each<[WordName, Partial<Known>, string]>([
    ['reject_rhsbl_client', named, 'Client host [mail.true.test]'],
    ['reject_rhsbl_reverse_client', {}, 'Unverified Client host [mail.forged.test]'],
    ['reject_rhsbl_helo', {}, 'Helo command [client.test]'],
    ['reject_rhsbl_sender', {}, 'Sender address [s@remote.test]'],
    ['reject_rhsbl_recipient', {}, 'Recipient address [ann@example.test]'],
  ])('%s refuses a name in the list', async (word, given, what) => {
    await using world = await openListWorld(zone)
    const decision = await world.ask(word, 'list.test', given)
    const reason = word === 'reject_rhsbl_helo' ? '; bad HELO' : ''
    const text = `Service unavailable; ${what} blocked using list.test${reason}`
    expect(decision).toEqual({ kind: 'reject', reply: { code: 554, status: '5.7.1', text } })
    expect(await world.ask(word, 'list.test=127.0.0.[2..99]', given)).toEqual({ kind: 'dunno' })
  })

  it.each<[WordName, Partial<Known>]>([
    // Its name does not lead back to it.
    ['reject_rhsbl_client', {}],
    ['reject_rhsbl_reverse_client', { origin: { ...stranger, remoteAddress: '203.0.113.7' } }],
    ['reject_rhsbl_helo', { origin: { ...stranger, helo: '[203.0.113.5]' } }],
    ['reject_rhsbl_helo', { origin: { ...stranger, helo: '203.0.113.5' } }],
    ['reject_rhsbl_helo', { origin: { ...stranger, helo: '' } }],
    ['reject_rhsbl_sender', { sender: '' }],
    ['reject_rhsbl_sender', { sender: 'root' }],
    ['reject_rhsbl_sender', { sender: 's@[192.0.2.1]' }],
    ['reject_rhsbl_recipient', { recipient: knownRecipient('ann@[192.0.2.1]') }],
  ])('%s asks nothing of what is no name: %#', async (word, given) => {
    await using world = await openListWorld({ ...zone, '*.list.test': { a: ['127.0.1.2'] } })
    expect(await world.ask(word, 'list.test', given)).toEqual({ kind: 'dunno' })
    expect(world.server.questions.filter((question) => question.includes('list.test'))).toEqual([])
  })

  it('refuses nobody when the list has everything', async () => {
    await using world = await openListWorld({ '*.list.test': { a: ['127.0.1.2'] } })
    expect(await world.ask('reject_rhsbl_sender', 'list.test')).toEqual({ kind: 'dunno' })
    expect(world.log.find('DNS list switched off')).toBeDefined()
  })
})
