import { describe, expect, it } from 'vitest'
import { rejectNonFqdn } from '#services/policy/fully-qualified.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import { annsAccount, known, knownRecipient, login, stranger } from '#test/support/policy-facts.ts'

const remote: Recipient = { kind: 'remote' }

async function judge(
  sender: string,
  recipient: string,
  { origin = login, found = remote as Recipient } = {},
) {
  const facts = known({ origin, sender, recipient: knownRecipient(recipient, found) })
  const decision = await rejectNonFqdn.decide(facts)
  return 'reply' in decision ? `${decision.reply.code} ${decision.reply.status}` : decision.kind
}

describe('reject_non_fqdn', () => {
  it('refuses to who logged in a recipient without a full domain (RFC 6409 §4.2)', async () => {
    expect(await judge('ann@example.test', 'bob@host')).toBe('554 5.1.2')
  })

  it('refuses to who logged in a sender without a full domain', async () => {
    expect(await judge('ann@host', 'bob@remote.test')).toBe('554 5.1.8')
  })

  it('takes address literals and the null sender', async () => {
    expect(await judge('ann@[192.0.2.1]', 'bob@[192.0.2.1]')).toBe('dunno')
    expect(await judge('', 'bob@remote.test')).toBe('dunno')
  })

  it('says nothing of who did not log in', async () => {
    expect(await judge('ann@host', 'bob@host', { origin: stranger })).toBe('dunno')
  })

  it('says nothing of recipients here, whose host is clear', async () => {
    expect(await judge('ann@host', 'ann@example.test', { found: annsAccount })).toBe('dunno')
  })
})
