// `postwolke storage collect`: what an operator whose disk is full does first.

import { expect, it } from 'vitest'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { commandLine } from '#test/support/command-line.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const HOUR = 3_600_000

it('collects what was deleted, with --now all of the last hour excepted', async () => {
  await using folder = await temporaryFolder()
  const clock = manualClock(Date.now() - 2 * HOUR)
  {
    await using store = await openEmbeddedStore({ directory: folder.path, clock })
    const pipeline = createPipeline(store, clock)
    const account = await pipeline.addAccount('ann@example.test')
    const inbox = await pipeline.backend.mailbox.inbox(account.id)
    for (const deleted of ['two hours ago', 'just now']) {
      await pipeline.accept(`Subject: ${deleted}\r\n\r\n`, ['ann@example.test'])
      await pipeline.settle()
      const { messages } = await pipeline.backend.mailbox.snapshot(inbox)
      const uids = messages.map(({ uid }) => uid)
      expect(await pipeline.backend.mailbox.expunge(inbox, uids)).toHaveLength(1)
      clock.advance(2 * HOUR - 60_000)
    }
    await pipeline.accept('Subject: kept\r\n\r\n', ['ann@example.test'])
    await pipeline.settle()
    expect((await store.objects.list('mail/')).items).toHaveLength(3)
  }
  const collect = async (...words: string[]) => {
    const ended = await commandLine(['storage', 'collect', ...words, '--data', folder.path])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return ended.stdout
  }
  expect(await collect()).toBe('0 objects deleted\n')
  expect(await collect('--now')).toBe('1 object deleted\n')
  expect(JSON.parse(await collect('--now', '--json'))).toEqual({ collected: 0 })
  await using store = await openEmbeddedStore({ directory: folder.path })
  expect((await store.objects.list('mail/')).items).toHaveLength(2)
})
