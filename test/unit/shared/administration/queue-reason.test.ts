import { describe, expect, it } from 'vitest'
import { normalReason } from '#shared/administration/queue-reason.ts'

describe('what replies have in common', () => {
  it.each([
    ['450 4.7.1 <ann@example.org>: wait 300s', '450 4.7.1 <(address)>: wait #'],
    [
      'host mx.example.net[192.0.2.1] said: 550 5.7.1 no',
      'host mx.example.net[192.0.2.1] said: 550 5.7.1 no',
    ],
    [
      'blocked [192.0.2.1], see (https://example.net/why?ip=192.0.2.1).',
      'blocked [(ip)], see ((url)).',
    ],
    ['451 queued as "8c1f2a9b7d".', '451 queued as "(id)".'],
    ['<<<<<12>>>>>', '<<<<<#>>>>>'],
    // A word of marks alone stays.
    [':-( ......', ':-( ......'],
  ])('is of %j %j', (reply, reason) => {
    expect(normalReason(reply)).toBe(reason)
  })

  it('is found in replies of any length', () => {
    expect(normalReason(`${'<'.repeat(5_000)} end`)).toBe('<'.repeat(500))
  })
})
