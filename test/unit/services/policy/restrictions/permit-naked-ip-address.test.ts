import { expect, it } from 'vitest'
import { permit_naked_ip_address } from '#services/policy/restrictions/permit-naked-ip-address.ts'
import { judgeWord, knownOfClient, stranger, told } from '#test/support/policy-facts.ts'

it.each([
  ['192.0.2.1', 'permit'],
  ['2001:db8::1', 'permit'],
  ['[192.0.2.1]', 'dunno'],
  ['client.test', 'dunno'],
  ['', 'dunno'],
])('permit_naked_ip_address: HELO %s', async (helo, decision) => {
  const facts = knownOfClient({ origin: { ...stranger, helo } })
  expect(await told(judgeWord(permit_naked_ip_address, facts))).toBe(decision)
})
