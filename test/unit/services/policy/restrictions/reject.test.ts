import { expect, it } from 'vitest'
import { permit } from '#services/policy/restrictions/permit.ts'
import { reject } from '#services/policy/restrictions/reject.ts'
import {
  judgeWord,
  known,
  knownOfClient,
  knownOfMessage,
  knownOfSender,
  told,
} from '#test/support/policy-facts.ts'

it('permit ends its list', async () => {
  expect(await told(judgeWord(permit, knownOfClient()))).toBe('permit')
})

it.each([
  [knownOfClient(), '554 5.7.1 <unknown[203.0.113.5]>: Client host rejected: Access denied'],
  [
    knownOfClient({ stage: 'helo' }),
    '554 5.7.1 <client.test>: Helo command rejected: Access denied',
  ],
  [knownOfSender(), '554 5.7.1 <s@remote.test>: Sender address rejected: Access denied'],
  [
    known({ stage: 'relay' }),
    '554 5.7.1 <ann@example.test>: Recipient address rejected: Access denied',
  ],
  [known({ stage: 'data' }), '554 5.7.1 <DATA>: Data command rejected: Access denied'],
  [knownOfMessage(), '554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied'],
])('reject names what its list is about', async (facts, reply) => {
  expect(await told(judgeWord(reject, facts))).toBe(reply)
})
