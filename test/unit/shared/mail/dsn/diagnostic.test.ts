import { describe, expect, it } from 'vitest'
import { diagnosticOf } from '#shared/mail/dsn/diagnostic.ts'

describe('whose words they are', () => {
  it.each([
    [
      'host mx.a.test[192.0.2.1] said: 550 5.1.1 No (really) (in reply to RCPT TO)',
      'mx.a.test',
      '550 5.1.1 No (really)',
    ],
    ['host mx.a.test[192.0.2.1]:25 said: 550 No', 'mx.a.test', '550 No'],
    ['host [192.0.2.1]:25 said: 550 No', '[192.0.2.1]:25', '550 No'],
    ['host mx.a.test[192.0.2.1] refused to talk to me: 421 Busy', 'mx.a.test', '421 Busy'],
    ['delivery time expired: host mx.a.test[192.0.2.1] said: 451 Later', 'mx.a.test', '451 Later'],
  ])('another host: %s', (reply, host, words) => {
    expect(diagnosticOf({ reply, remoteMta: null })).toEqual({ kind: 'smtp', host, words })
  })

  it('a bare reply is of the host that was spoken to', () => {
    const reply = '250 2.0.0 queued'
    const told = diagnosticOf({ reply, remoteMta: 'mx.a.test[192.0.2.1]' })
    expect(told).toEqual({ kind: 'smtp', host: 'mx.a.test', words: reply })
    expect(diagnosticOf({ reply, remoteMta: null })).toEqual({ kind: 'own', words: reply })
  })

  it('all else is ours', () => {
    for (const reply of [
      'connect to mx.a.test[192.0.2.1]:25: Connection refused',
      'delivery time expired: mailbox full',
      '<x@a.test>: User unknown',
    ])
      expect(diagnosticOf({ reply, remoteMta: 'mx.a.test[192.0.2.1]' })).toEqual({
        kind: 'own',
        words: reply,
      })
  })
})
