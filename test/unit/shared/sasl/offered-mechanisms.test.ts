import { describe, expect, it } from 'vitest'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import { mechanismNames, offeredMechanisms } from '#shared/sasl/sasl-exchange.ts'

const binding: ChannelBindings = { protocol: 'TLSv1.3', available: true, data: () => undefined }

describe('offeredMechanisms', () => {
  it.each([
    [
      true,
      binding,
      ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'OAUTHBEARER', 'XOAUTH2'],
    ],
    [true, undefined, ['PLAIN', 'LOGIN', 'SCRAM-SHA-256']],
    [false, undefined, ['SCRAM-SHA-256']],
  ])('passwords %s, binding %s', (passwordsAllowed, channelBindings, expected) => {
    const allowed = mechanismNames
    expect(offeredMechanisms({ allowed, passwordsAllowed, channelBindings })).toEqual(expected)
  })

  it('offers nothing the operator does not want', () => {
    const offer = { passwordsAllowed: true, channelBindings: binding }
    expect(offeredMechanisms({ ...offer, allowed: ['PLAIN', 'LOGIN'] })).toEqual(['PLAIN', 'LOGIN'])
    expect(
      offeredMechanisms({ ...offer, passwordsAllowed: false, allowed: ['PLAIN', 'LOGIN'] }),
    ).toEqual([])
  })
})
