import { describe, expect, it } from 'vitest'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { groupItem, groupRecord, RESULTS_BYTES_MAX } from '#shared/queue/group-item.ts'
import { groupKey } from '#shared/queue/keys.ts'
import type { Group, QueuedRecipient } from '#shared/queue/records.ts'
import { LAST_REPLY_BYTES_MAX, type LastResult } from '#shared/queue/results.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import { recipient } from '#test/support/mail-queue.ts'

const queueId = '0123456789ABCDEFGH' as QueueId
const last: LastResult = {
  kind: 'deferred',
  status: '4.2.2',
  reply: 'host mx.b.test[192.0.2.1]:25 said: 452 4.2.2 full',
  remoteMta: 'mx.b.test[192.0.2.1]',
  atMs: 5,
  attempts: 6,
}
// No two facts beside each other are the same, so that none can take the place of another.
const group: Group = {
  queueId,
  name: 'hop/0.split',
  state: 'deferred',
  destination: { kind: 'remote', slot: 'hop' },
  recipients: [
    {
      address: 'a@b.test',
      accountId: null,
      extension: 'x',
      original: 'o@b.test',
      notify: ['SUCCESS', 'DELAY'],
      originalRecipient: 'rfc822;r@b.test',
      last,
    },
  ],
  attempts: 1,
  dueMs: 2,
  leaseUntilMs: 3,
  unsettled: 4,
  split: 'split',
  unreserved: true,
}
/** What the version before does not know stands behind all else. */
const forwarded = { ...group.recipients[0], forwardedBy: 'f@b.test' } as QueuedRecipient

const itemOf = (given: Group) => groupItem(given, groupKey(queueId, given.name))
const withRecipients = (...recipients: readonly QueuedRecipient[]): Group => ({
  ...group,
  recipients,
})

describe('a group as an item', () => {
  it('says who sent a recipient on, with a last result and without one', () => {
    const { last: _, ...fresh } = forwarded
    const both = withRecipients(forwarded, fresh)
    const facts = ['a@b.test', null, 'x', 'o@b.test', ['SUCCESS', 'DELAY'], 'rfc822;r@b.test']
    expect(itemOf(both).recipients).toEqual([
      [...facts, 0, 'f@b.test'],
      [...facts, null, 'f@b.test'],
    ])
    expect(groupRecord(itemOf(both))).toEqual(both)
  })

  it('has each fact in its place', () => {
    const item = itemOf(group)
    expect(item).toEqual({
      pk: `Q#${queueId}`,
      sk: 'G#hop/0.split',
      version: 2,
      state: 'deferred',
      nextHop: 'hop',
      recipients: [['a@b.test', null, 'x', 'o@b.test', ['SUCCESS', 'DELAY'], 'rfc822;r@b.test', 0]],
      results: [['deferred', '4.2.2', last.reply, 'mx.b.test[192.0.2.1]', 5, 6]],
      attempts: 1,
      dueMs: 2,
      leaseUntilMs: 3,
      unsettled: 4,
      split: 'split',
      unreserved: true,
    })
    expect(groupRecord(item)).toEqual(group)
  })

  it('knows that a sender was told of a delay, and of whom he is still to be told; older programs pass both over', () => {
    const warned = withRecipients({ ...recipient('a@b.test'), last: { ...last, warned: true } })
    expect(itemOf(warned).results).toEqual([
      ['deferred', '4.2.2', last.reply, 'mx.b.test[192.0.2.1]', 5, 6, 1],
    ])
    expect(groupRecord(itemOf(warned))).toEqual(warned)
    const done = withRecipients({
      ...recipient('a@b.test'),
      last: { ...last, kind: 'delivered', status: '2.0.0' },
    })
    expect(groupRecord(itemOf(done))).toEqual(done)
  })

  // Programs of before and after an update compare them side by side.
  it.each([
    ['waiting', 0, 'active'],
    ['leased', 7, 'active'],
    ['deferred', 0, 'deferred'],
    ['held', 0, 'hold'],
  ] as const)(
    'that is %s has the word of the first version, and a lease by its time',
    (state, leaseUntilMs, stored) => {
      const item = itemOf({ ...group, state, leaseUntilMs })
      expect(item.state).toBe(stored)
      expect(groupRecord(item).state).toBe(state)
    },
  )

  it('has no state of another word', () => {
    expect(() => groupRecord({ ...itemOf(group), state: 'lost' })).toThrow(
      'no state of a group: lost',
    )
  })

  it('keeps what was said of each recipient, once where it is the same, and nothing of who was not tried', () => {
    const given = withRecipients(
      recipient('a@b.test'),
      { ...recipient('b@b.test'), last },
      { ...recipient('c@b.test'), last: { ...last, reply: 'another' } },
      { ...recipient('d@b.test'), last },
    )
    const item = itemOf(given)
    expect(item.results).toHaveLength(2)
    expect(groupRecord(item)).toEqual(given)
    expect(itemOf(withRecipients(recipient('a@b.test')))).not.toHaveProperty('results')
  })

  it('keeps very many replies exactly while they fit, and cuts all of them shorter where they do not', () => {
    const said = (n: number, reply: string) => ({
      ...recipient(`${n}@b.test`),
      last: { ...last, reply },
    })
    const many = (characters: number) =>
      withRecipients(
        ...Array.from({ length: 1_000 }, (_, n) => said(n, `${n} `.padEnd(characters, 'x'))),
      )
    const short = many(60)
    expect(groupRecord(itemOf(short))).toEqual(short)
    const item = itemOf(many(LAST_REPLY_BYTES_MAX))
    expect(itemBytes({ results: item.results ?? null })).toBeLessThanOrEqual(
      RESULTS_BYTES_MAX + 100,
    )
    const replies = groupRecord(item).recipients.map((one) => one.last?.reply ?? '')
    expect(replies[999]?.startsWith('999 x')).toBe(true)
  })
})

describe('a group of the version before', () => {
  const { version, results, ...item } = itemOf(
    withRecipients(recipient('a@b.test'), recipient('c@b.test')),
  )
  const old = { ...item, lastReply: 'later' }

  it.each([
    ['deferred', 'deferred', '4.0.0'],
    ['active', 'deferred', '4.0.0'],
    ['hold', 'failed', '5.0.0'],
  ] as const)(
    'that is %s has the one reply for all, and what was not kept is not made up',
    (state, kind, status) => {
      const { recipients } = groupRecord({ ...old, state })
      const known = { kind, status, reply: 'later', remoteMta: null, atMs: null, attempts: 1 }
      expect(recipients.map((one) => one.last)).toEqual([known, known])
    },
  )

  it('has no results where nothing was tried', () => {
    const { recipients } = groupRecord({ ...old, lastReply: null })
    expect(recipients.map((one) => one.last)).toEqual([undefined, undefined])
  })
})
