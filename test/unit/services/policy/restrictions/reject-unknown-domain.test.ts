import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  reject_unknown_recipient_domain,
  reject_unknown_sender_domain,
} from '#services/policy/restrictions/reject-unknown-domain.ts'
import { askWord, type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'
import { annsAccount, known, knownOfClient, knownOfSender } from '#test/support/policy-facts.ts'

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    'mail.test': { mx: ['10 mx.mail.test'] },
    'a.test': { a: ['192.0.2.1'] },
    'six.test': { aaaa: ['2001:db8::1'] },
    'alias.test': { cname: 'a.test' },
    'circle.test': { cname: 'circle.test' },
    'null.test': { mx: ['0 .'], a: ['192.0.2.1'] },
    'mixed.test': { mx: ['0 .', '10 mx.mail.test'] },
    'text.test': { txt: ['nothing else'] },
    'bad.test': { mx: ['10 bad$name.test'], a: ['192.0.2.1'] },
    'broken.test': { rcode: 'SERVFAIL' },
    'refused.test': { rcode: 'REFUSED' },
    'garbage.test': { manner: 'garbage' },
    'lame.test': { mx: ['10 mx.mail.test'], manner: 'lame' },
    'cut.test': { mx: ['10 mx.mail.test'], manner: 'truncated' },
    'xn--mnchen-3ya.test': { a: ['192.0.2.1'] },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const code550 = { set: ['unknownAddressRejectCode=550'] }

describe('reject_unknown_sender_domain', () => {
  const said = (domain: string, text: string, kind = 'reject', reply = '550 5.1.8') =>
    `${kind} ${reply} <s@${domain}>: Sender address rejected: ${text}`

  it.each([
    's@mail.test',
    's@a.test',
    's@six.test',
    's@alias.test',
    's@mixed.test',
    's@cut.test',
    's@münchen.test',
    // Ends here: nobody need ask.
    's@example.test',
    // Nothing to ask for.
    '',
    's',
    's@[192.0.2.1]',
  ])('takes %j', async (sender) => {
    expect(await askWord(reject_unknown_sender_domain, world.sender(sender), code550)).toBe('dunno')
  })

  it.each(['absent.test', 'text.test', 'circle.test', 'lame.test', 'a..test', '192.0.2.1'])(
    'refuses %s',
    async (domain) => {
      const facts = world.sender(`s@${domain}`)
      expect(await askWord(reject_unknown_sender_domain, facts, code550)).toBe(
        said(domain, 'Domain not found'),
      )
      expect(await askWord(reject_unknown_sender_domain, facts)).toBe(
        said(domain, 'Domain not found', 'defer', '450 4.1.8'),
      )
    },
  )

  it('refuses a domain that says that it takes no mail, whatever the code (RFC 7505)', async () => {
    expect(await askWord(reject_unknown_sender_domain, world.sender('s@null.test'))).toBe(
      said('null.test', 'Domain null.test does not accept mail (nullMX)', 'reject', '550 5.7.27'),
    )
  })

  it('refuses MX records that name no host, though the domain has an address', async () => {
    expect(await askWord(reject_unknown_sender_domain, world.sender('s@bad.test'), code550)).toBe(
      said('bad.test', 'Malformed DNS server reply'),
    )
  })

  it.each(['broken.test', 'refused.test', 'garbage.test'])(
    'never refuses %s, whose name server fails',
    async (domain) => {
      const ask = (...set: string[]) =>
        askWord(reject_unknown_sender_domain, world.sender(`s@${domain}`), {
          set: [...code550.set, ...set],
        })
      const putOff = (kind: string) => said(domain, 'Domain not found', kind, '450 4.1.8')
      expect(await ask()).toBe(putOff('defer-if-permit'))
      expect(await ask('unknownAddressTempfailAction=defer')).toBe(putOff('defer'))
    },
  )

  it('says nothing before MAIL', async () => {
    expect(await askWord(reject_unknown_sender_domain, knownOfClient())).toBe('dunno')
  })
})

describe('reject_unknown_recipient_domain', () => {
  const said = (domain: string, text: string, kind = 'reject', reply = '550 5.1.2') =>
    `${kind} ${reply} <r@${domain}>: Recipient address rejected: ${text}`

  it.each(['r@mail.test', 'r@a.test', 'r@[192.0.2.1]'])('takes %s', async (recipient) => {
    const facts = world.recipient(recipient)
    expect(await askWord(reject_unknown_recipient_domain, facts, code550)).toBe('dunno')
  })

  it('refuses what is not there, with unknownAddressRejectCode', async () => {
    const ask = (domain: string, options = {}) =>
      askWord(reject_unknown_recipient_domain, world.recipient(`r@${domain}`), options)
    expect(await ask('absent.test')).toBe(
      said('absent.test', 'Domain not found', 'defer', '450 4.1.2'),
    )
    expect(await ask('absent.test', code550)).toBe(said('absent.test', 'Domain not found'))
    expect(await ask('bad.test', code550)).toBe(said('bad.test', 'Malformed DNS server reply'))
  })

  it('refuses a domain that takes no mail (RFC 7505 §4.2)', async () => {
    expect(await askWord(reject_unknown_recipient_domain, world.recipient('r@null.test'))).toBe(
      said('null.test', 'Domain null.test does not accept mail (nullMX)', 'reject', '556 5.1.10'),
    )
  })

  it('puts off where DNS fails', async () => {
    const facts = world.recipient('r@broken.test')
    expect(await askWord(reject_unknown_recipient_domain, facts, code550)).toBe(
      said('broken.test', 'Domain not found', 'defer-if-permit', '450 4.1.2'),
    )
  })

  it('asks nothing about what ends here, nor before RCPT', async () => {
    const here = world.recipient('ann@absent.test', annsAccount)
    expect(await askWord(reject_unknown_recipient_domain, here)).toBe('dunno')
    expect(await askWord(reject_unknown_recipient_domain, knownOfSender())).toBe('dunno')
    expect(await askWord(reject_unknown_recipient_domain, known())).toBe('dunno')
  })
})
