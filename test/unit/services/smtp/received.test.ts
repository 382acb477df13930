import { describe, expect, it } from 'vitest'
import { type Reception, receivedField } from '#services/smtp/received.ts'

const reception: Reception = {
  origin: {
    listener: 'smtp',
    remoteAddress: '192.0.2.1',
    remotePort: 1234,
    helo: 'client.example',
    tls: null,
    account: null,
  },
  hostname: 'mx.example.test',
  extended: true,
  smtpUtf8: false,
  queueId: '01ARZ3NDEKTSV4RRFF',
  onlyRecipient: undefined,
  namesLogin: true,
  receivedMs: Date.UTC(2026, 10, 20, 22, 30, 5),
}
const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
const account = { id: '1', login: 'alice@example.test' }

describe('receivedField', () => {
  it('is folded and dated (RFC 5321 §4.4, RFC 5322 §3.3)', () => {
    expect(receivedField({ ...reception, onlyRecipient: 'bob@example.test' })).toBe(
      [
        'Received: from client.example ([192.0.2.1])',
        '\tby mx.example.test with ESMTP id 01ARZ3NDEKTSV4RRFF',
        '\tfor <bob@example.test>;',
        '\tFri, 20 Nov 2026 22:30:05 +0000',
        '',
      ].join('\r\n'),
    )
  })

  it('tells about TLS', () => {
    const origin = { ...reception.origin, tls }
    expect(receivedField({ ...reception, origin })).toContain(
      '\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby ',
    )
    const unknown = { ...reception.origin, tls: { protocol: 'TLSv1.2', cipher: 'NEW_CIPHER' } }
    expect(receivedField({ ...reception, origin: unknown })).toContain(
      '(using TLSv1.2 with cipher NEW_CIPHER)\r\n',
    )
  })

  it.each([
    // RFC 3848 and RFC 6531 §4.3
    ['SMTP', { extended: false }, {}],
    ['ESMTP', {}, {}],
    ['ESMTPS', {}, { tls }],
    ['ESMTPA', {}, { account }],
    ['ESMTPSA', {}, { tls, account }],
    ['UTF8SMTP', { smtpUtf8: true }, {}],
    ['UTF8SMTPS', { smtpUtf8: true }, { tls }],
    ['UTF8SMTPSA', { smtpUtf8: true }, { tls, account }],
  ])('names the protocol %s', (name, session, origin) => {
    const field = receivedField({
      ...reception,
      ...session,
      origin: { ...reception.origin, ...origin },
    })
    expect(field).toContain(`with ${name} id `)
  })

  it('writes IPv6 addresses with their tag, also in place of a missing HELO', () => {
    const origin = { ...reception.origin, remoteAddress: '2001:db8::1', helo: '' }
    expect(receivedField({ ...reception, origin })).toContain(
      'from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n',
    )
  })

  it('is a byte string when the recipient is in UTF-8', () => {
    const field = receivedField({ ...reception, onlyRecipient: 'jürgen@example.test' })
    expect(Buffer.from(field, 'latin1').toString('utf8')).toContain('for <jürgen@example.test>;')
  })

  it('names who logged in, if it is to (RFC 5322 §3.2.2: as a comment)', () => {
    const origin = { ...reception.origin, account: { id: '1', login: '"a(b\\"@example.test' } }
    expect(receivedField({ ...reception, origin })).toContain(
      '([192.0.2.1])\r\n\t(Authenticated sender: "a\\(b\\\\"@example.test)\r\n\tby ',
    )
    expect(receivedField({ ...reception, origin, namesLogin: false })).not.toContain('sender')
    expect(receivedField(reception)).not.toContain('sender')
  })
})
