import { expect, it } from 'vitest'
import { reject_multi_recipient_bounce } from '#services/policy/restrictions/reject-multi-recipient-bounce.ts'
import { judgeWord, known, told } from '#test/support/policy-facts.ts'

const refusal = '550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce'

it.each([
  ['data', '', 2, refusal],
  ['data', '', 1, 'dunno'],
  ['data', 's@remote.test', 2, 'dunno'],
  // The one that is asked about is not among those that were accepted.
  ['recipient', '', 1, refusal],
  ['recipient', '', 0, 'dunno'],
] as const)('at %s, from <%s>, to %i', async (answering, sender, recipientCount, reply) => {
  const facts = known({ answering, stage: answering, sender, recipientCount })
  expect(await told(judgeWord(reject_multi_recipient_bounce, facts))).toBe(reply)
})
