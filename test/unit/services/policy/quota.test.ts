import { describe, expect, it } from 'vitest'
import { ADDED_BYTES, rejectOverQuota } from '#services/policy/quota.ts'
import { annsAccount, known, knownRecipient, teamAlias } from '#test/support/policy-facts.ts'

const QUOTA_BYTES = 10_000

/** What is decided of an account with this quota that holds so much, and how often its mailbox was read. */
async function judge({
  quotaBytes = 0,
  messagesMax = 0,
  bytes = 0,
  messages = 0,
  declaredBytes = 0,
}) {
  let reads = 0
  const { decide } = rejectOverQuota(async () => {
    reads += 1
    return { bytes, messages }
  }, messagesMax)
  const recipient = knownRecipient('ann@example.test', { ...annsAccount, quotaBytes })
  const decision = await decide(known({ bytes: declaredBytes, recipient }))
  const told =
    'reply' in decision ? `${decision.reply.code} ${decision.reply.status}` : decision.kind
  return { told, reads }
}

describe('reject_over_quota', () => {
  it('reads no mailbox that has no limit', async () => {
    expect(await judge({ bytes: 1e9, declaredBytes: 1e9 })).toEqual({ told: 'dunno', reads: 0 })
  })

  it('takes what fits exactly with the fields that are added, and not a byte more', async () => {
    const full = { quotaBytes: QUOTA_BYTES, bytes: QUOTA_BYTES - ADDED_BYTES - 100 }
    expect(await judge({ ...full, declaredBytes: 100 })).toEqual({ told: 'dunno', reads: 1 })
    expect(await judge({ ...full, declaredBytes: 101 })).toEqual({ told: '452 4.2.2', reads: 1 })
  })

  it('refuses for good, without a look, what not even an empty mailbox could take', async () => {
    const told = await judge({ quotaBytes: QUOTA_BYTES, declaredBytes: QUOTA_BYTES + 1 })
    expect(told).toEqual({ told: '552 5.2.2', reads: 0 })
  })

  it('counts messages, also where bytes have no limit', async () => {
    expect((await judge({ messagesMax: 5, messages: 4 })).told).toBe('dunno')
    expect((await judge({ messagesMax: 5, messages: 5 })).told).toBe('452 4.2.2')
  })

  it.each([teamAlias, { kind: 'remote' }, { kind: 'unknown' }] as const)(
    'says nothing of $kind',
    async (found) => {
      const { decide } = rejectOverQuota(() => Promise.reject(new Error('not asked for')), 1)
      expect(await decide(known({ recipient: knownRecipient('x@example.test', found) }))).toEqual({
        kind: 'dunno',
      })
    },
  )
})
