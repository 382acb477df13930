// A message that filters have changed before it is accepted, on S3, where its bytes are stored before anybody has looked at them; on one
// machine see test/unit/shared/queue/spool.test.ts.

import { describe, expect, it } from 'vitest'
import { DEAD_PK } from '#shared/mailbox/blob-references.ts'
import { envelope, recipient, textOf } from '#test/support/content.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { createPipeline, manualClock, origin } from '#test/support/pipeline.ts'

describe.skipIf(!(await hasDynamoDb()))('a message that is rewritten, on AWS', () => {
  it('is read as it is now, and what was kept meanwhile is dead', async () => {
    const opened = await openAws()
    await using stack = new AsyncDisposableStack()
    stack.defer(() => opened.close())
    const { objects, tables } = opened.store
    const clock = manualClock(Date.now())
    const { spool, addAccount, inbox, settle } = createPipeline(opened.store, clock)
    await addAccount('ann@example.test')
    const header = 'Subject: x\r\nX-Spam: no\r\n\r\n'
    const large = `${'y'.repeat(78)}\r\n`.repeat(100_000)

    const queueId = spool.newQueueId()
    const spooled = await spool.receive(queueId, pieces(header + large))
    expect(await textOf(spool.open(spooled))).toBe(header + large)
    const stash = await spool.stash(pieces(large.replaceAll('y', 'z')))
    const rewritten = await spool.rewrite(spooled, {
      edits: [{ kind: 'remove', name: 'X-Spam', occurrence: 1 }],
      body: stash,
    })
    await stash.discard()
    await spool.accept({
      spooled: rewritten,
      envelope: { ...envelope, recipients: [recipient('ann@example.test')] },
      origin: origin(null),
      prepend: '',
      arrivedMs: clock.now(),
    })
    await tables.counters.write({ put: { pk: 'barrier', sk: queueId } })
    await settle()
    const [mail = ''] = await inbox('ann@example.test')
    expect(mail.endsWith(`Subject: x\r\n\r\n${large.replaceAll('y', 'z')}`)).toBe(true)

    const { items } = await objects.list('mail/')
    const kept = items.map(({ key }) => key.slice('mail/'.length)).filter((id) => id !== queueId)
    // The collector takes it when its grace time is over.
    expect(kept).toHaveLength(1)
    const dead = await tables.mail.queryIndex('dead', { pk: DEAD_PK })
    expect(dead.items.map(({ pk }) => pk)).toEqual(kept.map((id) => `B#${id}`))
  }, 60_000)
})

async function* pieces(text: string) {
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000)
}
