// A store that an older version left, with a message in every state, is opened by this one: all of its mail is delivered, once.

import { describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import { lastReplyOf } from '#shared/queue/records.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { copyOlderStore, OLDER_STORE_MS, restoreOlderStore } from '#test/support/older-store.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const taken: DeliveryResult = { kind: 'delivered', reply: '250 ok' }
const subjectsOf = (messages: readonly string[]) =>
  messages.map((message) => /^Subject: (.*)\r$/m.exec(message)?.[1]).sort()

async function deliverAll(store: Store, clock: ReturnType<typeof manualClock>) {
  const sent: string[] = []
  const pipeline = createPipeline(store, clock, {
    deliverRemote: async (_message, _hop, recipients) => {
      sent.push(...recipients.map(({ address }) => address))
      return recipients.map(() => taken)
    },
  })
  const { operator, directory } = pipeline.backend
  for await (const { address } of directory.accounts.list()) {
    await directory.accounts.set(address, { quotaBytes: 0 })
  }
  const replies: string[] = []
  for await (const { message, groups } of operator.list()) {
    replies.push(...groups.flatMap((group) => lastReplyOf(group) ?? []))
    const isHeld =
      groups.length === 0 ? message.reason !== null : groups.some(({ dueMs }) => dueMs === null)
    if (isHeld) expect(await operator.release(message.queueId)).toBe(true)
  }
  // The one with a dead worker was never tried.
  expect(replies.sort()).toEqual([
    '550 5.1.1 nobody',
    'connect: refused',
    'connect: refused',
    expect.stringContaining('mailbox full'),
  ])
  for (let round = 0; round < 3; round++) {
    clock.advance(2 * GROUP_LEASE_MS)
    await pipeline.workers.sweeper.ringDue({ isStart: true })
    await pipeline.settle()
  }
  expect(await Array.fromAsync(operator.list())).toEqual([])
  expect(await operator.count()).toEqual({ incoming: 0, waiting: 0, held: 0 })
  expect(sent.sort()).toEqual([
    'a@one.example',
    'b@two.example',
    'c@one.example',
    'never@far.example',
    'x@far.example',
    'y@far.example',
  ])
  expect(subjectsOf(await pipeline.inbox('ann@example.test'))).toEqual([
    'corrupt',
    'held',
    'incoming',
  ])
  expect(subjectsOf(await pipeline.inbox('bob@example.test'))).toEqual(['here'])
  expect(subjectsOf(await pipeline.inbox('carol@example.test'))).toEqual(['here'])
}

describe('a store from before recipients kept their last result', () => {
  it('is opened on one machine, and its mail is delivered', async () => {
    await using folder = await temporaryFolder()
    const clock = manualClock(OLDER_STORE_MS)
    await restoreOlderStore('before-last-results', folder.path)
    await using store = await openEmbeddedStore({ directory: folder.path, clock })
    await deliverAll(store, clock)
  })
})

describe.skipIf(!(await hasDynamoDb()))('the same on AWS', () => {
  it('is opened, and its mail is delivered', async () => {
    const clock = manualClock(OLDER_STORE_MS)
    const opened = await openAws({ clock })
    await copyOlderStore('before-last-results', opened.store)
    await deliverAll(opened.store, clock)
    await opened.close()
  })
})
