// What SES is given, and what its refusals mean for recipients.

import { describe, expect, it } from 'vitest'
import type { OutboundMessage } from '#services/delivery/remote/outbound-form.ts'
import {
  createSesTransport,
  SES_RECIPIENTS_MAX,
  type SendToSes,
  SesRefusal,
} from '#services/delivery/remote/ses-transport.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'

const bytes = Buffer.from('Subject: x\r\n\r\nbody\r\n')

const message: OutboundMessage = {
  bytes: bytes.length,
  needs: { smtpUtf8: false, eightBit: false },
  formFor: async () => ({
    declaredBytes: bytes.length,
    async *read() {
      yield bytes.subarray(0, 5)
      yield bytes.subarray(5)
    },
  }),
}

const recipients = (count: number): readonly EnvelopeRecipient[] =>
  Array.from({ length: count }, (_, n) => ({
    address: `r${n}@elsewhere.test`,
    notify: [],
    originalRecipient: null,
  }))

function deliver(
  send: SendToSes,
  { count = 1, outbound = message }: { count?: number; outbound?: OutboundMessage } = {},
) {
  return createSesTransport({ send, region: 'eu-central-1' }).deliver({
    queueId: 'q1',
    route: { kind: 'ses', region: '' },
    sender: 'ann@bücher.test',
    recipients: recipients(count),
    dsnReturn: null,
    dsnEnvelopeId: null,
    requireTls: false,
    ageMs: 0,
    openMessage: async () => outbound,
  })
}

describe('the transport to SES', () => {
  it('hands over the message as it is, its sender in A-labels', async () => {
    const sent: Parameters<SendToSes>[0][] = []
    const attempt = await deliver(async (one) => {
      sent.push(one)
      return 'id-1'
    })
    expect(attempt).toEqual({
      results: [{ kind: 'delivered', reply: '250 Ok id-1' }],
      destination: { kind: 'reached' },
    })
    expect(sent).toEqual([
      { raw: bytes, sender: 'ann@xn--bcher-kva.test', recipients: ['r0@elsewhere.test'] },
    ])
  })

  it('sends to as many at once as SES takes, each portion with a result of its own', async () => {
    const counts: number[] = []
    const { results } = await deliver(
      async (one) => {
        counts.push(one.recipients.length)
        if (counts.length === 2) throw new SesRefusal('throttled', 'Maximum sending rate exceeded')
        return 'id'
      },
      { count: 2 * SES_RECIPIENTS_MAX + 1 },
    )
    expect(counts).toEqual([SES_RECIPIENTS_MAX, SES_RECIPIENTS_MAX, 1])
    expect(results.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: SES_RECIPIENTS_MAX }, () => 'delivered'),
      ...Array.from({ length: SES_RECIPIENTS_MAX }, () => 'deferred'),
      'delivered',
    ])
  })

  it.each([
    [new SesRefusal('throttled', 'too fast'), 'deferred', '4.3.2', 'unreachable'],
    [new SesRefusal('unavailable', 'sending paused'), 'deferred', '4.3.5', 'unreachable'],
    [new SesRefusal('refused', 'not\r\nverified'), 'failed', '5.7.1', 'reached'],
    [new Error('connect ETIMEDOUT'), 'deferred', '4.4.1', 'unreachable'],
  ] as const)('reads %s', async (error, kind, status, destination) => {
    const attempt = await deliver(() => Promise.reject(error))
    expect(attempt.results).toEqual([
      { kind, status, reply: expect.stringMatching(/^ses\[eu-central-1\] said: [^\r\n]+$/) },
    ])
    expect(attempt.destination.kind).toBe(destination)
  })

  it.each([
    ['SMTPUTF8', { ...message, needs: { smtpUtf8: true, eightBit: true } }, '5.6.7'],
    ['more than it takes', { ...message, bytes: 30_000_001 }, '5.3.4'],
  ])('sends nothing that needs %s', async (_, outbound, status) => {
    const attempt = await deliver(() => Promise.reject(new Error('sent')), { outbound })
    expect(attempt.results).toMatchObject([{ kind: 'failed', status }])
  })
})
