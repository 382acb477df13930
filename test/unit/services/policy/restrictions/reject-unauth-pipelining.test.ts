import { expect, it } from 'vitest'
import { reject_unauth_pipelining } from '#services/policy/restrictions/reject-unauth-pipelining.ts'
import { judgeWord, known, stranger, told } from '#test/support/policy-facts.ts'

it('reject_unauth_pipelining refuses who sent ahead (RFC 2920 §3.1)', async () => {
  const facts = known({ stage: 'data', origin: { ...stranger, sentAhead: true } })
  expect(await told(judgeWord(reject_unauth_pipelining, facts))).toBe(
    '503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining',
  )
  expect(await told(judgeWord(reject_unauth_pipelining, known()))).toBe('dunno')
})
