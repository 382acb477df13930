// What a worker owes a group whatever happens to it: a result for every recipient, written down once, under a lease that holds.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { duePk, dueUpTo } from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { withFaults } from '#shared/storage/faults/with-faults.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { FakeClock } from '#test/support/pop3-fakes.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: x\r\n\r\nbody\r\n'
const to = 'far@away.test'
const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }

describe('delivery', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  const pipelineWith = (deliverRemote: RemoteDelivery, store: Store = opened.store) =>
    createPipeline(store, clock, { deliverRemote })

  async function groupsOf({ core }: Pipeline, queueId: QueueId) {
    return (await core.operator.show(queueId))?.groups ?? []
  }

  it('defers everybody when an attempt has a bug, and not at once again', async () => {
    let attempts = 0
    const pipeline = pipelineWith(async () => {
      attempts++
      throw new TypeError('a bug')
    })
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toMatchObject([
      {
        state: 'deferred',
        attempts: 1,
        recipients: [to, 'other@away.test'].map((address) => ({
          address,
          last: { kind: 'deferred', reply: 'TypeError: a bug' },
        })),
        leaseUntilMs: 0,
      },
    ])
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(attempts).toBe(1)
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.dueMs).toBeGreaterThan(clock.now())
  })

  it('gives a result to recipients of whom an attempt said nothing', async () => {
    const pipeline = pipelineWith(async () => [delivered])
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toMatchObject([
      { state: 'deferred', recipients: [{ address: 'other@away.test' }] },
    ])
  })

  it('writes a result down again and again while the store fails, and sends nothing twice', async () => {
    let sent = 0
    let refusals = 5
    const store = withFaults(opened.store, {
      plan: ({ name, operation }) =>
        sent > 0 && name === 'queue' && operation === 'transact' && refusals-- > 0
          ? 'throttled'
          : undefined,
    })
    const pipeline = pipelineWith(async () => {
      sent++
      return [delivered]
    }, store)
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(sent).toBe(1)
    expect(refusals).toBeLessThan(0)
    expect(await pipeline.core.operator.show(queueId)).toBeUndefined()
  })

  it('gives up writing when the lease is over, since another may have the group', async () => {
    let sent = 0
    const store = withFaults(opened.store, {
      plan: ({ name, operation }) =>
        sent > 0 && name === 'queue' && operation === 'transact' ? 'throttled' : undefined,
    })
    const pipeline = pipelineWith(async () => {
      sent++
      return [delivered]
    }, store)
    const startMs = clock.now()
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(clock.now() - startMs).toBeGreaterThan(GROUP_LEASE_MS / 2)
    expect(await groupsOf(pipeline, queueId)).toMatchObject([{ state: 'leased', attempts: 0 }])
  })

  it('notes with each recipient what was said of him, and by whom', async () => {
    const pipeline = pipelineWith(async (_message, _hop, recipients, reached) => {
      reached({ relay: 'mx.away.test[192.0.2.1]:25', connectMs: 1 })
      return recipients.map(({ address }) => ({
        kind: 'deferred',
        status: '4.2.0',
        reply: `later, ${address}`,
      }))
    })
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.recipients.map(({ last }) => last)).toEqual(
      [to, 'other@away.test'].map((address) => ({
        kind: 'deferred',
        status: '4.2.0',
        reply: `later, ${address}`,
        remoteMta: 'mx.away.test[192.0.2.1]',
        atMs: clock.now(),
        attempts: 1,
      })),
    )
  })

  it('notes no host where none was reached', async () => {
    const pipeline = pipelineWith(async (_message, _hop, recipients) =>
      recipients.map(() => ({ kind: 'deferred', status: '4.4.1', reply: 'refused' })),
    )
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.recipients[0]?.last?.remoteMta).toBeNull()
  })

  describe('takes mail where it goes now', () => {
    const recipients = ['a@one.test', 'b@two.test', 'c@one.test']
    let attempts: string[]
    const deliverRemote =
      (answer: DeliveryResult): RemoteDelivery =>
      async (_message, hop, all) => {
        attempts.push(`${hop}: ${all.map(({ address }) => address).join(' ')}`)
        return all.map(() => answer)
      }
    const refused: DeliveryResult = { kind: 'deferred', status: '4.4.1', reply: 'refused' }
    const to = (relayhost: string, answer: DeliveryResult) =>
      createPipeline(opened.store, clock, {
        deliverRemote: deliverRemote(answer),
        set: relayhost === '' ? [] : [`relayhost=${relayhost}`],
      })
    /** Queued by a system with one relay host, then taken up by one with another. */
    async function moved(from: string, onto: string): Promise<readonly string[]> {
      attempts = []
      const before = to(from, refused)
      const queueId = await before.accept(text, recipients)
      await before.settle()
      const seen = attempts.length
      clock.advance(86_400_000)
      const after = to(onto, refused)
      await after.workers.sweeper.ringDue()
      await after.settle()
      const slots = (await groupsOf(after, queueId)).map(({ destination }) =>
        destination.kind === 'remote' ? destination.slot : destination.kind,
      )
      expect(slots.sort()).toEqual(
        attempts
          .slice(seen)
          .map((line) => line.split(':')[0])
          .sort(),
      )
      return attempts.slice(seen).sort()
    }

    it('through the relay host that is set now, and not the one of then', async () => {
      expect(await moved('[old.test]', '[new.test]')).toEqual([
        '[new.test]: a@one.test b@two.test c@one.test',
      ])
    })

    it('through a relay host since there is one', async () => {
      expect(await moved('', '[new.test]')).toEqual([
        '[new.test]: a@one.test c@one.test',
        '[new.test]: b@two.test',
      ])
    })

    it('to each domain by itself since there is no relay host any more, one transaction for each', async () => {
      expect(await moved('[old.test]', '')).toEqual([
        'one.test: a@one.test c@one.test',
        'two.test: b@two.test',
      ])
    })

    it('and counts no attempt for having looked', async () => {
      await moved('[old.test]', '')
      const [entry] = await Array.fromAsync(to('', refused).core.operator.list())
      expect(entry?.groups.map((group) => [group.attempts, group.unsettled])).toEqual([
        [2, 0],
        [2, 0],
      ])
    })
  })

  it('keeps its lease for as long as another host takes', async () => {
    // Whoever sleeps wakes when the hand is there, and not before.
    const hands = new FakeClock()
    const store = await openEmbedded({ clock: hands })
    let takenByOther = 0
    const pipeline = createPipeline(store.store, hands, {
      deliverRemote: async ({ queueId }) => {
        const { queue, operator } = pipeline.core
        const name = (await operator.show(queueId))?.groups[0]?.name ?? ''
        // Three times as long as a lease that nobody renews.
        for (let tenth = 0; tenth < 30; tenth++) {
          await hands.advance(GROUP_LEASE_MS / 10)
          // Writes of one process keep their order: after this one the lease is written.
          await store.store.tables.queue.write({ put: { pk: 'barrier', sk: String(tenth) } })
          if ((await queue.take(queueId, name)) !== undefined) takenByOther++
        }
        return [delivered]
      },
    })
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(takenByOther).toBe(0)
    expect(await pipeline.core.operator.show(queueId)).toBeUndefined()
    await store.close()
  })
})

describe('the sweeper', () => {
  it('leaves alone what has moved since it looked', async () => {
    const clock = manualClock()
    const opened = await openEmbedded({ clock })
    try {
      const { queue } = opened.store.tables
      let between = async () => {}
      const late: Table = {
        ...tableOf(queue),
        async write(write) {
          const now = between
          between = async () => {}
          await now()
          return queue.write(write)
        },
      }
      const store = { ...opened.store, tables: { ...opened.store.tables, queue: late } }
      const direct = createPipeline(opened.store, clock)
      const queueId = await direct.accept(text, [to])
      await direct.settle()
      const [group] = (await direct.core.operator.show(queueId))?.groups ?? []
      clock.advance((group?.dueMs ?? 0) - clock.now())
      between = async () => {
        // A worker, rung by another bell, takes the group at this moment.
        expect(await direct.core.queue.take(queueId, group?.name ?? '')).toBeDefined()
      }
      const swept = await createPipeline(store, clock).workers.sweeper.ringDue()
      expect(swept.rung).toBe(0)
      const due = await Promise.all(
        Array.from({ length: 16 }, (_, shard) =>
          queue.queryIndex('due', { pk: duePk(shard), sk: dueUpTo(clock.now() + GROUP_LEASE_MS) }),
        ),
      )
      const [entry] = due.flatMap(({ items }) => items)
      // The time of the lease, not the sweeper's.
      expect(
        entry?.indexSk.startsWith(String(clock.now() + GROUP_LEASE_MS).padStart(15, '0')),
      ).toBe(true)
    } finally {
      await opened.close()
    }
  })
})

/** Methods of a table that may be a class. */
function tableOf(table: Table): Table {
  return {
    get: (...given) => table.get(...given),
    batchGet: (...given) => table.batchGet(...given),
    query: (...given) => table.query(...given),
    queryIndex: (...given) => table.queryIndex(...given),
    write: (...given) => table.write(...given),
    transact: (...given) => table.transact(...given),
    batchWrite: (...given) => table.batchWrite(...given),
  } as Table
}
