import { describe, expect, it } from 'vitest'
import { finalRecipients, limitFinalRecipients } from '#services/policy/final-recipients.ts'
import { known, knownRecipient, teamAlias } from '#test/support/policy-facts.ts'

const MAX = 10
const leadsTo = (local: number, remote = 0) => ({ local, remote, failed: [] })

async function judge(finalRecipientCount: number, local?: number, remote?: number) {
  const reach = local === undefined ? undefined : leadsTo(local, remote)
  const recipient = knownRecipient('team@example.test', reach && teamAlias, reach)
  const facts = known({ finalRecipientCount, recipient })
  const decision = await limitFinalRecipients(MAX).decide(facts)
  const told =
    'reply' in decision ? `${decision.reply.code} ${decision.reply.status}` : decision.kind
  return { told, followed: recipient.timesFollowed }
}

describe('message_final_recipient_limit', () => {
  it('takes an address that is no alias as one, and follows nothing', async () => {
    expect(await judge(MAX - 1)).toEqual({ told: 'dunno', followed: 0 })
    expect(await judge(MAX)).toEqual({ told: '452 4.5.3', followed: 0 })
  })

  it('takes an alias all of whose ends fit', async () => {
    expect(await judge(7, 2, 1)).toEqual({ told: 'dunno', followed: 1 })
  })

  it('asks for another message where it does not fit into what is left (RFC 5321 §4.5.3.1.10)', async () => {
    expect(await judge(8, 2, 1)).toEqual({ told: '452 4.5.3', followed: 1 })
  })

  it('follows no alias when there is no room for anybody', async () => {
    expect(await judge(MAX, 1)).toEqual({ told: '452 4.5.3', followed: 0 })
  })

  it('refuses for good what is too much for any message', async () => {
    expect(await judge(0, MAX)).toEqual({ told: 'dunno', followed: 1 })
    expect(await judge(0, MAX, 1)).toEqual({ told: '554 5.5.3', followed: 1 })
  })

  it('counts what leads nowhere as one, which is a bounce', () => {
    expect(finalRecipients(leadsTo(0))).toBe(1)
    expect(finalRecipients(leadsTo(2, 3))).toBe(5)
  })
})
