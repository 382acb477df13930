import { describe, expect, it } from 'vitest'
import { formReply, replyFor } from '#services/policy/reply-form.ts'
import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { known, knownOfClient, login, stranger } from '#test/support/policy-facts.ts'

describe('a reply', () => {
  it.each([
    [554, '4.7.1', '5.7.1'],
    [450, '5.7.1', '4.7.1'],
    [421, '5.3.2', '4.3.2'],
  ] as const)('has a status that fits its code: %i %s', (code, status, fitting) => {
    expect(formReply('recipient', { code, status, text: 'x' })).toMatchObject({
      code,
      status: fitting,
    })
  })

  it('with a code that refuses nothing is one to come back', () => {
    for (const code of [250, 354, 600]) {
      expect(formReply('client', { code, status: '5.7.1', text: 'x' })).toEqual({
        code: 450,
        status: '4.7.1',
        text: 'Service unavailable',
      })
    }
  })

  // RFC 3463 §3.2 has different details for senders and recipients.
  it.each([
    ['sender', '5.1.1', '5.1.7'],
    ['sender', '5.1.2', '5.1.8'],
    ['sender', '5.1.8', '5.1.8'],
    ['sender', '5.1.5', '5.1.0'],
    ['recipient', '5.1.1', '5.1.1'],
    ['recipient', '5.1.7', '5.1.3'],
    ['recipient', '5.1.8', '5.1.2'],
    ['recipient', '5.1.9', '5.1.0'],
    ['recipient', '5.1.10', '5.1.10'],
    ['client', '5.1.8', '5.0.0'],
    ['helo', '5.1.1', '5.0.0'],
    ['helo', '5.7.1', '5.7.1'],
  ] as const)('about a %s turns %s into %s', (subject, status: EnhancedStatus, fitting) => {
    expect(formReply(subject, { code: 550, status, text: 'x' }).status).toBe(fitting)
  })

  it.each([
    ['client', '<mx.remote.test[203.0.113.5]>: Client host rejected: no'],
    ['reverse client', '<mx.remote.test>: Unverified Client host rejected: no'],
    ['helo', '<client.test>: Helo command rejected: no'],
    ['sender', '<s@remote.test>: Sender address rejected: no'],
    ['recipient', '<ann@example.test>: Recipient address rejected: no'],
    ['certificate', '<CN=x>: Client certificate rejected: no'],
    ['login', '<ann@example.test>: SASL login name rejected: no'],
    ['data', '<DATA>: Data command rejected: no'],
    ['message', '<END-OF-MESSAGE>: End-of-data rejected: no'],
  ] as const)('names the %s', async (subject, text) => {
    const dns = createFakeResolver({
      '203.0.113.5': { ptr: ['mx.remote.test'] },
      'mx.remote.test': { a: ['203.0.113.5'] },
    })
    const clientCertificate = { subject: 'CN=x', issuer: '', fingerprint: '', verified: false }
    const tls = { protocol: '', cipher: '', clientCertificate }
    const origin = { ...stranger, account: login.account, tls }
    const reply = await replyFor(known({ dns, origin }), subject, {
      code: 554,
      status: '5.7.1',
      text: 'no',
    })
    expect(reply.text).toBe(text)
  })

  it('calls a client unknown that has no name of its own', async () => {
    const dns = createFakeResolver({
      '203.0.113.5': { ptr: ['mx.remote.test'] },
      'mx.remote.test': { a: ['203.0.113.6'] },
    })
    const reply = await replyFor(knownOfClient({ dns }), 'client', {
      code: 554,
      status: '5.7.1',
      text: 'no',
    })
    expect(reply.text).toBe('<unknown[203.0.113.5]>: Client host rejected: no')
  })
})
