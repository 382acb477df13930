// What the queue writes so that a message is told of: by the items that are there, and not by what reads them.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { messageKey } from '#shared/queue/keys.ts'
import { createMailQueue, type MailQueue } from '#shared/queue/mail-queue.ts'
import { searchStories } from '#shared/queue/trace/search.ts'
import { createReadStory, STORY_ITEMS_MAX } from '#shared/queue/trace/story.ts'
import type { Item } from '#shared/storage/ports.ts'
import { queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const DAY_MS = 86_400_000

describe('what is kept of a message that left the queue', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  function queueWith(traceRetentionMs: number): MailQueue {
    const { tables, queues } = opened.store
    const { incoming, active, deferred } = queues
    const { queue: table, mail } = tables
    return createMailQueue({ table, mail, incoming, active, deferred, traceRetentionMs, clock })
  }

  const itemsOf = async (pk: string): Promise<readonly Item[]> =>
    (await opened.store.tables.queue.query({ pk, consistent: true })).items

  it('is nothing where nothing is to be kept', async () => {
    const queue = queueWith(0)
    const message = queuedMessage(clock.now())
    await queue.add(message)
    await queue.journal.note([message])
    await queue.finish(message)
    expect(await itemsOf(messageKey(message.queueId).pk)).toEqual([])
  })

  it('is nothing of one whose sender got no 250', async () => {
    const queue = queueWith(DAY_MS)
    const message = queuedMessage(clock.now())
    await queue.add(message)
    await queue.finish(message, { isUnaccepted: true })
    expect(await itemsOf(messageKey(message.queueId).pk)).toEqual([])
  })

  it('is told once, however often the end is repeated', async () => {
    const queue = queueWith(DAY_MS)
    const message = queuedMessage(clock.now())
    await queue.add(message)
    const done = { startedMs: 0, endedMs: 1, contact: undefined, results: [] }
    await queue.finish(message, { done })
    const [first] = await itemsOf(messageKey(message.queueId).pk)
    clock.advance(1_000)
    await queue.finish(message, { done })
    expect(await itemsOf(messageKey(message.queueId).pk)).toEqual([first])
    expect(await queue.load([message.queueId])).toEqual([undefined])
    expect(await queue.split(message, [])).toBe(false)
  })

  it('is what a later version wrote, to it alone', async () => {
    const queue = queueWith(DAY_MS)
    const message = queuedMessage(clock.now())
    await queue.add(message)
    await queue.finish(message)
    const { queue: table } = opened.store.tables
    const readStory = createReadStory(table)
    expect(await readStory(message.queueId)).toBeDefined()
    await table.write({ update: messageKey(message.queueId), changes: { set: { trace: 2 } } })
    expect(await readStory(message.queueId)).toBeUndefined()
  })

  it('is read up to a limit, and says so', async () => {
    const queue = queueWith(DAY_MS)
    const message = queuedMessage(clock.now())
    await queue.add(message)
    const recipients = (n: number) => [recipient(`r@host${n}.test`)]
    const groups = Array.from({ length: STORY_ITEMS_MAX + 1 }, (_, n) => ({
      destination: { kind: 'remote', slot: `host${n}.test` } as const,
      recipients: recipients(n),
      state: { kind: 'waiting' } as const,
    }))
    const readStory = createReadStory(opened.store.tables.queue)
    await queue.split(message, groups.slice(0, STORY_ITEMS_MAX))
    expect(await readStory(message.queueId)).toMatchObject({ isCut: false })
    const more = queuedMessage(clock.now())
    await queue.add(more)
    await queue.split(more, groups)
    const story = await readStory(more.queueId)
    expect(story?.isCut).toBe(true)
    expect(story?.groups).toHaveLength(STORY_ITEMS_MAX)
  }, 30_000)

  it('is found up to so many, the newest', async () => {
    const queue = queueWith(DAY_MS)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) {
      clock.advance(1_000)
      const message = queuedMessage(clock.now())
      ids.push(message.queueId)
      await queue.add(message)
      await queue.journal.note([message])
    }
    const { queue: table } = opened.store.tables
    const find = (limit: number) =>
      searchStories(
        { table, readStory: createReadStory(table) },
        { kind: 'words', words: 'sender@far.example' },
        { sinceMs: clock.now() - DAY_MS, nowMs: clock.now(), limit },
      )
    const two = await find(2)
    expect(two.stories.map(({ head }) => head.queueId)).toEqual(ids.toReversed().slice(0, 2))
    expect(two.isCut).toBe(true)
    expect(await find(6)).toMatchObject({ isCut: false })
  })
})
