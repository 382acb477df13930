// A message accepted on hold, on DynamoDB's own expressions and indexes; on one machine see test/unit/shared/queue/spool.test.ts.

import { describe, expect, it } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'

describe.skipIf(!(await hasDynamoDb()))('a message accepted on hold, on AWS', () => {
  it('is listed, moves only when it is released, and is delivered then', async () => {
    const opened = await openAws()
    await using stack = new AsyncDisposableStack()
    stack.defer(() => opened.close())
    const clock = manualClock(Date.now())
    const { backend, accept, addAccount, inbox, settle, workers } = createPipeline(
      opened.store,
      clock,
    )
    await addAccount('ann@example.test')
    const held = 'suspicious'
    const queueId = await accept('Subject: x\r\n\r\nbody\r\n', ['ann@example.test'], { held })
    clock.advance(86_400_000)
    await workers.sweeper.ringDue()
    await settle()
    expect(await inbox('ann@example.test')).toEqual([])
    expect(await backend.operator.count()).toEqual({ incoming: 0, waiting: 0, held: 1 })
    const [entry] = await Array.fromAsync(backend.operator.list())
    expect(entry?.message).toMatchObject({ queueId, state: 'held', reason: held })
    expect(await backend.operator.release(queueId)).toBe(true)
    await settle()
    expect(await inbox('ann@example.test')).toHaveLength(1)
    expect(await backend.operator.count()).toEqual({ incoming: 0, waiting: 0, held: 0 })
  }, 60_000)
})
