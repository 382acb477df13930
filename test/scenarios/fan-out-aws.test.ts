// The same as fan-out.test.ts on DynamoDB's own expressions.

import { describe, expect, it } from 'vitest'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { withOverlaps } from '#test/support/overlapping-table.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'

const recipients = 40

describe.skipIf(!(await hasDynamoDb()))('one message to many recipients here, on AWS', () => {
  it('is delivered to all of them, and none is in the way of another', async () => {
    const opened = await openAws()
    const { overlaps, ...store } = withOverlaps(
      opened.store,
      () => new Promise((resolve) => setImmediate(resolve)),
    )
    await using stack = new AsyncDisposableStack()
    stack.defer(() => opened.close())
    const pipeline = createPipeline(store, manualClock(Date.now()))
    const names = Array.from({ length: recipients }, (_, i) => `u${i}@example.test`)
    for (const name of names) {
      const { id } = await pipeline.addAccount(name)
      await pipeline.backend.mailbox.inbox(id)
    }
    await pipeline.addAlias('all@example.test', names)
    const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['all@example.test'])
    const before = { ...overlaps.mail }
    // The second time is a doubled doorbell.
    for (let bell = 0; bell < 2; bell++) {
      const { retry } = await pipeline.workers.cleanup.handle([
        { id: 'b', body: queueId, receipt: 'r', receives: 1 },
      ])
      expect(retry).toEqual([])
    }
    expect(overlaps.mail.cancelledTransactions - before.cancelledTransactions).toBe(0)
    expect(overlaps.mail.cancelledWrites - before.cancelledWrites).toBe(0)
    for (const name of names) expect(await pipeline.inbox(name)).toHaveLength(1)
    const key = blobKey(queueId as string as BlobId)
    expect(await store.tables.mail.get(key, { consistent: true })).toMatchObject({
      refs: recipients,
      reserved: recipients,
    })
  }, 60_000)
})
