// Who is told of what, and that it ends.

import { describe, expect, it } from 'vitest'
import {
  type Decision,
  decide,
  type NotifyClass,
  type Rules,
} from '#services/delivery/notices/decide.ts'
import type { EndedRecipient } from '#services/delivery/notices/ended-attempt.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'
import { seededRandom } from '#test/support/seed.ts'

const HOUR_MS = 3_600_000
const doubleBounce = 'double-bounce@mx.example.test'
const postmaster = 'postmaster@mx.example.test'
const rules: Rules = {
  notifyClasses: [],
  doubleBounceAddress: doubleBounce,
  bounceNoticeRecipient: postmaster,
  doubleBounceNoticeRecipient: postmaster,
  delayNoticeRecipient: postmaster,
  errorNoticeRecipient: postmaster,
  delayWarningTime: 4 * HOUR_MS,
  confirmDelayCleared: false,
  whyDoubted: () => undefined,
}
const failed: DeliveryResult = { kind: 'failed', status: '5.1.1', reply: 'no' }
const deferred: DeliveryResult = { kind: 'deferred', status: '4.4.1', reply: 'not now' }
const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }

function ended(
  address: string,
  result: DeliveryResult,
  more: Partial<QueuedRecipient> = {},
): EndedRecipient {
  const recipient: QueuedRecipient = {
    address,
    accountId: null,
    extension: null,
    original: address,
    notify: [],
    originalRecipient: null,
    ...more,
  }
  const relaysDsn = result.kind === 'delivered' && result.relaysDsn === true
  return { recipient, result, remoteMta: null, relaysDsn }
}

function from(sender: string): QueuedMessage {
  const message = aQueuedMessage()
  return { ...message, envelope: { ...message.envelope, sender } }
}

function after(
  recipients: readonly EndedRecipient[],
  {
    sender = 'ann@example.test',
    hours = 0,
    ...changed
  }: Partial<Rules> & {
    readonly sender?: string
    readonly hours?: number
  } = {},
): Decision {
  const message = from(sender)
  const atMs = message.arrivedMs + hours * HOUR_MS
  return decide(message, { recipients, atMs }, { ...rules, ...changed })
}

const inShort = ({ wanted }: Decision) =>
  wanted.map(({ kind, reader, from: sender, to, recipients, returns }) =>
    [
      kind,
      reader,
      `<${sender}>`,
      to,
      recipients.map(({ reported }) => reported.address),
      returns,
    ].join(' '),
  )

describe('who is told', () => {
  it('of failures first, then of delays, then of successes', () => {
    const all = [
      ended('a@x.test', delivered, { notify: ['SUCCESS'] }),
      ended('b@x.test', deferred),
      ended('c@x.test', failed),
    ]
    expect(inShort(after(all, { hours: 4, notifyClasses: ['bounce', 'delay'] }))).toEqual([
      'failure sender <> ann@example.test c@x.test full',
      `failure postmaster <${doubleBounce}> ${postmaster} c@x.test headers`,
      'delay sender <> ann@example.test b@x.test headers',
      `delay postmaster <${doubleBounce}> ${postmaster} b@x.test headers`,
      'success sender <> ann@example.test a@x.test headers',
    ])
  })

  // RFC 3461 §4.1
  it.each([
    [[], ['failure', 'delay']],
    [['NEVER'], []],
    [['FAILURE'], ['failure']],
    [['DELAY'], ['delay']],
    [['SUCCESS'], ['success']],
    [
      ['SUCCESS', 'FAILURE', 'DELAY'],
      ['failure', 'delay', 'success'],
    ],
  ] as const)('by NOTIFY=%s of %s', (notify, kinds) => {
    const results = [failed, deferred, delivered]
    const all = results.map((result, i) => ended(`${i}@x.test`, result, { notify }))
    expect(after(all, { hours: 5 }).wanted.map(({ kind }) => kind)).toEqual(kinds)
  })

  it('not of a success that the next host tells of, nor of a delay twice, nor before its time', () => {
    const last = {
      kind: 'deferred',
      status: '4.4.1',
      reply: 'not now',
      remoteMta: null,
      atMs: 0,
      attempts: 1,
    } as const
    const relayed = ended('a@x.test', { ...delivered, relaysDsn: true }, { notify: ['SUCCESS'] })
    const warned = ended('b@x.test', deferred, { last: { ...last, warned: true } })
    expect(after([relayed, warned], { hours: 5 }).wanted).toEqual([])
    expect(after([ended('b@x.test', deferred, { last })], { hours: 3.99 }).wanted).toEqual([])
    expect(after([ended('b@x.test', deferred)], { hours: 99, delayWarningTime: 0 }).wanted).toEqual(
      [],
    )
  })

  it('never of the null sender but the postmaster, who gets all of it', () => {
    const all = [ended('a@x.test', failed), ended('b@x.test', delivered, { notify: ['SUCCESS'] })]
    expect(after(all, { sender: '' })).toMatchObject({
      wanted: [],
      untold: { why: 'null sender', recipients: [{ address: 'a@x.test' }] },
    })
    for (const some of ['bounce', '2bounce'] as const) {
      expect(inShort(after(all, { sender: '', notifyClasses: [some] }))).toEqual([
        `failure postmaster <${doubleBounce}> ${postmaster} a@x.test full`,
      ])
    }
  })

  it('nobody of what the postmaster was told', () => {
    const all = [ended('a@x.test', failed), ended('b@x.test', deferred)]
    const notifyClasses = everything
    expect(
      after(all, { sender: doubleBounce.toUpperCase(), hours: 9, notifyClasses }),
    ).toMatchObject({
      wanted: [],
      untold: { why: 'undeliverable postmaster notification discarded' },
    })
  })

  it('no postmaster of his own mail twice', () => {
    const told = after([ended('a@x.test', failed)], {
      sender: postmaster,
      notifyClasses: ['bounce'],
    })
    expect(inShort(told)).toEqual([`failure sender <> ${postmaster} a@x.test full`])
  })

  it('the postmaster of problems, and not again while they last', () => {
    const bug: DeliveryResult = { kind: 'deferred', status: '4.3.0', reply: 'TypeError: a bug' }
    const full: DeliveryResult = {
      kind: 'deferred',
      status: '4.3.0',
      reply: 'storage failed: disk',
    }
    const mistaken: DeliveryResult = {
      kind: 'failed',
      status: '5.5.1',
      reply: 'host mx.x.test[192.0.2.1] said: 502 5.5.1 What? (in reply to EHLO)',
    }
    const all = [ended('a@x.test', bug), ended('b@x.test', full), ended('c@x.test', mistaken)]
    const of = (...notifyClasses: NotifyClass[]) =>
      inShort(after(all, { sender: '', notifyClasses }))
    const problem = (address: string) =>
      `problem postmaster <${doubleBounce}> ${postmaster} ${address} headers`
    expect(of('software')).toEqual([problem('a@x.test')])
    expect(of('resource')).toEqual([problem('b@x.test')])
    expect(of('protocol')).toEqual([problem('c@x.test')])
    const last = { ...bug, remoteMta: null, atMs: 0, attempts: 1 }
    const again = after([ended('a@x.test', bug, { last })], { notifyClasses: ['software'] })
    expect(again.wanted).toEqual([])
  })
})

const everything: readonly NotifyClass[] = [
  'bounce',
  '2bounce',
  'delay',
  'resource',
  'software',
  'protocol',
]

describe('notices of notices', () => {
  /** A message, what is told of it, what is told of that …: the longest such chain, where nothing is ever delivered. */
  function chain(sender: string, given: Rules, random: () => number, depth = 0): number {
    if (depth > 10) return depth
    const result = random() < 0.7 ? failed : deferred
    const bug: DeliveryResult = { kind: 'failed', status: '5.3.0', reply: 'a bug' }
    const all = [ended('a@x.test', random() < 0.2 ? bug : result)]
    const message = from(sender)
    const { wanted } = decide(
      message,
      { recipients: all, atMs: message.arrivedMs + 9 * HOUR_MS },
      given,
    )
    const next = wanted.map((one) => chain(one.from, given, random, depth + 1))
    return Math.max(depth, ...next)
  }

  it('end after the second, whoever is whose postmaster and whatever is told', () => {
    const random = seededRandom('notices of notices')
    const pick = <T>(all: readonly T[]): T => {
      const one = all[Math.floor(random() * all.length)]
      if (one === undefined) throw new Error('nothing to pick')
      return one
    }
    const people = [
      'ann@example.test',
      postmaster,
      doubleBounce,
      'Double-Bounce@MX.example.test',
      'eve@far.test',
    ]
    const lengths = new Set<number>()
    for (let round = 0; round < 2_000; round++) {
      const given: Rules = {
        ...rules,
        notifyClasses: everything.filter(() => random() < 0.6),
        bounceNoticeRecipient: pick(people),
        doubleBounceNoticeRecipient: pick(people),
        delayNoticeRecipient: pick(people),
        errorNoticeRecipient: pick(people),
        confirmDelayCleared: random() < 0.5,
        whyDoubted: () => (random() < 0.2 ? 'junk' : undefined),
      }
      lengths.add(chain(pick([...people, '']), given, random))
    }
    expect([...lengths].toSorted()).toEqual([0, 1, 2])
  })
})
