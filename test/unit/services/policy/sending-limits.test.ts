import { describe, expect, it, onTestFinished } from 'vitest'
import { createSendingLimits } from '#services/policy/sending-limits.ts'
import type { MessageRequest } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import type { SendingLimitOptions } from '#shared/rates/sent-by-day.ts'
import { known, knownRecipient } from '#test/support/policy-facts.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const none: SendingLimitOptions = {
  accountMessageLimitPerDay: 0,
  accountRecipientLimitPerDay: 0,
  accountByteLimitPerDay: 0,
}
const noon = Date.UTC(2026, 10, 29, 12)

async function limits(changes: Partial<SendingLimitOptions>) {
  const { store, close } = await openEmbedded()
  onTestFinished(close)
  const time = { nowMs: noon }
  const { restriction, counting } = createSendingLimits({
    counters: store.tables.counters,
    clock: { now: () => time.nowMs, sleep: async () => {} },
    options: { ...none, ...changes },
  })
  const queueId = newQueueId(noon)

  const origin = (login: string | null): Origin => ({
    listener: 'submission',
    remoteAddress: '192.0.2.1',
    remotePort: 1,
    helo: 'client.test',
    tls: null,
    account: login === null ? null : { id: `acc-${login}`, login },
  })

  return {
    time,
    /** What the message is refused with when it is accepted, if it is. */
    async send(login: string | null, recipients = 1, bytes = 100): Promise<string | undefined> {
      const request: MessageRequest = {
        queueId,
        origin: origin(login),
        envelope: {
          sender: 'a@b.test',
          recipients: Array.from({ length: recipients }, () => ({
            address: 'carol@there.test',
            notify: [],
            originalRecipient: null,
          })),
          body: '7BIT',
          smtpUtf8: false,
          requireTls: false,
          dsnReturn: null,
          dsnEnvelopeId: null,
        },
        bytes,
        receivedFields: 0,
        from: [],
        sender: [],
      }
      const decision = await counting.decide({
        ...known({ origin: request.origin }),
        message: request,
      })
      if (!('reply' in decision)) return undefined
      const { code, status, text } = decision.reply
      return `${code} ${status} ${text}`
    },
    /** What RCPT is answered with after so many accepted ones. */
    async rcpt(login: string | null, accepted = 0, declaredBytes = 0): Promise<string> {
      const decision = await restriction.decide(
        known({
          origin: origin(login),
          bytes: declaredBytes,
          recipientCount: accepted,
          recipient: knownRecipient('carol@there.test', { kind: 'remote' }),
        }),
      )
      return 'reply' in decision ? decision.reply.text : decision.kind
    },
  }
}

describe('the sending limits of an account', () => {
  it('count messages, and lift at midnight UTC', async () => {
    const { send, rcpt, time } = await limits({ accountMessageLimitPerDay: 3 })
    for (let n = 0; n < 3; n++) {
      expect(await rcpt('alice')).toBe('dunno')
      expect(await send('alice')).toBeUndefined()
    }
    const text =
      'Daily sending limit of this account reached (3 messages); it is lifted at 00:00 UTC'
    expect(await rcpt('alice')).toBe(text)
    expect(await send('alice')).toBe(`450 4.7.1 ${text}`)
    expect(await send('bob')).toBeUndefined()
    time.nowMs = Date.UTC(2026, 10, 30)
    expect(await rcpt('alice')).toBe('dunno')
    expect(await send('alice')).toBeUndefined()
  })

  it('count recipients, those of the message too', async () => {
    const { send, rcpt } = await limits({ accountRecipientLimitPerDay: 10 })
    expect(await send('alice', 7)).toBeUndefined()
    expect(await rcpt('alice', 2)).toBe('dunno')
    expect(await rcpt('alice', 3)).toContain('(10 recipients)')
    expect(await send('alice', 4)).toContain('(10 recipients)')
    // What was refused does not count.
    expect(await send('alice', 3)).toBeUndefined()
    expect(await send('alice', 1)).toContain('(10 recipients)')
  })

  it('count bytes, by the declared size first', async () => {
    const { send, rcpt } = await limits({ accountByteLimitPerDay: 1_000 })
    expect(await rcpt('alice', 0, 1_001)).toContain('(1000 bytes)')
    expect(await send('alice', 1, 1_001)).toContain('(1000 bytes)')
    expect(await send('alice', 1, 1_000)).toBeUndefined()
    expect(await rcpt('alice', 0, 1)).toContain('(1000 bytes)')
  })

  it('hold for many sessions at once', async () => {
    const { send } = await limits({
      accountMessageLimitPerDay: 10,
      accountRecipientLimitPerDay: 25,
    })
    const all = await Promise.all(Array.from({ length: 50 }, () => send('alice', 2)))
    expect(all.filter((reply) => reply === undefined)).toHaveLength(10)
  })

  it('are for who logged in, and 0 is none', async () => {
    const some = await limits({ accountMessageLimitPerDay: 1 })
    for (let n = 0; n < 5; n++) expect(await some.send(null)).toBeUndefined()
    expect(await some.rcpt(null)).toBe('dunno')
    const without = await limits({})
    for (let n = 0; n < 5; n++) expect(await without.send('alice', 1_000)).toBeUndefined()
    expect(await without.rcpt('alice', 999)).toBe('dunno')
  })
})
