// What may become of a message and its groups, and what is refused. Two workers at once: leases.test.ts. Many groups: large-messages.test.ts.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { DELIVERED_DAYS } from '#shared/mailbox/blob-references.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId, mailboxBlobOf } from '#shared/queue/blob.ts'
import { deferredUntil, dueAt, groupKey, heldAt, messageKey } from '#shared/queue/keys.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { GROUP_LEASE_MS, type NewGroup } from '#shared/queue/new-groups.ts'
import {
  type Group,
  isEnded,
  type QueuedMessage,
  storedMessageState,
} from '#shared/queue/records.ts'
import type { RecipientResult } from '#shared/queue/results.ts'
import { PARTS_AT_ONCE_MAX } from '#shared/queue/settle.ts'
import { CREATED_ITEMS_MAX, INCOMING_RING_AGAIN_MS } from '#shared/queue/writes.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  ConditionFailed,
  type Queue,
  StorageMisuse,
  type Store,
  type Table,
} from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  addressesOf,
  bellsOf,
  itemsOf,
  mailQueueOn,
  queuedMessage,
  recipient,
  recipientHere,
} from '#test/support/mail-queue.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const DAY_MS = 86_400_000

describe('the mail queue', () => {
  let clock: ReturnType<typeof manualClock>
  let opened: OpenedEmbedded
  let store: Store
  let queue: MailQueue

  beforeEach(async () => {
    clock = manualClock()
    opened = await openEmbedded({ clock })
    store = opened.store
    queue = mailQueueOn(store, clock)
  })
  afterEach(() => opened.close())

  const stored = async (queueId: QueueId) => (await queue.load([queueId]))[0]
  const itemOf = (queueId: QueueId, group?: string) =>
    store.tables.queue.get(group === undefined ? messageKey(queueId) : groupKey(queueId, group), {
      consistent: true,
    })

  async function added(facts: Parameters<typeof queuedMessage>[1] = {}): Promise<QueuedMessage> {
    const message = queuedMessage(clock.now(), facts)
    await queue.add(message)
    return message
  }

  const far = (hop: string, ...addresses: readonly string[]): NewGroup => ({
    destination: { kind: 'remote', slot: hop },
    recipients: addresses.map((address) => recipient(address)),
    state: { kind: 'waiting' },
  })
  const near = (...addresses: readonly string[]): NewGroup => ({
    destination: { kind: 'local' },
    recipients: addresses.map(recipientHere),
    state: { kind: 'waiting' },
  })

  async function split(...groups: readonly NewGroup[]): Promise<QueuedMessage> {
    const message = await added()
    expect(await queue.split(message, groups)).toBe(true)
    return message
  }

  async function taken({ queueId }: QueuedMessage, name: string): Promise<Group> {
    const found = await queue.take(queueId, name)
    if (found === undefined) throw new Error('not taken')
    return found.group
  }

  const outcome = (
    one: FinalRecipient,
    kind: 'delivered' | 'deferred' | 'failed',
  ): RecipientResult => ({
    recipient: one,
    result:
      kind === 'delivered'
        ? { kind, reply: '250 ok' }
        : { kind, status: kind === 'failed' ? '5.1.1' : '4.4.1', reply: `${one.address} ${kind}` },
  })

  describe('adds a message', () => {
    it('which is incoming, and due when nothing has happened to it for a while', async () => {
      const message = await added({
        envelope: {
          recipients: [{ address: 'a@far.example', notify: [], originalRecipient: null }],
        },
      })
      expect(await stored(message.queueId)).toEqual(message)
      expect(await itemOf(message.queueId)).toMatchObject(
        dueAt(message.queueId, '', clock.now() + INCOMING_RING_AGAIN_MS),
      )
    })

    it('once: a second one of its name is refused and changes nothing', async () => {
      const message = await added()
      const other = { ...message, prepend: 'X: other\r\n' }
      await expect(queue.add(other)).rejects.toThrow(ConditionFailed)
      expect(await stored(message.queueId)).toEqual(message)
    })

    it('and knows nothing of one that was never added', async () => {
      const message = queuedMessage(clock.now())
      const there = await added()
      expect(await queue.load([message.queueId, there.queueId])).toEqual([undefined, there])
    })
  })

  describe('splits a message into groups', () => {
    it('each with its recipients, and the message waits for them', async () => {
      const { queueId } = await split(far('a.test', 'x@a.test'), near('ann@here.test'))
      expect(await stored(queueId)).toMatchObject({ groups: 2, split: null })
      expect(await itemOf(queueId)).not.toHaveProperty('duePk')
      const groups = await queue.loadGroups(queueId)
      expect(groups.map((group) => [group.name, addressesOf(group), group.attempts])).toEqual([
        ['a.test/0', ['x@a.test'], 0],
        ['local/1', ['ann@here.test'], 0],
      ])
    })

    it('each with a name that its bell can say, whatever words its route has', async () => {
      const slot = `error:5.1.6 he möved\n${'😀'.repeat(200)}`
      const { queueId } = await split(far(slot, 'x@a.test'))
      const [bell = ''] = await bellsOf(store, 'active')
      expect(bell).toMatch(/^[0-9A-Z]+ error:5\.1\.6_he_m_ved__+\/0$/)
      const found = await queue.take(queueId, bell.split(' ')[1] ?? '')
      expect(found?.group.destination).toEqual({ kind: 'remote', slot })
    })

    it('rings those that wait for a worker, which are due should the bell get lost', async () => {
      const { queueId } = await split(far('a.test', 'x@a.test'), {
        ...near('ann@here.test'),
        state: { kind: 'deferred', dueMs: 7 },
      })
      expect(await bellsOf(store, 'active')).toEqual([`${queueId} a.test/0`])
      const lost = dueAt(queueId, 'a.test/0', clock.now() + GROUP_LEASE_MS)
      expect(await itemOf(queueId, 'a.test/0')).toMatchObject(lost)
    })

    it('of which the deferred are due at their time', async () => {
      const { queueId } = await split({
        ...near('ann@here.test'),
        state: { kind: 'deferred', dueMs: 7 },
      })
      expect(await itemOf(queueId, 'local/0')).toMatchObject(
        deferredUntil(queueId, 'local/0', { dueMs: 7, nowMs: clock.now() }),
      )
    })

    it('of which one has been tried where a recipient of it has', async () => {
      const last = { kind: 'failed', status: '5.1.1', reply: 'no', remoteMta: null } as const
      const tried = { ...recipientHere('bob@here.test'), last: { ...last, atMs: 1, attempts: 1 } }
      const { queueId } = await split(near('ann@here.test'), {
        ...near(),
        recipients: [tried],
      })
      expect((await queue.loadGroups(queueId)).map(({ attempts }) => attempts)).toEqual([0, 1])
    })

    it('once: false for a second worker, whose groups are not made', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      expect(await queue.split(message, [far('b.test', 'y@b.test')])).toBe(false)
      expect((await queue.loadGroups(message.queueId)).map(({ name }) => name)).toEqual([
        'a.test/0',
      ])
    })

    it('not when an operator holds it, or it is gone', async () => {
      const held = await added()
      await store.tables.queue.write({
        update: messageKey(held.queueId),
        changes: { set: { state: storedMessageState.held } },
      })
      expect(await queue.split(held, [near('ann@here.test')])).toBe(false)
      const gone = await added()
      await queue.finish(gone)
      expect(await queue.split(gone, [near('ann@here.test')])).toBe(false)
      expect(await itemsOf(store, gone.queueId)).toEqual([])
    })
  })

  describe('finishes a message', () => {
    it('which is gone then, and again without harm', async () => {
      const message = await added()
      await queue.finish(message)
      await queue.finish(message)
      expect(await itemsOf(store, message.queueId)).toEqual([])
    })

    it('with all that lies apart from it', async () => {
      const message = await added({ index: new Uint8Array(350_000) })
      const loaded = await stored(message.queueId)
      expect(loaded?.apart).toEqual(['INDEX'])
      if (loaded) await queue.finish(loaded)
      expect(await itemsOf(store, message.queueId)).toEqual([])
    })

    it('not when another worker has split it', async () => {
      const message = await split(near('ann@here.test'))
      await queue.finish(message)
      expect(await itemsOf(store, message.queueId)).toHaveLength(2)
    })
  })

  describe('sets a message aside', () => {
    it('with the reason, where an operator sees it and nothing moves it', async () => {
      const { queueId } = await added()
      await queue.markCorrupt(queueId, 'a bug')
      expect(await stored(queueId)).toMatchObject({ state: 'corrupt', reason: 'a bug' })
      const item = await itemOf(queueId)
      expect(item).toMatchObject(heldAt(queueId, ''))
      expect(item).not.toHaveProperty('duePk')
    })

    it('not one that is gone', async () => {
      const message = await added()
      await queue.finish(message)
      await queue.markCorrupt(message.queueId, 'a bug')
      expect(await stored(message.queueId)).toBeUndefined()
    })
  })

  describe('counts starts of cleanup', () => {
    it('one more each time, until they are forgotten', async () => {
      const { queueId } = await added()
      expect(await queue.countStart(queueId)).toBe(1)
      expect(await queue.countStart(queueId)).toBe(2)
      await queue.forgetStarts(queueId)
      await queue.forgetStarts(queueId)
      expect(await queue.countStart(queueId)).toBe(1)
    })

    it('none of a message that is not incoming', async () => {
      const { queueId } = await split(near('ann@here.test'))
      expect(await queue.countStart(queueId)).toBe(0)
      await queue.forgetStarts(queueId)
      expect((await stored(queueId))?.starts).toBe(0)
    })
  })

  describe('lets a worker take a group', () => {
    it('that waits, or is deferred: before its time too, for whoever rings may', async () => {
      const message = await split(far('a.test', 'x@a.test'), {
        ...near('ann@here.test'),
        state: { kind: 'deferred', dueMs: 1e15 },
      })
      const group = await taken(message, 'a.test/0')
      expect(group).toMatchObject({ leaseUntilMs: clock.now() + GROUP_LEASE_MS, unsettled: 1 })
      await taken(message, 'local/1')
      const over = dueAt(message.queueId, 'local/1', clock.now() + GROUP_LEASE_MS)
      expect(await itemOf(message.queueId, 'local/1')).toMatchObject(over)
    })

    it('not one on hold, and not one that is not there', async () => {
      const message = await split(near('a@here.test'))
      const { queueId } = message
      expect(await queue.holdTaken(await taken(message, 'local/0'))).toBe(true)
      expect(await itemOf(queueId, 'local/0')).toMatchObject(heldAt(queueId, 'local/0'))
      expect(await itemOf(queueId, 'local/0')).not.toHaveProperty('duePk')
      expect(await queue.take(queueId, 'local/0')).toBeUndefined()
      expect(await queue.take(queueId, 'local/9')).toBeUndefined()
      expect(await itemOf(queueId, 'local/9')).toBeUndefined()
    })

    it('not one whose message is gone, which is removed', async () => {
      const { queueId } = await split(near('ann@here.test'))
      await store.tables.queue.write({ delete: messageKey(queueId) })
      expect(await queue.take(queueId, 'local/0')).toBeUndefined()
      expect(await itemsOf(store, queueId)).toEqual([])
    })

    it('not one of another split than the message had, which is removed', async () => {
      const { queueId } = await split(near('ann@here.test'))
      await store.tables.queue.write({
        update: messageKey(queueId),
        changes: { set: { split: 'another' } },
      })
      expect(await queue.take(queueId, 'local/0')).toBeUndefined()
      expect(await itemOf(queueId, 'local/0')).toBeUndefined()
    })
  })

  describe('settles a group', () => {
    it('of which some stay deferred until their time', async () => {
      const message = await split(far('a.test', 'x@a.test', 'y@a.test'))
      const group = await taken(message, 'a.test/0')
      const [x, y] = group.recipients
      if (!x || !y) throw new Error('not two')
      expect(
        await queue.settle(group, {
          results: [outcome(x, 'delivered'), outcome(y, 'deferred')],
          dueMs: 7,
        }),
      ).toBe(true)
      const [left, ...more] = await queue.loadGroups(message.queueId)
      expect(more).toEqual([])
      expect(left).toMatchObject({
        name: 'a.test/0',
        state: 'deferred',
        attempts: 1,
        dueMs: 7,
        leaseUntilMs: 0,
        unsettled: 0,
      })
      expect(left && addressesOf(left)).toEqual(['y@a.test'])
      expect((await stored(message.queueId))?.groups).toBe(1)
    })

    it('of which all failed: it is gone, in the transaction that brings what their sender is told', async () => {
      const message = await split(far('a.test', 'x@a.test'), near('ann@here.test'))
      const group = await taken(message, 'a.test/0')
      const notice = queuedMessage(clock.now())
      const results = group.recipients.map((one) => outcome(one, 'failed'))
      expect(await queue.settle(group, { results, dueMs: 7, creates: [notice] })).toBe(true)
      expect(await itemOf(message.queueId, 'a.test/0')).toBeUndefined()
      expect((await stored(message.queueId))?.groups).toBe(1)
      expect(await stored(notice.queueId)).toEqual(notice)
    })

    it('of which all failed, by who has lost it: it stays, and nobody is told', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      const group = await taken(message, 'a.test/0')
      clock.advance(GROUP_LEASE_MS)
      await taken(message, 'a.test/0')
      const notice = queuedMessage(clock.now())
      const results = group.recipients.map((one) => outcome(one, 'failed'))
      expect(await queue.settle(group, { results, dueMs: 7, creates: [notice] })).toBe(false)
      expect((await queue.loadGroups(message.queueId)).map(addressesOf)).toEqual([['x@a.test']])
      expect(await stored(notice.queueId)).toBeUndefined()
    })

    it('of which all failed, and their sender cannot be told: it waits as ended, and stays as it was when that goes on', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      const settled = async () => {
        const group = await taken(message, 'a.test/0')
        const results = group.recipients.map((one) => {
          return { ...outcome(one, 'failed'), remoteMta: 'mx.a.test[192.0.2.1]', untold: true }
        })
        expect(await queue.settle(group, { results, dueMs: clock.now() + 1 })).toBe(true)
        const [left, ...more] = await queue.loadGroups(message.queueId)
        if (left === undefined || more.length > 0) throw new Error('not one')
        return left
      }
      const first = await settled()
      expect(first).toMatchObject({ state: 'deferred', attempts: 1, leaseUntilMs: 0 })
      expect(isEnded(first)).toBe(true)
      expect(first.recipients[0]?.last).toEqual({
        kind: 'failed',
        status: '5.1.1',
        reply: 'x@a.test failed',
        remoteMta: 'mx.a.test[192.0.2.1]',
        atMs: clock.now(),
        attempts: 1,
      })
      clock.advance(1)
      expect(await settled()).toEqual({ ...first, dueMs: clock.now() + 1 })
    })

    it('of which some failed: the others are deferred', async () => {
      const message = await split(far('a.test', 'x@a.test', 'y@a.test'))
      const group = await taken(message, 'a.test/0')
      const [x, y] = group.recipients
      if (!x || !y) throw new Error('not two')
      await queue.settle(group, {
        results: [outcome(x, 'failed'), outcome(y, 'deferred')],
        dueMs: 7,
      })
      const groups = await queue.loadGroups(message.queueId)
      expect(groups.map((one) => [one.name, addressesOf(one), one.dueMs])).toEqual([
        ['a.test/0', ['y@a.test'], 7],
      ])
      expect((await stored(message.queueId))?.groups).toBe(1)
    })

    it('which was the last one: the message is gone and its object dead', async () => {
      const message = await split(far('a.test', 'x@a.test'), near('ann@here.test'))
      for (const name of ['a.test/0', 'local/1']) {
        expect(await store.tables.mail.get(blobKey(blobId(message.queueId)))).toBeUndefined()
        const group = await taken(message, name)
        await queue.settle(group, {
          results: group.recipients.map((one) => outcome(one, 'delivered')),
          dueMs: 7,
        })
      }
      expect(await itemsOf(store, message.queueId)).toEqual([])
      expect(await store.tables.mail.get(blobKey(blobId(message.queueId)))).toMatchObject({
        refs: 0,
      })
    })

    it('and knows that an attempt was uncertain, which another cannot make good', async () => {
      const message = await split(near('ann@here.test'))
      const group = await taken(message, 'local/0')
      const uncertain = group.recipients.map((one) => ({
        ...outcome(one, 'deferred'),
        uncertain: true,
      }))
      await queue.settle(group, { results: uncertain, dueMs: clock.now() })
      expect(await queue.loadGroups(message.queueId)).toMatchObject([{ unsettled: 1 }])
      const again = await taken(message, 'local/0')
      await queue.settle(again, {
        results: again.recipients.map((one) => outcome(one, 'deferred')),
        dueMs: clock.now(),
      })
      expect(await queue.loadGroups(message.queueId)).toMatchObject([{ unsettled: 1 }])
    })

    it('and each who stays keeps what was said of him, where, when, and after how many attempts', async () => {
      const message = await split(far('a.test', 'x@a.test', 'y@a.test', 'z@a.test'))
      const group = await taken(message, 'a.test/0')
      const [x, y, z] = group.recipients
      if (!x || !y || !z) throw new Error('not three')
      const remoteMta = 'mx.a.test[192.0.2.1]'
      const results = [
        outcome(x, 'deferred'),
        outcome(y, 'deferred'),
        { ...outcome(z, 'failed'), untold: true },
      ]
      await queue.settle(group, {
        results: results.map((one) => ({ ...one, remoteMta })),
        dueMs: clock.now(),
      })
      const known = { remoteMta, atMs: clock.now(), attempts: 1 }
      const later = { kind: 'deferred', status: '4.4.1', ...known }
      const lastOf = async () =>
        (await queue.loadGroups(message.queueId)).map(({ recipients }) =>
          recipients.map(({ last }) => last),
        )
      const failed = { kind: 'failed', status: '5.1.1', reply: 'z@a.test failed', ...known }
      expect(await lastOf()).toEqual([
        [
          { ...later, reply: 'x@a.test deferred' },
          { ...later, reply: 'y@a.test deferred' },
          failed,
        ],
      ])
      // A second attempt counts, and what it says takes the place of the first; who is done with was not tried.
      const again = await taken(message, 'a.test/0')
      clock.advance(1)
      await queue.settle(again, {
        results: again.recipients.map((one) => outcome(one, 'deferred')),
        dueMs: clock.now(),
      })
      const second = { ...later, remoteMta: null, atMs: clock.now(), attempts: 2 }
      expect(await lastOf()).toEqual([
        [
          { ...second, reply: 'x@a.test deferred' },
          { ...second, reply: 'y@a.test deferred' },
          failed,
        ],
      ])
    })

    it('not of a message that is gone', async () => {
      const message = await split(near('ann@here.test'))
      const group = await taken(message, 'local/0')
      await store.tables.queue.write({ delete: messageKey(message.queueId) })
      expect(await queue.settle(group, { results: [], dueMs: 7 })).toBe(false)
    })

    it('and counts again when another group of the message ended at the same moment', async () => {
      const message = await split(far('a.test', 'x@a.test'), far('b.test', 'y@b.test'))
      const [a, b] = [await taken(message, 'a.test/0'), await taken(message, 'b.test/1')]
      let between = async () => {
        const done = b.recipients.map((one) => outcome(one, 'delivered'))
        expect(await queue.settle(b, { results: done, dueMs: 7 })).toBe(true)
      }
      const late: Table = new Proxy(store.tables.queue, {
        get(table, name: keyof Table) {
          if (name !== 'transact') return table[name].bind(table)
          return async (writes: Parameters<Table['transact']>[0]) => {
            const now = between
            between = async () => {}
            await now()
            return table.transact(writes)
          }
        },
      })
      const slow = mailQueueOn({ ...store, tables: { ...store.tables, queue: late } }, clock)
      const done = a.recipients.map((one) => outcome(one, 'delivered'))
      expect(await slow.settle(a, { results: done, dueMs: 7 })).toBe(true)
      expect(await itemsOf(store, message.queueId)).toEqual([])
    })

    it.each([
      ['had none reserved: he has none the next time either', true, false, true],
      ['used what was reserved for him: he adds his own the next time', false, true, true],
      ['has his still: it is used the next time', false, false, false],
    ])('of whom one who stays %s', async (_, unreserved, usedReserved, expected) => {
      const message = await split({ ...near('ann@here.test', 'bob@here.test'), unreserved })
      const group = await taken(message, 'local/0')
      const [ann, bob] = group.recipients
      if (!ann || !bob) throw new Error('not two')
      const results = [
        { ...outcome(ann, 'deferred'), usedReserved },
        { ...outcome(bob, 'failed'), usedReserved },
      ]
      expect(await queue.settle(group, { results, dueMs: 7 })).toBe(true)
      const left = await queue.loadGroups(message.queueId)
      expect(left.map((one) => one.unreserved)).toEqual([expected])
    })

    it('and gives up for now when others are in the way again and again', async () => {
      const message = await split(near('ann@here.test'))
      const group = await taken(message, 'local/0')
      const faulty = withFaults(store, {
        plan: ({ name, operation }) =>
          name === 'queue' && operation === 'transact' ? 'conflict' : undefined,
      })
      const settling = mailQueueOn(faulty, clock).settle(group, {
        results: [outcome(recipientHere('ann@here.test'), 'delivered')],
        dueMs: 7,
      })
      await expect(settling).rejects.toThrow(TemporaryFailure)
      await expect(settling).rejects.toThrow('too many writers')
      expect(await queue.loadGroups(message.queueId)).toMatchObject([{ attempts: 0 }])
    })
  })

  describe('divides a group whose recipients go to several hops now', () => {
    const parts = (group: Group) =>
      group.recipients.map((one) => ({
        slot: one.address.slice(one.address.indexOf('@') + 1),
        recipients: [one],
      }))

    it('into a group for each, which waits and is rung; nothing was tried', async () => {
      const message = await split(
        far('[relay.test]', 'x@a.test', 'y@b.test'),
        near('ann@here.test'),
      )
      await bellsOf(store, 'active')
      const group = await taken(message, '[relay.test]/0')
      expect(await queue.divide(group, parts(group))).toBe(true)
      expect((await stored(message.queueId))?.groups).toBe(3)
      const groups = (await queue.loadGroups(message.queueId)).filter(
        ({ destination }) => destination.kind === 'remote',
      )
      expect(
        groups.map(({ destination, attempts, unsettled }) => ({
          destination,
          attempts,
          unsettled,
        })),
      ).toEqual(
        ['a.test', 'b.test'].map((slot) => ({
          destination: { kind: 'remote', slot },
          attempts: 0,
          unsettled: 0,
        })),
      )
      expect(groups.map(addressesOf)).toEqual([['x@a.test'], ['y@b.test']])
      expect(await bellsOf(store, 'active')).toEqual(
        groups.map(({ name }) => `${message.queueId} ${name}`),
      )
      for (const { name } of groups) {
        const lost = dueAt(message.queueId, name, clock.now() + GROUP_LEASE_MS)
        expect(await itemOf(message.queueId, name)).toMatchObject(lost)
        await taken(message, name)
      }
    })

    it('with what was said of each before', async () => {
      const message = await split(far('[relay.test]', 'x@a.test', 'y@b.test'))
      const first = await taken(message, '[relay.test]/0')
      const results = first.recipients.map((one) => outcome(one, 'deferred'))
      await queue.settle(first, { results, dueMs: clock.now() })
      const group = await taken(message, '[relay.test]/0')
      await queue.divide(group, parts(group))
      const groups = await queue.loadGroups(message.queueId)
      expect(groups.map(({ attempts }) => attempts)).toEqual([1, 1])
      expect(groups.map(({ recipients: [one] }) => one?.last?.reply)).toEqual([
        'x@a.test deferred',
        'y@b.test deferred',
      ])
    })

    it('not when its lease was lost', async () => {
      const message = await split(far('[relay.test]', 'x@a.test', 'y@b.test'))
      const group = await taken(message, '[relay.test]/0')
      clock.advance(GROUP_LEASE_MS)
      await taken(message, '[relay.test]/0')
      const before = await itemsOf(store, message.queueId)
      expect(await queue.divide(group, parts(group))).toBe(false)
      expect(await itemsOf(store, message.queueId)).toEqual(before)
    })

    it.each([0, 1])(
      'as many at once as a transaction holds, and %i more stay together until they are taken',
      async (more) => {
        const count = PARTS_AT_ONCE_MAX + more
        const addresses = Array.from({ length: count }, (_, n) => `x@d${n}.test`)
        const message = await split(far('[relay.test]', ...addresses))
        const group = await taken(message, '[relay.test]/0')
        expect(await queue.divide(group, parts(group))).toBe(true)
        const groups = await queue.loadGroups(message.queueId)
        expect(groups.flatMap(addressesOf).sort()).toEqual([...addresses].sort())
        expect((await stored(message.queueId))?.groups).toBe(count)
        expect(groups.some(({ name }) => name === '[relay.test]/0')).toBe(more > 0)
      },
    )
  })

  describe('writes messages that are born of another', () => {
    const born = (facts: Parameters<typeof queuedMessage>[1] = {}) =>
      queuedMessage(clock.now(), { ...facts, prepend: 'X-Born: 1\r\n' })

    async function expectBorn(message: QueuedMessage): Promise<void> {
      expect(await stored(message.queueId)).toEqual(message)
      expect(await itemOf(message.queueId)).toMatchObject(
        dueAt(message.queueId, '', clock.now() + INCOMING_RING_AGAIN_MS),
      )
      expect(await bellsOf(store, 'incoming')).toEqual([message.queueId])
    }

    it('when it is settled, with the last of its groups too', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      const group = await taken(message, 'a.test/0')
      const results = group.recipients.map((one) => outcome(one, 'delivered'))
      const bounce = born()
      expect(await queue.settle(group, { results, dueMs: 7, creates: [bounce] })).toBe(true)
      await expectBorn(bounce)
      expect(await stored(message.queueId)).toBeUndefined()
    })

    it('also where their bell cannot be rung: they are due', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      const group = await taken(message, 'a.test/0')
      // As a function that was given no such queue.
      const incoming = new Proxy({} as Queue, {
        get: () => () => {
          throw new StorageMisuse('no queue')
        },
      })
      const results = group.recipients.map((one) => outcome(one, 'delivered'))
      const bounce = born()
      const mute = mailQueueOn({ ...store, queues: { ...store.queues, incoming } }, clock)
      expect(await mute.settle(group, { results, dueMs: 7, creates: [bounce] })).toBe(true)
      expect(await stored(bounce.queueId)).toEqual(bounce)
    })

    it('not when the lease was lost', async () => {
      const message = await split(far('a.test', 'x@a.test'))
      const group = await taken(message, 'a.test/0')
      clock.advance(GROUP_LEASE_MS)
      await taken(message, 'a.test/0')
      const results = group.recipients.map((one) => outcome(one, 'failed'))
      const bounce = born()
      expect(await queue.settle(group, { results, dueMs: 7, creates: [bounce] })).toBe(false)
      expect(await stored(bounce.queueId)).toBeUndefined()
      expect(await bellsOf(store, 'incoming')).toEqual([])
    })

    it('when it is finished, by one alone of several who do so', async () => {
      const message = await added()
      const [first, second] = [born(), born()]
      await queue.finish(message, { creates: [first] })
      await queue.finish(message, { creates: [second] })
      await expectBorn(first)
      expect(await stored(second.queueId)).toBeUndefined()
      expect(await stored(message.queueId)).toBeUndefined()
    })

    it.each([1, 98, 99, 250])(
      'when it is split into %i groups, by one alone of several who do so',
      async (count) => {
        const message = await added()
        const groups = Array.from({ length: count }, (_, n) => far(`d${n}.test`, `x@d${n}.test`))
        const [first, second] = [born(), born()]
        expect(await queue.split(message, groups, { creates: [first] })).toBe(true)
        expect(await queue.split(message, groups, { creates: [second] })).toBe(false)
        await expectBorn(first)
        expect(await stored(second.queueId)).toBeUndefined()
        expect((await stored(message.queueId))?.groups).toBe(count)
      },
    )

    it.each([
      ['items', () => Array.from({ length: CREATED_ITEMS_MAX }, () => born()), () => born()],
      // An item holds 300,000 bytes of it at most.
      [
        'bytes',
        () => [1, 2, 3].map(() => born({ index: new Uint8Array(290_000) })),
        () => born({ index: new Uint8Array(150_000) }),
      ],
    ] as const)(
      'as many as fit into its transaction, and more %s are refused before anything is written',
      async (_, most, onemore) => {
        const message = await split(far('a.test', 'x@a.test'))
        const group = await taken(message, 'a.test/0')
        const results = group.recipients.map((one) => outcome(one, 'deferred'))
        const before = await itemsOf(store, message.queueId)
        const creates = most()
        const tooMany = queue.settle(group, { results, dueMs: 7, creates: [...creates, onemore()] })
        await expect(tooMany).rejects.toThrow(StorageMisuse)
        expect(await itemsOf(store, message.queueId)).toEqual(before)
        expect(await queue.settle(group, { results, dueMs: 7, creates })).toBe(true)
        expect(await queue.load(creates.map(({ queueId }) => queueId))).toHaveLength(creates.length)
      },
    )
  })

  it('reserves references for INBOX, and where one recipient alone has it none', async () => {
    const blob = mailboxBlobOf(await added(), 'mx.here.test')
    const [ann, bob] = [recipientHere('ann@here.test'), recipientHere('bob@here.test')]
    const elsewhere = { ...recipientHere('bob+lists@here.test'), extension: 'lists' }
    expect(await queue.reserve(blob, [ann, elsewhere])).toBeUndefined()
    expect(await queue.reserve(blob, [ann, bob, elsewhere])).toBe(2)
  })

  describe('knows what it cannot know: who has a message whose markers are gone', () => {
    const two = ['ann@here.test', 'bob@here.test'].map(recipientHere)
    const gone = DELIVERED_DAYS * DAY_MS

    async function reserved(): Promise<QueuedMessage> {
      const message = await added()
      await queue.reserve(mailboxBlobOf(message, 'mx.here.test'), two)
      return message
    }

    it('not while they last', async () => {
      const message = await reserved()
      clock.advance(gone - 2 * DAY_MS)
      expect(await queue.isDoubtful(message)).toBe(false)
    })

    it('not where nothing was reserved: then the blob says it', async () => {
      const message = await added()
      clock.advance(gone)
      expect(await queue.isDoubtful(message)).toBe(false)
    })

    it('of a message that comes to cleanup again', async () => {
      const message = await reserved()
      clock.advance(gone)
      expect(await queue.isDoubtful(message)).toBe(true)
    })

    it('of a group with an attempt of which nothing is known, and not of one without', async () => {
      const message = await reserved()
      await queue.split(message, [near('ann@here.test')], { references: { reserved: 2, used: 0 } })
      const group = await taken(message, 'local/0')
      clock.advance(gone)
      expect(await queue.isDoubtful(message, group)).toBe(false)
      expect(await queue.isDoubtful(message, { ...group, unsettled: 2 })).toBe(true)
    })

    it('of a group of a message for which was reserved twice', async () => {
      const message = await reserved()
      await queue.reserve(mailboxBlobOf(message, 'mx.here.test'), two)
      await queue.split(message, [near('ann@here.test')], { references: { reserved: 2, used: 0 } })
      const group = await taken(message, 'local/0')
      clock.advance(gone)
      expect(await queue.isDoubtful(message, group)).toBe(true)
    })
  })
})
