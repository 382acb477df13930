import { describe, expect, it } from 'vitest'
import { createHopPolicies } from '#services/delivery/remote/hop-policy.ts'
import { hopOf } from '#test/support/next-hop.ts'
import { patientTimeouts } from '#test/support/remote-way.ts'
import { securityBy } from '#test/support/tls-policies.ts'

const timeouts = patientTimeouts
const securityOf = securityBy()
const login = { user: 'bob', password: 'secret' }

const policies = (relayhost: string | null) =>
  createHopPolicies({
    relayhost: relayhost === null ? null : hopOf(relayhost),
    relayhostAuth: login,
    securityOf,
    lineLengthLimit: 998,
    disableMimeOutputConversion: false,
    timeouts,
  })

describe('the policy of a next hop', () => {
  it('of the relay host has its login, and may be anywhere', () => {
    expect(policies('[relay.test]:587')(hopOf('[relay.test]:587'))).toEqual({
      namedBy: 'administrator',
      securityOf,
      auth: login,
      timeouts,
      lineBytesMax: 998,
      convertsTo7Bit: true,
    })
  })

  it.each([
    ['[relay.test]:587', 'there.test'],
    // Another port, or its MX hosts, are not the host that was named.
    ['[relay.test]:587', '[relay.test]'],
    ['[relay.test]', 'relay.test'],
    [null, '[relay.test]:587'],
  ])('beside the relay host %s, of %s, has no login and is a stranger', (relayhost, hop) => {
    expect(policies(relayhost)(hopOf(hop))).toEqual({
      namedBy: 'recipient',
      securityOf,
      auth: null,
      timeouts,
      lineBytesMax: 998,
      convertsTo7Bit: true,
    })
  })

  it('knows the relay host however it is written', () => {
    const policyOf = policies('[IPv6:2001:DB8::1]:25')
    expect(policyOf(hopOf('[2001:db8::1]')).namedBy).toBe('administrator')
  })
})
