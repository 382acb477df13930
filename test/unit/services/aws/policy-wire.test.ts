// Two versions of listener and policy function together, as they are while a deployment is under way.

import { describe, expect, it } from 'vitest'
import {
  answerQuestion,
  decodeVerdict,
  encodeQuestion,
  INVOCATION_BYTES_MAX,
} from '#services/aws/policy-wire.ts'
import { createPolicy } from '#services/policy/policy.ts'
import { ENVELOPE_BYTES_MAX, RECIPIENT_OVERHEAD_BYTES } from '#services/smtp/config.ts'
import type { EarlyRequest, Policy, PolicyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import { HEADER_INDEXED_BYTES_MAX } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import {
  annsAccount,
  messageRequest,
  policyLists,
  recipientRequest,
  stranger,
} from '#test/support/policy-facts.ts'

const listOf = (stage: PolicyStage) => ({
  [stage]: [{ name: stage, decide: () => ({ kind: 'prepend', fields: `X-${stage}: x\r\n` }) }],
})

/** Every list has a restriction that gives a field with the name of its stage. */
const policy = createPolicy({
  lists: policyLists({
    ...listOf('connect'),
    ...listOf('helo'),
    ...listOf('sender'),
    ...listOf('recipient'),
    ...listOf('data'),
    ...listOf('message'),
  }),
  openDns: openFakeDns(),
  directory: {
    resolve: async () => annsAccount,
    reach: () => Promise.reject(new Error('no alias')),
  },
  options: { hostname: 'mx.example.test' },
  log: silentLog,
})

/** What the function of version 1 did with an event. */
const functionOfVersion1 = (event: object) => ('recipient' in event ? 'recipient' : 'message')

const overTheWire = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown
const early: EarlyRequest = {
  stage: 'helo',
  queueId: 'Q' as QueueId,
  origin: stranger,
  sender: '',
  declaredBytes: 0,
}

describe('a listener of version 1', () => {
  it('is answered about a recipient: all stages, every time', async () => {
    const asks = overTheWire(recipientRequest())
    for (let n = 0; n < 2; n++) {
      expect(await answerQuestion(policy, asks)).toMatchObject({
        kind: 'permit',
        prepend: 'X-connect: x\r\nX-helo: x\r\nX-sender: x\r\nX-recipient: x\r\n',
        finalRecipients: 1,
      })
    }
  })

  it('is answered about a message of which it tells no header', async () => {
    expect(await answerQuestion(policy, overTheWire(messageRequest()))).toMatchObject({
      kind: 'permit',
      prepend: 'X-data: x\r\nX-message: x\r\n',
    })
  })

  it('finds in an answer what it knows, where it looks for it', async () => {
    const { kind, prepend, finalRecipients } = overTheWire(
      await answerQuestion(policy, overTheWire(recipientRequest())),
    ) as Record<string, unknown>
    expect([kind, typeof prepend, finalRecipients]).toEqual(['permit', 'string', 1])
  })
})

describe('a function of version 1', () => {
  const judged = { passed: ['connect'], score: 1 } as const

  it.each([
    ['recipient', recipientRequest({ judged })],
    ['message', messageRequest({ judged, header: 'Subject: x\r\n' })],
  ] as const)('finds the request about a %s where it looks for it', (ask, request) => {
    const event = JSON.parse(encodeQuestion({ ask, request } as never).toString())
    expect(functionOfVersion1(event)).toBe(ask)
    expect(event).toMatchObject(request)
  })

  it.each<[string, unknown, PolicyVerdict]>([
    [
      'permits',
      { kind: 'permit', prepend: 'X: y\r\n' },
      { kind: 'permit', prepend: 'X: y\r\n', finalRecipients: 1 },
    ],
    [
      'rejects',
      { kind: 'reject', reply: { code: 550, status: '5.1.1', text: 'no' }, restriction: 'r' },
      { kind: 'reject', reply: { code: 550, status: '5.1.1', text: 'no' }, restriction: 'r' },
    ],
  ])('is understood where it %s; no stage has passed by its word', (_, answer, verdict) => {
    const decoded = decodeVerdict(answer)
    expect(decoded).toEqual(verdict)
    expect(decoded.judged).toBeUndefined()
  })
})

describe('this version', () => {
  const answers = async (ask: 'early' | 'recipient' | 'message', request: object) => {
    const event = JSON.parse(encodeQuestion({ ask, request } as never).toString())
    return decodeVerdict(overTheWire(await answerQuestion(policy, event)))
  }

  it('understands itself: a verdict is the same as without a wire', async () => {
    expect(await answers('early', early)).toEqual(await policy.early(early))
    expect(await answers('recipient', recipientRequest())).toEqual(
      await policy.recipient(recipientRequest()),
    )
    expect(await answers('message', messageRequest())).toEqual(
      await policy.message(messageRequest()),
    )
  })

  it('gives the request to policy as it was, and nothing of the wire', async () => {
    const seen: unknown[] = []
    const note = async (request: unknown): Promise<PolicyVerdict> => {
      seen.push(request)
      return { kind: 'discard', restriction: 'r' }
    }
    const noting: Policy = { early: note, recipient: note, data: note, message: note }
    const request = messageRequest({ header: 'X: \xff\0\r\n' })
    const event = JSON.parse(encodeQuestion({ ask: 'message', request }).toString())
    expect(await answerQuestion(noting, event)).toEqual({ kind: 'discard', restriction: 'r' })
    expect(seen).toEqual([request])
  })

  it('takes no notice of what only the next one says', async () => {
    const event = { ...recipientRequest(), version: 4, ask: 'recipient', weather: 'fine' }
    expect((await answerQuestion(policy, event)).kind).toBe('permit')
    const next = { kind: 'permit', prepend: '', finalRecipients: 2, weather: 'fine' }
    expect(decodeVerdict(next)).toMatchObject({ kind: 'permit', finalRecipients: 2 })
  })

  it('takes what it does not know for no answer and no question, never for a yes', async () => {
    const event = { ...recipientRequest(), version: 3, ask: 'weather' }
    await expect(answerQuestion(policy, event)).rejects.toThrow('version 3 asks about weather')
    expect(() => decodeVerdict({ kind: 'maybe' })).toThrow('no verdict')
  })

  it('asks nothing that is larger than an invocation may be', () => {
    const address = `${'x'.repeat(20)}@example.test`
    const recipients = Array.from(
      { length: Math.floor(ENVELOPE_BYTES_MAX / (address.length + RECIPIENT_OVERHEAD_BYTES)) },
      () => ({ address, notify: [], originalRecipient: null }),
    )
    const { envelope, ...request } = messageRequest({
      // Six bytes each in JSON.
      header: '\x01'.repeat(HEADER_INDEXED_BYTES_MAX),
    })
    const question = { ...request, envelope: { ...envelope, recipients } }
    const bytes = encodeQuestion({ ask: 'message', request: question }).length
    expect(bytes).toBeGreaterThan(6 * HEADER_INDEXED_BYTES_MAX)
    expect(bytes).toBeLessThan(INVOCATION_BYTES_MAX / 2)
  })
})
