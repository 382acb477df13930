import { expect, it } from 'vitest'
import { permit_inet_interfaces } from '#services/policy/restrictions/permit-inet-interfaces.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { judgeWord, knownOfClient, stranger, told } from '#test/support/policy-facts.ts'

it.each([
  ['127.0.0.1', 'permit'],
  ['::ffff:127.0.0.1', 'permit'],
  // Of the loopback network, and not this machine's address.
  ['127.9.9.9', 'dunno'],
  ['203.0.113.5', 'dunno'],
  ['192.0.2.80', 'permit'],
])('permit_inet_interfaces: %s is told %s', async (remoteAddress, decision) => {
  const facts = knownOfClient({ origin: { ...stranger, remoteAddress } })
  const settings = { proxyInterfaces: ['192.0.2.80'] }
  const clock = new ManualClock(0)
  expect(await told(judgeWord(permit_inet_interfaces, facts, { settings, clock }))).toBe(decision)
})
