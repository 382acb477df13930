import { expect, it } from 'vitest'
import { reject_plaintext_session } from '#services/policy/restrictions/reject-plaintext-session.ts'
import { judgeWord, knownOfClient, stranger, told } from '#test/support/policy-facts.ts'

it('reject_plaintext_session refuses what is not encrypted', async () => {
  const word = reject_plaintext_session
  const reply = '450 4.7.1 Session encryption is required'
  expect(await told(judgeWord(word, knownOfClient()))).toBe(reply)
  const tls = { protocol: 'TLSv1.3', cipher: 'x' }
  const secured = knownOfClient({ origin: { ...stranger, tls } })
  expect(await told(judgeWord(word, secured))).toBe('dunno')
})
