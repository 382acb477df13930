import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { markDead } from '#shared/queue/blob.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { bounce, createFakeNotices } from '#test/support/fake-notices.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = 'Subject: hello\r\n\r\nbody\r\n'

describe('a message between 250 and its mailbox', () => {
  let resources: AsyncDisposableStack
  let store: Store
  let clock: ReturnType<typeof manualClock>
  let pipeline: Pipeline
  let remote: (to: string) => DeliveryResult
  let attempts: string[]

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder())
    clock = manualClock()
    store = resources.use(await openEmbeddedStore({ directory: folder.path, clock }))
    attempts = []
    remote = () => ({ kind: 'delivered', reply: '250 ok' })
    pipeline = createPipeline(store, clock, {
      notices: createFakeNotices(bounce),
      deliverRemote: async (message, hop, recipients) => {
        attempts.push(`${formatRoute(hop)}: ${recipients.map((r) => r.address).join(' ')}`)
        void message
        return recipients.map((recipient) => remote(recipient.address))
      },
    })
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => resources.disposeAsync())

  const queue = () => Array.fromAsync(pipeline.backend.operator.list())

  it('is delivered with return path, Delivered-To and Received before its untouched bytes', async () => {
    await pipeline.accept(text, ['Ann@Example.TEST'])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toEqual([
      `Delivered-To: Ann@example.test\r\nReturn-Path: <sender@remote.test>\r\nReceived: by mx.example.test\r\n${text}`,
    ])
    expect(await queue()).toEqual([])
  })

  it('reaches every target of nested aliases once, here and elsewhere', async () => {
    await pipeline.addAccount('bob@example.test')
    await pipeline.addAlias('team@example.test', ['ann@example.test', 'all@example.test'])
    await pipeline.addAlias('all@example.test', [
      'bob@example.test',
      'ann@example.test',
      'x@one.test',
      'y@one.test',
      'z@two.test',
    ])
    await pipeline.accept(text, ['team@example.test', 'bob@example.test'])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await pipeline.inbox('bob@example.test')).toHaveLength(1)
    expect(attempts.sort()).toEqual(['one.test: x@one.test y@one.test', 'two.test: z@two.test'])
    expect(await queue()).toEqual([])
  })

  it('is delivered once however often its doorbell rings', async () => {
    const queueId = await pipeline.accept(text, ['ann@example.test', 'x@one.test'])
    await store.queues.incoming.send([queueId, queueId, queueId])
    await pipeline.settle()
    await store.queues.incoming.send([queueId])
    await store.queues.active.send([`${queueId} one.test/0`, `${queueId} one.test/0`])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(attempts).toHaveLength(1)
  })

  it('goes to another host once though two workers hear the bell of its group at once', async () => {
    const queueId = await pipeline.accept(text, ['x@one.test'])
    const bell = (id: string, body: string) => ({ id, body, receipt: id, receives: 1 })
    await pipeline.workers.cleanup.handle([bell('c', queueId)])
    const group = `${queueId} one.test/0`
    await pipeline.workers.delivery.handle([bell('1', group), bell('2', group)])
    expect(attempts).toHaveLength(1)
    expect(await queue()).toEqual([])
  })

  it('is found by the sweeper when its doorbell is lost', async () => {
    await pipeline.accept(text, ['ann@example.test'])
    const bells = await store.queues.incoming.receive({
      max: 10,
      visibilitySeconds: 60,
      waitSeconds: 0,
    })
    await store.queues.incoming.acknowledge(bells.map((bell) => bell.receipt))
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    expect((await pipeline.workers.sweeper.ringDue()).rung).toBe(0)
    clock.advance(61_000)
    expect((await pipeline.workers.sweeper.ringDue()).rung).toBe(1)
    expect((await pipeline.workers.sweeper.ringDue()).rung).toBe(0)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('waits while the mailbox is full and comes when there is room', async () => {
    const account = await pipeline.addAccount('full@example.test', { quotaBytes: 1_500 })
    const large = `${text}${'x'.repeat(700)}\r\n`
    await pipeline.accept(large, ['full@example.test'])
    await pipeline.settle()
    await pipeline.accept(large, ['full@example.test', 'ann@example.test'])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    const [entry] = await queue()
    expect(entry?.groups).toMatchObject([{ state: 'deferred', attempts: 1 }])
    expect(entry?.groups[0]?.recipients[0]?.last?.reply).toContain('mailbox full')
    await pipeline.backend.mailbox.empty(account.id)
    clock.advance(3_600_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(await pipeline.inbox('full@example.test')).toHaveLength(1)
    expect(await queue()).toEqual([])
  })

  it('retries a remote destination with growing pauses, and returns it when its lifetime is over', async () => {
    remote = () => ({ kind: 'deferred', status: '4.4.1', reply: 'connection refused' })
    await pipeline.accept(text, ['x@one.test'], { envelope: { sender: 'ann@example.test' } })
    await pipeline.settle()
    const dueAfter: number[] = []
    for (let round = 0; round < 200; round++) {
      const [group] = (await queue())[0]?.groups ?? []
      if (group === undefined || group.dueMs === null) break
      dueAfter.push(group.dueMs - clock.now())
      // Bells ring at whole seconds.
      clock.advance(group.dueMs - clock.now() + 1_000)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
    expect(await queue()).toEqual([])
    expect(await pipeline.inbox('ann@example.test')).toEqual([
      expect.stringContaining('x@one.test 5.4.7 delivery time expired: connection refused'),
    ])
    expect(Math.min(...dueAfter)).toBeGreaterThanOrEqual(240_000)
    expect(Math.max(...dueAfter)).toBeLessThanOrEqual(4_800_000)
    expect(dueAfter.length).toBeGreaterThan(50)
  })

  it('splits a destination whose recipients end differently', async () => {
    remote = (to) =>
      to.startsWith('ok')
        ? { kind: 'delivered', reply: '250 ok' }
        : to.startsWith('later')
          ? { kind: 'deferred', status: '4.2.0', reply: '450 later' }
          : { kind: 'failed', status: '5.1.1', reply: '550 no such user' }
    const to = ['ok@one.test', 'later@one.test', 'never@one.test']
    await pipeline.accept(text, to, { envelope: { sender: 'ann@example.test' } })
    await pipeline.settle()
    const [entry] = await queue()
    const states = entry?.groups.map((group) => [
      group.state,
      ...group.recipients.map((recipient) => recipient.address),
    ])
    expect(states).toEqual([['deferred', 'later@one.test']])
    expect(await pipeline.inbox('ann@example.test')).toEqual([
      expect.stringContaining('never@one.test 5.1.1 550 no such user'),
    ])
    remote = () => ({ kind: 'delivered', reply: '250 ok' })
    expect(await pipeline.backend.operator.flush()).toBe(1)
    await pipeline.settle()
    expect(await queue()).toEqual([])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('returns what its alias cannot reach, with the reason, and delivers the rest', async () => {
    await pipeline.addAlias('list@example.test', ['ann@example.test', 'gone@example.test'])
    await pipeline.addAccount('bob@example.test')
    await pipeline.accept(text, ['list@example.test'], { envelope: { sender: 'bob@example.test' } })
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await pipeline.inbox('bob@example.test')).toEqual([
      expect.stringContaining('gone@example.test 5.1.1 <gone@example.test>: User unknown'),
    ])
    expect(await queue()).toEqual([])
  })

  it('returns nothing to nobody: what fails of a notice is gone, and the log has it', async () => {
    remote = () => ({ kind: 'failed', status: '5.1.1', reply: '550 no such user' })
    await pipeline.accept(text, ['never@one.test'], { envelope: { sender: '' } })
    await pipeline.settle()
    expect(await queue()).toEqual([])
    expect(pipeline.notices.failures()).toEqual(['never@one.test 5.1.1 550 no such user'])
  })

  it('does not move while an operator holds it, and is gone when deleted', async () => {
    const queueId = await pipeline.accept(text, ['ann@example.test'])
    expect(await pipeline.backend.operator.hold(queueId, 'looks odd')).toBe(true)
    await pipeline.settle()
    clock.advance(3_600_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    expect((await queue())[0]?.message).toMatchObject({ state: 'held', reason: 'looks odd' })
    expect(await pipeline.backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    const second = await pipeline.accept(text, ['ann@example.test'])
    expect(await pipeline.backend.operator.remove(second)).toBe(true)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await queue()).toEqual([])
  })

  it.each<[string, readonly string[]]>([
    ['one', ['ann@example.test']],
    ['several', ['ann@example.test', 'bob@example.test']],
  ])('comes to %s whole although its removal was begun', async (_, recipients) => {
    await pipeline.addAccount('bob@example.test')
    const queueId = await pipeline.accept(text, recipients)
    // An operator's command ended here, or cleanup had begun when it came.
    await markDead(store.tables.mail, queueId, clock.now())
    await pipeline.settle()
    const blob = await store.tables.mail.get(blobKey(queueId as string as BlobId))
    expect(blob).toMatchObject({ refs: recipients.length })
    expect(blob).not.toHaveProperty('deadPk')
    for (const recipient of recipients) {
      expect(await pipeline.inbox(recipient)).toEqual([expect.stringContaining(text)])
      expect(await pipeline.envelopes(recipient)).toMatchObject([{ subject: 'hello' }])
    }
  })

  it('gets the fields a mail client forgot, and only from a mail client', async () => {
    const account = { id: 'a', login: 'ann@example.test' }
    await pipeline.accept('To: x\r\n\r\nhi\r\n', ['ann@example.test'], {
      origin: origin(account),
      envelope: { sender: 'ann@example.test' },
    })
    await pipeline.accept('To: x\r\n\r\nhi\r\n', ['ann@example.test'])
    await pipeline.settle()
    const messages = await pipeline.inbox('ann@example.test')
    const [submitted, received] = messages[0]?.includes('Message-ID')
      ? messages
      : messages.reverse()
    expect(submitted).toMatch(/^Date: Fri, 20 Nov 2026 00:00:00 \+0000\r$/m)
    expect(submitted).toMatch(/^Message-ID: <[0-9A-Z]{18}@mx\.example\.test>\r$/m)
    expect(submitted).toMatch(/^From: <ann@example\.test>\r$/m)
    expect(received).not.toMatch(/^(Date|Message-ID|From):/m)
    const envelopes = await pipeline.envelopes('ann@example.test')
    expect(envelopes.find(({ date }) => date !== null)).toMatchObject({
      date: 'Fri, 20 Nov 2026 00:00:00 +0000',
      messageId: expect.stringMatching(/^<[0-9A-Z]{18}@mx\.example\.test>$/),
      from: [{ mailbox: 'ann', host: 'example.test' }],
      replyTo: [{ mailbox: 'ann', host: 'example.test' }],
      to: [{ mailbox: 'x' }],
    })
    expect(envelopes.filter(({ date, from }) => date === null && from === null)).toHaveLength(1)
  })

  it('goes into user+folder@ only when configured and the folder exists', async () => {
    const detail = createPipeline(store, clock, { set: ['lmtpSaveToDetailMailbox=yes'] })
    const account = await detail.backend.directory.accounts.get({
      local: 'ann',
      domain: 'example.test' as never,
    })
    if (account === undefined) throw new Error('no ann')
    await detail.backend.mailbox.folders.create(account.id, 'Lists')
    for (const to of ['ann+lists@example.test', 'ann+nowhere@example.test', 'ann@example.test']) {
      await detail.accept(text, [to])
    }
    await detail.settle()
    const folders = await detail.backend.mailbox.folders.list(account.id)
    const counts = folders.filter((folder) => folder.exists).map((f) => [f.name, f.exists])
    expect(counts.sort()).toEqual([
      ['INBOX', 2],
      ['Lists', 1],
    ])
  })

  it('is set aside when workers fail on it again and again, and can be released', async () => {
    const broken = createPipeline(store, clock)
    const queueId = await broken.accept(text, ['ann@example.test'])
    const { directory } = broken.backend
    const expand = directory.expand
    Object.assign(directory, { expand: () => Promise.reject(new Error('bug')) })
    for (let i = 0; i < 4; i++) {
      clock.advance(61_000)
      await broken.settle()
    }
    expect((await queue())[0]?.message).toMatchObject({ state: 'corrupt', reason: 'Error: bug' })
    Object.assign(directory, { expand })
    expect(await pipeline.backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('is never set aside because the world failed', async () => {
    const outage = createPipeline(store, clock)
    await outage.accept(text, ['ann@example.test'])
    const { directory } = outage.backend
    const expand = directory.expand
    Object.assign(directory, { expand: () => Promise.reject(new TemporaryFailure('down')) })
    for (let i = 0; i < 4; i++) {
      clock.advance(61_000)
      await outage.settle()
    }
    Object.assign(directory, { expand })
    clock.advance(3_600_000)
    await outage.workers.sweeper.ringDue()
    await outage.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })
})
