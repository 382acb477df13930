import { expect, it } from 'vitest'
import { permit_sasl_authenticated } from '#services/policy/restrictions/permit-sasl-authenticated.ts'
import { judgeWord, knownOfClient, login, told } from '#test/support/policy-facts.ts'

it('permit_sasl_authenticated is about who has logged in', async () => {
  const word = permit_sasl_authenticated
  expect(await told(judgeWord(word, knownOfClient({ origin: login })))).toBe('permit')
  expect(await told(judgeWord(word, knownOfClient()))).toBe('dunno')
})
