// Groups looked at and put off without being taken.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { Group, QueuedMessage } from '#shared/queue/records.ts'
import { bellsOf, mailQueueOn, queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const dead = { kind: 'deferred', status: '4.4.1', reply: 'suspended' } as const
const MINUTE_MS = 60_000

describe('a group that nobody has taken', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let queue: MailQueue
  let message: QueuedMessage

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    queue = mailQueueOn(opened.store, clock)
    message = queuedMessage(clock.now())
    await queue.add(message)
    await queue.split(message, [
      {
        destination: { kind: 'remote', slot: 'a.test' },
        recipients: [recipient('x@a.test'), recipient('y@a.test')],
        state: { kind: 'waiting' },
      },
    ])
    await bellsOf(opened.store, 'active')
  })
  afterEach(() => opened.close())

  const name = { group: 'a.test/0' }
  const peek = async () => (await queue.peek([{ queueId: message.queueId, ...name }]))[0]
  async function seen(): Promise<Group> {
    const one = await peek()
    if (one === undefined) throw new Error('not seen')
    return one.group
  }

  it('is seen with its message, and not taken by that', async () => {
    expect(await peek()).toMatchObject({
      message: { queueId: message.queueId },
      group: { attempts: 0 },
    })
    expect(await queue.take(message.queueId, 'a.test/0')).toBeDefined()
    expect(await peek()).toBeUndefined()
  })

  it('is seen without a message whose it is not', async () => {
    await opened.store.tables.queue.write({ delete: { pk: `Q#${message.queueId}`, sk: 'META' } })
    const one = await peek()
    expect(one).toMatchObject({ group: { name: 'a.test/0' } })
    expect(one?.message).toBeUndefined()
  })

  it('is not seen where there is none, or an operator has it', async () => {
    const others = [{ queueId: message.queueId, group: 'b.test/0' }]
    expect(await queue.peek(others)).toEqual([undefined])
    const taken = await queue.take(message.queueId, 'a.test/0')
    if (taken) await queue.holdTaken(taken.group)
    expect(await peek()).toBeUndefined()
  })

  it('is put off as after an attempt, and rings at its second', async () => {
    const dueMs = clock.now() + 5 * MINUTE_MS
    expect(await queue.putOff(await seen(), dead, dueMs)).toBe(true)
    const [group] = await queue.loadGroups(message.queueId)
    expect(group).toMatchObject({ state: 'deferred', attempts: 1, dueMs, leaseUntilMs: 0 })
    expect(group?.recipients.map(({ last }) => last)).toEqual([
      { ...dead, remoteMta: null, atMs: clock.now(), attempts: 1 },
      { ...dead, remoteMta: null, atMs: clock.now(), attempts: 1 },
    ])
    clock.advance(5 * MINUTE_MS - 1)
    expect(await bellsOf(opened.store, 'deferred')).toEqual([])
    clock.advance(1)
    expect(await bellsOf(opened.store, 'deferred')).toEqual([`${message.queueId} a.test/0`])
  })

  it('is left alone where it is not any more as it was seen', async () => {
    const before = await seen()
    await queue.take(message.queueId, 'a.test/0')
    expect(await queue.putOff(before, dead, clock.now() + MINUTE_MS)).toBe(false)
    clock.advance(GROUP_LEASE_MS)
    expect(await queue.putOff(await seen(), dead, clock.now() + MINUTE_MS)).toBe(true)
    expect(await queue.putOff(before, dead, clock.now() + MINUTE_MS)).toBe(false)
  })

  it('keeps what an operator has done with it since it was seen', async () => {
    const { operator } = createPipeline(opened.store, clock).backend
    const before = await seen()
    expect(await operator.release(message.queueId, ['x@a.test'])).toBe(true)
    expect(await queue.putOff(before, dead, clock.now() + MINUTE_MS)).toBe(false)
    const left = async () =>
      (await queue.loadGroups(message.queueId)).map(({ recipients }) =>
        recipients.map(({ address, last }) => [address, last?.kind]),
      )
    expect(await left()).toEqual([[['y@a.test', undefined]], [['x@a.test', undefined]]])
    const halves = await queue.loadGroups(message.queueId)
    clock.advance(MINUTE_MS)
    expect(await operator.expire(message.queueId)).toBe(true)
    for (const half of halves) {
      expect(await queue.putOff(half, dead, clock.now() + MINUTE_MS)).toBe(false)
    }
    expect(await left()).toEqual([[['y@a.test', 'failed']], [['x@a.test', 'failed']]])
  })

  it('deferred until later is taken by whoever rings for it, but for one who asks whether it is due', async () => {
    await queue.putOff(await seen(), dead, clock.now() + MINUTE_MS)
    const ask = () => queue.take(message.queueId, 'a.test/0', { onlyIfDue: true })
    expect(await ask()).toBeUndefined()
    // Bells come at whole seconds.
    clock.advance(MINUTE_MS - 1_500)
    expect(await ask()).toBeDefined()
  })
})
