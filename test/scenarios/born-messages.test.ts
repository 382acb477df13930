// A message is born of what became of another, as a bounce is: both are written in one transaction. The process dies at every storage
// call of whoever writes them, before the call's effect and after it: in the end there is one such message, and it is delivered.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { mailQueueOn, queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: first\r\n\r\nbody\r\n'
const bornText = 'Subject: born\r\n\r\nbody\r\n'
const far = {
  destination: { kind: 'remote', slot: 'far.test' },
  state: { kind: 'waiting' },
} as const

type Clock = ReturnType<typeof manualClock>
/** Works on the first message, as far as it comes. */
type Work = (store: Store, clock: Clock, first: QueueId) => Promise<void>

/** A new one each time, as of a worker that begins anew. Its object is durable before it is written. */
async function born(store: Store, clock: Clock): Promise<QueuedMessage> {
  const message = queuedMessage(clock.now(), {
    envelope: {
      sender: '',
      recipients: [{ address: 'ann@example.test', notify: [], originalRecipient: null }],
    },
  })
  const bytes = Buffer.from(bornText)
  await store.objects.put(message.object.key, bytes)
  return { ...message, object: { ...message.object, length: bytes.length } }
}

const settling: Work = async (store, clock, first) => {
  const queue = mailQueueOn(store, clock)
  const [message] = await queue.load([first])
  if (message === undefined) return
  if (message.state === 'incoming') {
    await queue.split(message, [{ ...far, recipients: [recipient('x@far.test')] }])
  }
  for (const { name } of await queue.loadGroups(first)) {
    const taken = await queue.take(first, name)
    if (taken === undefined) continue
    const results = taken.group.recipients.map((one) => ({
      recipient: one,
      result: { kind: 'delivered', reply: '250 ok' } as const,
    }))
    await queue.settle(taken.group, { results, dueMs: 0, creates: [await born(store, clock)] })
  }
}

const finishing: Work = async (store, clock, first) => {
  const queue = mailQueueOn(store, clock)
  const [message] = await queue.load([first])
  if (message) await queue.finish(message, { creates: [await born(store, clock)] })
}

const splitting =
  (groups: number): Work =>
  async (store, clock, first) => {
    const queue = mailQueueOn(store, clock)
    const [message] = await queue.load([first])
    if (message?.state !== 'incoming') return
    const slots = Array.from({ length: groups }, (_, n) => `d${n}.test`)
    await queue.split(
      message,
      slots.map((slot) => ({
        ...far,
        destination: { kind: 'remote', slot },
        recipients: [recipient(`x@${slot}`)],
      })),
      { creates: [await born(store, clock)] },
    )
  }

/** Later, without faults: whoever is rung works again, until all is delivered. */
async function recover(store: Store, clock: Clock, work: () => Promise<void>) {
  const pipeline = createPipeline(store, clock, {
    deliverRemote: async (_message, _hop, to) =>
      to.map(() => ({ kind: 'delivered', reply: '250 ok' })),
  })
  clock.advance(2 * GROUP_LEASE_MS)
  await work()
  // That very many groups are delivered shows large-messages.test.ts.
  for await (const { message, groups } of pipeline.backend.operator.list()) {
    if (groups.length > FEW) await pipeline.backend.operator.remove(message.queueId)
  }
  clock.advance(2 * GROUP_LEASE_MS)
  await pipeline.workers.sweeper.ringDue()
  await pipeline.settle()
  expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  return pipeline.inbox('ann@example.test')
}

const FEW = 10

const works = [
  ['settled', settling],
  ['finished', finishing],
  ['split', splitting(2)],
  ['split into more groups than a transaction holds', splitting(120)],
] as const

describe.each(works)('a message born when another is %s', (_, work) => {
  let clock: Clock
  let opened: OpenedEmbedded
  let pipeline: Pipeline
  beforeEach(async () => {
    clock = manualClock()
    opened = await openEmbedded({ clock })
    pipeline = createPipeline(opened.store, clock)
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => opened.close())

  it.each(['before', 'after'] as const)(
    'is there once, whatever call the worker dies %s',
    async (side) => {
      const { store } = opened
      let isDead = true
      for (let deadly = 1; isDead; deadly++) {
        const first = await pipeline.accept(text, ['x@far.test'])
        isDead = false
        const dying = withFaults(store, {
          plan: ({ number }) => {
            if (number < deadly) return undefined
            isDead = true
            return number === deadly && side === 'after' ? 'unanswered' : 'throttled'
          },
        })
        // Some calls may fail without harm: lost bells.
        await work(dying, clock, first).catch(() => undefined)
        const inbox = await recover(store, clock, () => work(store, clock, first))
        expect(inbox, `dead at call ${deadly}`).toHaveLength(deadly)
        expect(inbox.at(-1)).toContain(bornText)
      }
    },
  )
})

describe.skipIf(!(await hasDynamoDb()))('the same on AWS', () => {
  it.each(works)('is there once when another is %s', async (_, work) => {
    const clock = manualClock(Date.now())
    const opened = await openAws({ clock })
    await using stack = new AsyncDisposableStack()
    stack.defer(() => opened.close())
    const pipeline = createPipeline(opened.store, clock)
    await pipeline.addAccount('ann@example.test')
    const first = await pipeline.accept(text, ['x@far.test'])
    const again = () => work(opened.store, clock, first)
    await again()
    const inbox = await recover(opened.store, clock, again)
    expect(inbox).toHaveLength(1)
    expect(inbox[0]).toContain(bornText)
  })
})
