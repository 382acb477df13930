import { expect, it } from 'vitest'
import { defer, defer_if_permit, defer_if_reject } from '#services/policy/restrictions/defer.ts'
import { judgeWord, knownOfSender, told } from '#test/support/policy-facts.ts'

it.each([
  [defer, '450 4.3.2 <s@remote.test>: Sender address rejected: Try again later'],
  [
    defer_if_permit,
    'defer-if-permit: 450 4.7.0 <s@remote.test>: Sender address rejected: defer_if_permit requested',
  ],
  [
    defer_if_reject,
    'defer-if-reject: 450 4.7.0 <s@remote.test>: Sender address rejected: defer_if_reject requested',
  ],
])('$name', async (word, reply) => {
  expect(await told(judgeWord(word, knownOfSender()))).toBe(reply)
})
