import { expect, it } from 'vitest'
import { permit_mynetworks } from '#services/policy/restrictions/permit-mynetworks.ts'
import { judgeWord, knownOfClient, stranger, told } from '#test/support/policy-facts.ts'

const settings = { mynetworks: ['203.0.113.0/24', '2001:db8::/32'] }

it.each([
  ['203.0.113.5', 'permit'],
  ['::ffff:203.0.113.5', 'permit'],
  ['2001:db8::1', 'permit'],
  ['203.0.114.5', 'dunno'],
  ['2001:db9::1', 'dunno'],
])('permit_mynetworks: %s is told %s', async (remoteAddress, decision) => {
  const facts = knownOfClient({ origin: { ...stranger, remoteAddress } })
  expect(await told(judgeWord(permit_mynetworks, facts, { settings }))).toBe(decision)
})
