// How the lists of several stages make one verdict, and what is carried from one question to the next.

import { describe, expect, it } from 'vitest'
import type { Known } from '#services/policy/known.ts'
import { createPolicy } from '#services/policy/policy.ts'
import type { Decision, Restriction, StageLists } from '#services/policy/restriction.ts'
import type { EarlyRequest, PolicyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import {
  annsAccount,
  messageRequest,
  policyLists,
  recipientRequest,
  stranger,
} from '#test/support/policy-facts.ts'

const reply = { code: 554, status: '5.7.1', text: 'no' } as const
const points = (n: number): Decision => ({ kind: 'score', points: n })
const field = (n: number): Decision => ({ kind: 'prepend', fields: `X-${n}: x\r\n` })
const rejected: Decision = { kind: 'reject', reply }

/** A policy of restrictions that say this, and the stages that were asked. */
function policyOf(
  decisions: Partial<Record<PolicyStage, readonly (Decision | Restriction<never>)[]>>,
) {
  const asked: PolicyStage[] = []
  const lists: Record<string, unknown> = {}
  for (const [stage, said] of Object.entries(decisions) as [PolicyStage, Decision[]][]) {
    lists[stage] = said.map((one) =>
      'decide' in one
        ? one
        : {
            name: `test_${stage}`,
            decide() {
              asked.push(stage)
              return one
            },
          },
    )
  }
  const log = new MemoryLog()
  const policy = createPolicy({
    lists: policyLists(lists as Partial<StageLists>),
    openDns: openFakeDns(),
    directory: {
      resolve: async () => annsAccount,
      reach: () => Promise.reject(new Error('no alias')),
    },
    options: { hostname: 'mx.example.test' },
    log,
  })
  return { policy, asked, log }
}

const after = (verdict: PolicyVerdict) => (verdict.judged ? { judged: verdict.judged } : {})

describe('the stages of policy', () => {
  it('are judged with the first recipient in their order, and early ones not again', async () => {
    const { policy, asked } = policyOf({
      recipient: [field(4)],
      sender: [field(3)],
      connect: [field(1)],
      helo: [field(2)],
    })
    const first = await policy.recipient(recipientRequest())
    expect(asked.splice(0)).toEqual(['connect', 'helo', 'sender', 'recipient'])
    expect(first).toMatchObject({ prepend: 'X-1: x\r\nX-2: x\r\nX-3: x\r\nX-4: x\r\n' })
    const second = await policy.recipient(recipientRequest(after(first)))
    expect(asked).toEqual(['recipient'])
    expect(second).toMatchObject({ prepend: 'X-4: x\r\n', judged: first.judged })
  })

  it('are judged again from the one on that refused', async () => {
    const { policy, asked } = policyOf({
      connect: [field(1)],
      helo: [rejected],
      sender: [field(3)],
    })
    const first = await policy.recipient(recipientRequest())
    expect(first).toEqual({
      kind: 'reject',
      reply,
      restriction: 'test_helo',
      // What the client's own list wants is not lost with the recipient.
      prepend: 'X-1: x\r\n',
      judged: { passed: ['connect'], score: 0 },
    })
    asked.splice(0)
    const second = await policy.recipient(recipientRequest(after(first)))
    expect(asked).toEqual(['helo'])
    expect(second).toMatchObject({ kind: 'reject', judged: first.judged })
  })

  it('hold nothing against a message that only a refused recipient caused', async () => {
    const { policy } = policyOf({ recipient: [field(1), { kind: 'hold', reason: 'x' }, rejected] })
    const verdict = await policy.recipient(recipientRequest())
    expect(verdict).toEqual({ kind: 'reject', reply, restriction: 'test_recipient' })
  })

  it('want nothing for a message but what holds for all of it, where a later one refuses its recipient', async () => {
    const wants: readonly Decision[] = [
      field(1),
      { kind: 'hold', reason: 'x' },
      { kind: 'redirect', to: 'a@b.test' },
      { kind: 'filter', destination: 'smtp:[::1]:10025' },
      { kind: 'bcc', to: 'a@b.test' },
    ]
    const refusing = policyOf({ connect: [field(0)], relay: wants, recipient: [rejected] }).policy
    const judged = { passed: ['connect'], score: 0 }
    expect(await refusing.recipient(recipientRequest())).toEqual({
      kind: 'reject',
      reply,
      restriction: 'test_recipient',
      prepend: 'X-0: x\r\n',
      judged,
    })
    const later = { code: 450, status: '4.7.1', text: 'later' } as const
    const putOff: Decision = { kind: 'defer-if-permit', reply: later }
    const deferring = policyOf({ connect: [field(0)], recipient: [...wants, putOff] }).policy
    expect(await deferring.recipient(recipientRequest())).toEqual({
      kind: 'reject',
      reply: later,
      restriction: 'test_recipient',
      prepend: 'X-0: x\r\n',
      judged,
    })
  })

  it('warn though they refuse', async () => {
    const warn = (text: string): Decision => ({ kind: 'warn', text })
    const { policy } = policyOf({ connect: [warn('a')], recipient: [warn('b'), rejected] })
    const verdict = await policy.recipient(recipientRequest())
    expect(verdict).toMatchObject({ kind: 'reject', warnings: ['a', 'b'] })
  })

  it('end by permit only their own list', async () => {
    const { policy, asked } = policyOf({
      connect: [{ kind: 'permit' }, rejected],
      recipient: [rejected],
    })
    expect((await policy.recipient(recipientRequest())).kind).toBe('reject')
    expect(asked).toEqual(['connect', 'recipient'])
  })

  it('can be asked early, each up to the one that has come', async () => {
    const { policy, asked } = policyOf({
      connect: [points(1)],
      helo: [points(2)],
      sender: [rejected],
    })
    const early = (stage: EarlyRequest['stage'], judged?: EarlyRequest['judged']) =>
      policy.early({
        stage,
        queueId: 'Q' as QueueId,
        origin: stranger,
        sender: '',
        declaredBytes: 0,
        ...(judged && { judged }),
      })
    const connect = await early('connect')
    expect(connect).toMatchObject({ kind: 'permit', judged: { passed: ['connect'], score: 1 } })
    const helo = await early('helo', connect.judged)
    expect(helo.judged).toEqual({ passed: ['connect', 'helo'], score: 3 })
    expect(asked).toEqual(['connect', 'helo'])
    expect(await early('sender', helo.judged)).toMatchObject({
      kind: 'reject',
      restriction: 'test_sender',
      judged: helo.judged,
    })
  })

  it('sum up what was scored: early ones for all, a recipient for himself', async () => {
    const threshold: Restriction = {
      name: 'too_much',
      decide: ({ score }) => (score >= 6 ? rejected : { kind: 'dunno' }),
    }
    const { policy } = policyOf({
      connect: [points(2)],
      sender: [points(2)],
      recipient: [points(1), threshold],
      message: [points(1), threshold],
    })
    let verdict = await policy.recipient(recipientRequest())
    for (let n = 0; n < 3; n++) verdict = await policy.recipient(recipientRequest(after(verdict)))
    expect(verdict).toMatchObject({ kind: 'permit', judged: { score: 4 } })
    expect((await policy.message(messageRequest(after(verdict)))).kind).toBe('permit')
    const worse = { judged: { passed: ['connect', 'sender'], score: 5 } } as const
    expect(await policy.recipient(recipientRequest(worse))).toMatchObject({
      restriction: 'too_much',
    })
    expect(await policy.message(messageRequest(worse))).toMatchObject({ restriction: 'too_much' })
  })

  it('judge data with the message, before it', async () => {
    const { policy, asked } = policyOf({ message: [field(2)], data: [field(1)] })
    const verdict = await policy.message(messageRequest())
    expect(verdict).toEqual({ kind: 'permit', prepend: 'X-1: x\r\nX-2: x\r\n', finalRecipients: 1 })
    expect(asked).toEqual(['data', 'message'])
  })

  it('say what is to be done besides', async () => {
    const { policy } = policyOf({
      connect: [{ kind: 'warn', text: 'odd' }],
      recipient: [
        { kind: 'hold', reason: 'look' },
        { kind: 'redirect', to: 'a@b.test' },
      ],
      message: [{ kind: 'discard' }],
    })
    expect(await policy.recipient(recipientRequest())).toEqual({
      kind: 'permit',
      prepend: '',
      finalRecipients: 1,
      warnings: ['odd'],
      hold: 'look',
      redirect: 'a@b.test',
      judged: { passed: ['connect'], score: 0 },
    })
    expect(await policy.message(messageRequest())).toEqual({
      kind: 'discard',
      restriction: 'test_message',
    })
  })

  it('are asked again for each recipient from the one on that looked at him', async () => {
    const asked: string[] = []
    const looks = (name: string, look: (known: Known) => unknown): Restriction => ({
      name,
      decide(known) {
        look(known)
        asked.push(name)
        return points(1)
      },
    })
    const { policy } = policyOf({
      connect: [looks('client', ({ origin }) => origin)],
      helo: [looks('helo', ({ recipient }) => recipient)],
      sender: [looks('sender', ({ sender }) => sender)],
    } as object)
    const first = await policy.recipient(recipientRequest())
    const second = await policy.recipient(recipientRequest(after(first)))
    expect(asked).toEqual(['client', 'helo', 'sender', 'helo', 'sender'])
    // What is asked again scores anew, and not on top.
    expect(second.judged).toEqual({ passed: ['connect'], score: 1 })
  })

  it('are not asked about postmaster without a domain (RFC 5321 §4.5.1)', async () => {
    const { policy, asked } = policyOf({ connect: [rejected], relay: [rejected] })
    const verdict = await policy.recipient(recipientRequest({ recipient: 'Postmaster' }))
    expect([verdict.kind, asked]).toEqual(['permit', []])
  })

  it('put off what none of them refuses, where one of them wants that', async () => {
    const putOff: Decision = {
      kind: 'defer-if-permit',
      reply: { code: 450, status: '4.7.1', text: 'later' },
    }
    const { policy } = policyOf({ connect: [putOff], recipient: [{ kind: 'permit' }] })
    const first = await policy.recipient(recipientRequest())
    expect(first).toMatchObject({ kind: 'reject', reply: { text: 'later' } })
    const second = await policy.recipient(recipientRequest(after(first)))
    expect(second).toMatchObject({ kind: 'reject', restriction: 'test_connect' })
    // At DATA nothing is left of it.
    expect(await policy.message(messageRequest(after(first)))).toMatchObject({ kind: 'permit' })
    const other = policyOf({ connect: [putOff], recipient: [rejected] }).policy
    expect(await other.recipient(recipientRequest())).toMatchObject({ reply: { text: 'no' } })
  })

  it('keep DEFER_IF_REJECT to themselves', async () => {
    const soft: Decision = {
      kind: 'defer-if-reject',
      reply: { code: 450, status: '4.7.1', text: 'soft' },
    }
    const { policy } = policyOf({ sender: [soft], recipient: [rejected] })
    expect(await policy.recipient(recipientRequest())).toMatchObject({ reply: { text: 'no' } })
    const relay = policyOf({ relay: [soft], recipient: [rejected] }).policy
    expect(await relay.recipient(recipientRequest())).toMatchObject({ reply: { text: 'soft' } })
  })

  it('leave a trail in the log', async () => {
    const { policy, log } = policyOf({ connect: [points(1)], recipient: [rejected] })
    await policy.recipient(recipientRequest())
    expect(log.lines).toEqual([
      {
        level: 'debug',
        message: 'recipient judged',
        fields: {
          queueId: 'Q',
          trail: [
            { stage: 'connect', steps: [{ restriction: 'test_connect', decision: points(1) }] },
            { stage: 'recipient', steps: [{ restriction: 'test_recipient', decision: rejected }] },
          ],
          lookups: {},
        },
      },
    ])
  })

  it('share what was looked up for one question, and leave it in the log', async () => {
    const looks = {
      name: 'test_looks',
      async decide({ dns, client }: Known): Promise<Decision> {
        await Promise.all([dns.resolveMx('remote.test'), client.name()])
        return { kind: 'dunno' }
      },
    }
    const { policy, log } = policyOf({ connect: [looks], recipient: [looks] })
    await policy.recipient(recipientRequest())
    expect(log.lines[0]?.fields).toMatchObject({
      lookups: {
        'MX remote.test': { kind: 'nxdomain' },
        'PTR 203.0.113.5': { kind: 'nxdomain' },
      },
    })
  })
})
