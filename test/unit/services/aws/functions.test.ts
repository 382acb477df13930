import { describe, expect, it } from 'vitest'
import { type OpenedFunction, onQueueEvents, onSchedule } from '#services/aws/functions.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import { type QueueMessage, queueLayouts } from '#shared/storage/ports.ts'

const context = { getRemainingTimeInMillis: () => 1_000 }

/** What a function has open, as far as events need it; notes in order what was done before the answer. */
function opened(done: string[]): OpenedFunction {
  const extend = async (receipts: readonly string[], seconds: number) =>
    void done.push(`extend ${receipts.join(' ')} by ${seconds}`)
  const log = { warn: (_: unknown, text: string) => done.push(text), error: () => undefined }
  return {
    log,
    store: {
      queues: { incoming: { extend } },
      hintsSent: async () => void done.push('hints sent'),
    },
    metrics: { flush: () => void done.push('metrics written') },
    figures: { send: async () => void done.push('figures sent') },
    mayWork: async () => {},
  } as unknown as OpenedFunction
}

function event(bodies: readonly string[]) {
  return {
    Records: bodies.map((body, i) => ({
      messageId: `m${i}`,
      receiptHandle: `r${i}`,
      body,
      attributes: { ApproximateReceiveCount: String(i + 1) },
      eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:incoming',
    })),
  }
}

function queueHandler(
  done: string[],
  handle: (messages: readonly QueueMessage[]) => Promise<BatchResult>,
) {
  return onQueueEvents(opened(done), 'incoming', handle)
}

describe('onQueueEvents', () => {
  it('hands on records as messages of the port, bodies decoded', async () => {
    const got: QueueMessage[] = []
    const handler = queueHandler([], async (messages) => {
      got.push(...messages)
      return { retry: [] }
    })
    const odd = `base64:${Buffer.from('\0').toString('base64')}`
    expect(await handler(event(['a', odd]), context)).toEqual({ batchItemFailures: [] })
    expect(got).toEqual([
      { id: 'm0', body: 'a', receipt: 'r0', receives: 1 },
      { id: 'm1', body: '\0', receipt: 'r1', receives: 2 },
    ])
  })

  it('names what failed and brings it forward', async () => {
    const done: string[] = []
    const handler = queueHandler(done, async () => ({ retry: ['m1'] }))
    expect(await handler(event(['a', 'b']), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    })
    expect(done).toEqual(['extend r1 by 15', 'hints sent', 'figures sent', 'metrics written'])
  })

  it('lets what failed for now never come to its last delivery: the sweeper rings again', async () => {
    const done: string[] = []
    const handler = queueHandler(done, async (messages) => ({
      retry: messages.map(({ id }) => id),
    }))
    // The delivery of this number would be the last.
    const last = queueLayouts.incoming.receivesMax
    const bodies = Array.from({ length: last }, (_, i) => `body ${i}`)
    const { batchItemFailures } = await handler(event(bodies), context)
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(
      bodies.slice(0, last - 2).map((_, i) => `m${i}`),
    )
    expect(done.slice(0, 5)).toEqual([
      'extend r0 by 5',
      'extend r1 by 15',
      'extend r2 by 45',
      'extend r3 by 135',
      `extend ${bodies
        .slice(4, last - 2)
        .map((_, i) => `r${i + 4}`)
        .join(' ')} by 300`,
    ])
  })

  it('waits for the work under way before it answers', async () => {
    const done: string[] = []
    const underWay = Promise.resolve().then(() => void done.push('finished'))
    const handler = queueHandler(done, async () => ({ retry: [], underWay }))
    await handler(event(['a']), context)
    expect(done).toEqual(['finished', 'hints sent', 'figures sent', 'metrics written'])
  })

  it('answers all the same when the work under way fails: it is found again', async () => {
    const done: string[] = []
    const handler = queueHandler(done, async () => ({
      retry: [],
      underWay: Promise.reject(new Error('down')),
    }))
    expect(await handler(event(['a']), context)).toEqual({ batchItemFailures: [] })
    expect(done).toContain('work not settled')
  })

  it('brings all of them forward when the world failed for now', async () => {
    const done: string[] = []
    const handler = queueHandler(done, () => Promise.reject(new TemporaryFailure('throttled')))
    expect((await handler(event(['a', 'b']), context)).batchItemFailures).toHaveLength(2)
    expect(done).toEqual([
      'extend r0 by 5',
      'extend r1 by 15',
      'hints sent',
      'figures sent',
      'metrics written',
    ])
  })

  it('fails the event when the handler throws', async () => {
    const handler = queueHandler([], () => Promise.reject(new Error('bug')))
    await expect(handler(event(['a']), context)).rejects.toThrow('bug')
  })
})

describe('onSchedule', () => {
  const jobs = (done: string[]) =>
    onSchedule(opened(done), {
      good: async () => void done.push('good'),
      bad: () => Promise.reject(new Error('down')),
    })

  it('runs the job of the event', async () => {
    const done: string[] = []
    await jobs(done)({ job: 'good' }, context)
    expect(done).toEqual(['good', 'hints sent', 'figures sent', 'metrics written'])
  })

  it('fails with a job that fails, its metrics written', async () => {
    const done: string[] = []
    await expect(jobs(done)({ job: 'bad' }, context)).rejects.toThrow('down')
    expect(done).toContain('metrics written')
  })

  it.each(['other', 'constructor'])('refuses job %s, which it does not have', async (job) => {
    await expect(jobs([])({ job: job as 'good' }, context)).rejects.toThrow(`no job "${job}"`)
  })
})
