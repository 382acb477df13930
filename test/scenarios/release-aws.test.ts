// The same as release.test.ts on DynamoDB's own expressions and limits.

import { describe, expect, it } from 'vitest'
import { parseAddress } from '#shared/mail/address.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { createFakeNotices, mute } from '#test/support/fake-notices.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'

describe.skipIf(!(await hasDynamoDb()))('a release, on AWS', () => {
  it('follows a mended alias to as many hosts as there are, and reaches nobody twice', async () => {
    const opened = await openAws()
    await using stack = new AsyncDisposableStack()
    stack.defer(() => opened.close())
    const sent: string[] = []
    const pipeline = createPipeline(opened.store, manualClock(Date.now()), {
      notices: createFakeNotices(mute),
      deliverRemote: async (_message, _hop, recipients) => {
        sent.push(...recipients.map(({ address }) => address))
        return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
      },
    })
    const list = parseAddress('list@example.test')
    if (list === undefined) throw new Error('no list')
    await pipeline.addAccount('ann@example.test')
    await pipeline.addAccount('bob@example.test')
    const hosts = Array.from({ length: 60 }, (_, i) => `x@host${i}.test`)
    const first = ['ann@example.test', 'nobody@example.test', 'noone@example.test']
    await pipeline.addAlias('list@example.test', [...first, ...hosts.slice(0, 5)])
    const queueId = await pipeline.accept('Subject: a\r\n\r\n', ['list@example.test'])
    await pipeline.settle()
    expect(sent).toHaveLength(5)
    const { backend } = pipeline
    const targets = ['ann@example.test', 'bob@example.test', ...hosts]
    await backend.directory.aliases.set(
      list,
      targets.flatMap((target) => parseAddress(target) ?? []),
    )
    expect(await backend.operator.release(queueId, ['nobody@example.test'])).toBe(true)
    expect(await backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect(sent.sort()).toEqual([...hosts].sort())
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await pipeline.inbox('bob@example.test')).toHaveLength(1)
    expect(await backend.operator.show(queueId)).toBeUndefined()
    expect(await backend.operator.count()).toEqual({ incoming: 0, waiting: 0, held: 0 })
  }, 60_000)
})
