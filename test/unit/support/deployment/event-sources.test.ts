import { randomUUID } from 'node:crypto'
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, it, vi } from 'vitest'
import { failedIds, Poller } from '#test/support/deployment/event-sources.ts'
import { testFauxqs } from '#test/support/emulators/open-test-aws-store.ts'

const batch = [{ MessageId: 'a' }, { MessageId: 'b' }]
const returned = (value: unknown) => ({ kind: 'returned', payload: JSON.stringify(value) }) as const
const failures = (...ids: unknown[]) =>
  returned({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) })

describe('failedIds', () => {
  it.each([
    ['nothing reported', returned(null), []],
    ['an answer of another form', returned({ done: true }), []],
    ['an empty report', failures(), []],
    ['a report of null', returned({ batchItemFailures: null }), []],
    ['one failure', failures('b'), ['b']],
    ['a message that was not in the batch', failures('c'), ['a', 'b']],
    ['an empty id', failures(''), ['a', 'b']],
    ['an id that is no text', failures(null), ['a', 'b']],
    ['a report that is no list', returned({ batchItemFailures: 'b' }), ['a', 'b']],
    ['an error', { kind: 'failed', payload: '{}' } as const, ['a', 'b']],
  ])('%s', (_, outcome, expected) => {
    expect([...failedIds(outcome, batch, true)]).toEqual(expected)
  })

  it('does not look at a report that the mapping does not ask for', () => {
    expect([...failedIds(failures('b'), batch, false)]).toEqual([])
  })
})

describe('a poller', () => {
  it('deletes what was done, and what fails comes back until it is a dead letter', async () => {
    await using resources = new AsyncDisposableStack()
    const { endpoint, sqs: store } = await testFauxqs()
    const client = () =>
      new SQSClient({
        endpoint,
        region: 'eu-central-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      })
    const sqs = client()
    resources.defer(() => sqs.destroy())
    const name = `poller-${randomUUID()}`
    await sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead` }))
    const arn = (queue: string) => `arn:aws:sqs:eu-central-1:000000000000:${queue}`
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: arn(`${name}-dead`),
      maxReceiveCount: 2,
    })
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy } }),
    )
    const events: { readonly body: string; readonly receives: string; readonly from: string }[] = []
    const poller = new Poller({
      mapping: {
        functionArn: '',
        queueArn: arn(name),
        batchSize: 10,
        windowSeconds: 0,
        reportsItemFailures: true,
        concurrencyMax: 2,
        enabled: true,
      },
      queue: { logicalId: '', arn: arn(name), url: QueueUrl, name, visibilitySeconds: 30 },
      region: 'eu-central-1',
      sqs: client(),
      async invoke(payload) {
        const { Records: records }: { readonly Records: readonly SqsRecord[] } = JSON.parse(payload)
        for (const { body, attributes, eventSourceARN: from } of records) {
          events.push({ body, receives: attributes.ApproximateReceiveCount, from })
        }
        return failures(
          ...records.filter(({ body }) => body === 'bad').map(({ messageId }) => messageId),
        )
      },
      onFailure: (error) => expect.fail(String(error)),
    })
    await poller.start()
    resources.defer(() => poller.stop())
    const Entries = ['good', 'bad'].map((MessageBody) => ({ Id: MessageBody, MessageBody }))
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    await vi.waitFor(
      () => {
        const queue = store.getQueueByName(name)
        for (const [receipt, { message }] of [...(queue?.inflightMessages ?? [])]) {
          if (message.body === 'bad') queue?.changeVisibility(receipt, 0)
        }
        expect(store.inspectQueue(`${name}-dead`)?.messages.ready).toHaveLength(1)
      },
      { timeout: 10_000 },
    )
    expect(events.filter(({ body }) => body === 'good')).toEqual([
      { body: 'good', receives: '1', from: arn(name) },
    ])
    expect(events.filter(({ body }) => body === 'bad').map(({ receives }) => receives)).toEqual([
      '1',
      '2',
    ])
  })
})

type SqsRecord = {
  readonly messageId: string
  readonly body: string
  readonly attributes: { readonly ApproximateReceiveCount: string }
  readonly eventSourceARN: string
}
