import { describe, expect, it } from 'vitest'
import { rejectEndedAccount } from '#services/policy/account.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { newAccountId } from '#shared/directory/account-id.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { stranger } from '#test/support/policy-facts.ts'

const id = newAccountId()

async function judge(
  now: { enabled: boolean; sessionsEpoch: number; frozen?: AccountRecord['frozen'] } | undefined,
  account: Origin['account'],
) {
  let reads = 0
  const restriction = rejectEndedAccount({
    async byId(asked) {
      reads += 1
      return asked === id && now ? ({ frozen: null, ...now } as AccountRecord) : undefined
    },
  })
  const decision = await restriction.decide({ origin: { ...stranger, account } })
  return { decision: decision.kind === 'reject' ? decision.reply.code : decision.kind, reads }
}

describe('reject_ended_account', () => {
  const login = 'tim@example.test'

  it('asks nothing about who is not logged in', async () => {
    expect(await judge(undefined, null)).toEqual({ decision: 'dunno', reads: 0 })
  })

  it.each([
    ['the account is as it was at the login', { enabled: true, sessionsEpoch: 2 }, 2, 'dunno'],
    [
      'the listener says nothing of epochs',
      { enabled: true, sessionsEpoch: 2 },
      undefined,
      'dunno',
    ],
    ['it has another password', { enabled: true, sessionsEpoch: 3 }, 2, 421],
    ['it is disabled', { enabled: false, sessionsEpoch: 2 }, 2, 421],
    ['it is gone', undefined, 2, 421],
    [
      'it is frozen',
      { enabled: true, sessionsEpoch: 2, frozen: { reason: 'x', sinceMs: 0 } },
      2,
      550,
    ],
  ])('decides when %s', async (_, now, sessionsEpoch, decision) => {
    const account = { id, login, ...(sessionsEpoch !== undefined && { sessionsEpoch }) }
    expect(await judge(now, account)).toEqual({ decision, reads: 1 })
  })
})
