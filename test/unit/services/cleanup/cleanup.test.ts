import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAILURES_MAX, RECIPIENTS_ON_THE_SPOT_MAX } from '#services/cleanup/cleanup.ts'
import type { LocalAction } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId } from '#shared/queue/blob.ts'
import { LOCAL_GROUP_RECIPIENTS_MAX } from '#shared/queue/new-groups.ts'
import type { LocalResult } from '#shared/queue/pipeline.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: a\r\n\r\n'

describe('cleanup', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let pipeline: Pipeline

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
    pipeline = createPipeline(opened.store, clock)
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => opened.close())

  const bell = (queueId: QueueId, receives: number): QueueMessage => ({
    id: 'b',
    body: queueId,
    receipt: 'r',
    receives,
  })
  /** As a function that gets the doorbell for the nth time, with the directory broken in this way. */
  async function fail(queueId: QueueId, receives: number, error: Error): Promise<boolean> {
    const { directory } = pipeline.backend
    const { expand } = directory
    Object.assign(directory, { expand: () => Promise.reject(error) })
    const { retry } = await pipeline.workers.cleanup.handle([bell(queueId, receives)])
    Object.assign(directory, { expand })
    return retry.length > 0
  }
  const message = async (queueId: QueueId) => (await pipeline.backend.queue.load([queueId]))[0]

  describe('sets a message aside for what it did to cleanup', () => {
    const bug = new Error('bug')

    it('not for deliveries of its doorbell that never came to a worker', async () => {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      expect(await fail(queueId, 9, bug)).toBe(true)
      expect(await message(queueId)).toMatchObject({ state: 'incoming', starts: 1 })
    })

    it('when it has failed as often as is allowed, and it is released with a clean slate', async () => {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      for (let receives = 1; receives <= FAILURES_MAX; receives++) {
        expect(await fail(queueId, receives, bug)).toBe(true)
      }
      expect(await fail(queueId, FAILURES_MAX + 1, bug)).toBe(false)
      expect(await message(queueId)).toMatchObject({ state: 'corrupt', reason: 'Error: bug' })
      expect(await pipeline.backend.operator.release(queueId)).toBe(true)
      expect(await message(queueId)).toMatchObject({ state: 'incoming', starts: 0 })
      await pipeline.settle()
      expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    })

    it('at once when its bytes are missing, which a failing commit may leave so', async () => {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      const { object } = (await message(queueId)) ?? {}
      if (object === undefined) throw new Error('no message')
      await opened.store.objects.delete(object.key)
      await pipeline.workers.cleanup.handle([bell(queueId, 1)])
      expect(await message(queueId)).toMatchObject({
        state: 'corrupt',
        reason: 'its bytes are missing; its sender got no 250',
      })
      expect(await pipeline.inbox('ann@example.test')).toEqual([])
    })

    it('never for an outage, which wipes out what was counted', async () => {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      await fail(queueId, 2, bug)
      for (let receives = 3; receives < 20; receives++) {
        expect(await fail(queueId, receives, new TemporaryFailure('down'))).toBe(true)
      }
      expect(await message(queueId)).toMatchObject({ state: 'incoming', starts: 0 })
    })

    it('and writes nothing for a doorbell that comes once', async () => {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      const before = await message(queueId)
      await fail(queueId, 1, bug)
      expect(await message(queueId)).toEqual(before)
    })
  })

  it('keeps one reference to what two addresses of one account brought into one folder', async () => {
    const detail = createPipeline(opened.store, clock, { set: ['lmtpSaveToDetailMailbox=yes'] })
    const queueId = await detail.accept(text, ['ann@example.test', 'ann+none@example.test'])
    await detail.settle()
    expect(await detail.inbox('ann@example.test')).toHaveLength(1)
    const blob = await opened.store.tables.mail.get(blobKey(blobId(queueId)))
    expect(blob?.refs).toBe(1)
  })

  it('expands no more messages at once than there is memory for', async () => {
    // Each of these may need more than half of it.
    const set = ['virtualAliasExpansionLimit=100000']
    // Said where it fails.
    const said: unknown[] = []
    const log: Log = {
      ...silentLog,
      info: (fields) => void said.push(fields),
      error: (fields) => void said.push(fields),
      child: () => log,
    }
    const large = createPipeline(opened.store, systemClock, { set, log })
    const { directory } = large.backend
    const { expand } = directory
    let now = 0
    let most = 0
    Object.assign(directory, {
      async expand(addresses: Parameters<typeof expand>[0]) {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        const expansion = await expand(addresses)
        now--
        return expansion
      },
    })
    const ids: QueueId[] = []
    for (let n = 0; n < 5; n++) ids.push(await large.accept(text, ['ann@example.test']))
    const bells = ids.map((id, n) => ({ ...bell(id, 1), id: `b${n}` }))
    const { retry, underWay } = await large.workers.cleanup.handle(bells)
    await underWay
    expect({ retry, most }, inspect(said)).toEqual({ retry: [], most: 1 })
    expect(await large.inbox('ann@example.test')).toHaveLength(ids.length)
  })

  it.each([
    // [limit, relay host, sizes of the groups by next hop]
    [3, '', { 'a.test': [3, 1], 'b.test': [3], 'c.test': [3, 3, 1] }],
    [4, '', { 'a.test': [4], 'b.test': [3], 'c.test': [4, 3] }],
    [1, '', { 'a.test': [1, 1, 1, 1], 'b.test': [1, 1, 1], 'c.test': [1, 1, 1, 1, 1, 1, 1] }],
    // One next hop for all.
    [7, '[relay.test]', { '[relay.test]': [7, 7] }],
    [6, '[relay.test]', { '[relay.test]': [6, 6, 2] }],
  ])('gives a destination no more than %i recipients at once', async (limit, relayhost, sizes) => {
    const attempts: { readonly nextHop: string; readonly to: readonly string[] }[] = []
    const limited = createPipeline(opened.store, clock, {
      set: [`defaultDestinationRecipientLimit=${limit}`, `relayhost=${relayhost}`],
      deliverRemote: async (_, hop, recipients) => {
        attempts.push({ nextHop: formatRoute(hop), to: recipients.map(({ address }) => address) })
        return recipients.map(() => ({ kind: 'delivered', reply: '250' }))
      },
    })
    const recipients = Object.entries({ 'a.test': 4, 'b.test': 3, 'c.test': 7 }).flatMap(
      ([domain, count]) => Array.from({ length: count }, (_, i) => `x${i}@${domain}`),
    )
    await limited.accept(text, recipients)
    await limited.settle()
    const seen = Object.groupBy(attempts, ({ nextHop }) => nextHop)
    const sizesSeen = Object.entries(seen).map(([nextHop, some]) => [
      nextHop,
      some?.map(({ to }) => to.length).sort((a, b) => b - a),
    ])
    expect(Object.fromEntries(sizesSeen)).toEqual(sizes)
    expect(attempts.flatMap(({ to }) => to).sort()).toEqual([...recipients].sort())
  })

  describe('tells in the log what became of recipients', () => {
    let lines: string[]
    const noting: Log = {
      ...silentLog,
      info: ({ to, status, dsn }) => void (status && lines.push(`${to} ${status} ${dsn}`)),
      child: () => noting,
    }
    beforeEach(() => {
      lines = []
    })

    it('when the queue knows it, and before that of whom the message is delivered to', async () => {
      await pipeline.addAlias('no@example.test', ['nobody@example.test'])
      const queueId = await pipeline.accept(text, ['ann@example.test', 'no@example.test'])
      let refusals = 1
      const failing = withFaults(opened.store, {
        plan: ({ name, operation }) =>
          name === 'queue' && operation === 'transact' && refusals-- > 0 ? 'throttled' : undefined,
      })
      const noted = createPipeline(failing, clock, { log: noting })
      const handled = await noted.workers.cleanup.handle([bell(queueId, 1)])
      expect(handled.retry).toEqual(['b'])
      expect(lines).toEqual(['ann@example.test delivered 2.0.0'])
      lines = []
      await noted.workers.cleanup.handle([bell(queueId, 2)])
      expect(lines).toEqual([
        'ann@example.test delivered 2.0.0',
        'nobody@example.test failed 5.1.1',
      ])
    })

    it('who lead nowhere, where a message is only split', async () => {
      const count = RECIPIENTS_ON_THE_SPOT_MAX
      const far = Array.from({ length: count }, (_, i) => `x${i}@far.test`)
      await pipeline.addAlias('all@example.test', ['nobody@example.test', ...far])
      const queueId = await pipeline.accept(text, ['all@example.test'])
      const noted = createPipeline(opened.store, clock, { log: noting })
      await noted.workers.cleanup.handle([bell(queueId, 1)])
      expect(lines).toEqual(['nobody@example.test failed 5.1.1'])
    })

    it('whose time in the queue is over', async () => {
      await pipeline.addAccount('full@example.test', { quotaBytes: 1 })
      const queueId = await pipeline.accept(text, ['full@example.test'])
      clock.advance(30 * 86_400_000)
      const noted = createPipeline(opened.store, clock, { log: noting })
      await noted.workers.cleanup.handle([bell(queueId, 1)])
      expect(lines).toEqual(['full@example.test failed 5.4.7'])
      const { groups } = (await noted.backend.operator.show(queueId)) ?? {}
      const { last } = groups?.[0]?.recipients[0] ?? {}
      expect(groups).toMatchObject([{ state: 'waiting', attempts: 1 }])
      expect(last).toEqual({
        kind: 'failed',
        status: '5.4.7',
        reply: expect.stringMatching(/^delivery time expired: mailbox full/),
        remoteMta: null,
        atMs: clock.now(),
        attempts: 1,
      })
    })
  })

  describe('makes of what was done for a recipient here', () => {
    const nothing = { creates: [], usedReserved: false, contended: false, uncertain: false }
    const filed: LocalAction = { kind: 'delivered', folder: 'INBOX', reply: 'uid 1' }
    const refused: LocalAction = { kind: 'refused', status: '5.7.1', reply: 'no' }
    const full: LocalAction = { kind: 'deferred', status: '4.2.2', reply: 'full' }
    const redirected: LocalAction = { kind: 'redirected', to: 'x@away.test' }

    /** Cleaned up once, with this answer for everybody; the groups that are left, and the log. */
    async function clean(answer: Partial<LocalResult>, to = ['ann@example.test']) {
      const lines: string[] = []
      const log: Log = {
        ...silentLog,
        info: ({ relay, status }) => void (status && lines.push(`${status} ${relay}`)),
        child: () => log,
      }
      const { backend, workers, accept } = createPipeline(opened.store, clock, {
        deliverLocal: async () => ({ ...nothing, actions: [filed], ...answer }),
        log,
      })
      const queueId = await accept(text, to)
      const { retry, underWay } = await workers.cleanup.handle([bell(queueId, 1)])
      await underWay
      return { retry, lines, entry: await backend.operator.show(queueId) }
    }

    it.each([
      ['delivered', [filed], ['delivered local']],
      [
        'delivered into two folders',
        [filed, { ...filed, folder: 'b' }],
        ['delivered local', 'delivered local'],
      ],
      ['discarded', [{ kind: 'discarded' }], ['discarded local']],
    ] as const)('nothing more: %s', async (_, actions, lines) => {
      expect(await clean({ actions })).toEqual({ retry: [], lines, entry: undefined })
    })

    it.each([
      ['refused: delivery tells the sender', [refused], 'waiting', 'no', ['refused local']],
      ['deferred', [filed, full], 'deferred', 'full', ['delivered local', 'deferred local']],
      ['nothing done', [], 'deferred', 'nothing was done', ['deferred local']],
    ] as const)('a group that waits: %s', async (_, actions, state, lastReply, lines) => {
      const cleaned = await clean({ actions })
      expect(cleaned.lines).toEqual(lines)
      expect(cleaned.entry?.groups).toMatchObject([
        { state, recipients: [{ last: { reply: lastReply } }], unsettled: 0 },
      ])
    })

    it('a group for delivery at once, of whoever it may not decide about', async () => {
      const { entry, lines, retry } = await clean({ actions: [full], isLeft: true })
      expect({ lines, retry }).toEqual({ lines: [], retry: [] })
      expect(entry?.groups).toMatchObject([{ state: 'waiting', attempts: 0, unsettled: 0 }])
      expect(entry?.groups[0]?.recipients[0]?.last).toBeUndefined()
    })

    it.each([
      ['one that used no reserved reference', false],
      ['one that did, and adds his own from then on', true],
    ])('a group for delivery, of what creates messages: %s', async (_, usedReserved) => {
      const actions = [redirected]
      const creates = [
        {
          envelope: {
            sender: '',
            recipients: [],
            body: '7BIT',
            smtpUtf8: false,
            requireTls: false,
            dsnReturn: null,
            dsnEnvelopeId: null,
          },
          origin: origin(null),
          prepend: '',
          deliveredTo: [],
          content: { kind: 'same' },
        } as const,
      ]
      const cleaned = await clean({ actions, creates, usedReserved })
      const unreserved = usedReserved
      // It is told by who does it.
      expect(cleaned.lines).toEqual([])
      expect(cleaned.entry?.groups).toMatchObject([
        { state: 'waiting', destination: { kind: 'local' }, attempts: 0, unsettled: 0, unreserved },
      ])
    })

    it('one reference for each message in a folder, also where one comes into a second folder later', async () => {
      await pipeline.addAccount('bob@example.test')
      let isFull = true
      const later = createPipeline(opened.store, clock, {
        // Into INBOX, and those of ann into Archive too.
        deliverLocal: async (_message, blob, { address, accountId }, reserved) => {
          if (accountId === null) throw new Error('no account')
          const { mailbox } = later.backend
          const append = async (name: string, usesReserved: boolean): Promise<LocalAction> => {
            const folder = await mailbox.folders.find(accountId, name)
            if (folder === undefined) throw new Error(name)
            const appended = await mailbox.append(folder, {
              blob,
              flags: noFlags,
              internalDateMs: 1,
              prepend: '',
              once: true,
              recipient: address,
              reserved: usesReserved,
            })
            return { kind: 'delivered', folder: name, reply: appended.kind }
          }
          const isAnn = address.startsWith('ann')
          const actions = [await append('INBOX', reserved)]
          if (isAnn) actions.push(isFull ? full : await append('Archive', false))
          return { ...nothing, actions, usedReserved: reserved }
        },
      })
      const queueId = await later.accept(text, ['ann@example.test', 'bob@example.test'])
      await later.workers.cleanup.handle([bell(queueId, 1)])
      const entry = await later.backend.operator.show(queueId)
      expect(entry?.message).toMatchObject({ reserved: 2, used: 2 })
      expect(entry?.groups).toMatchObject([
        { state: 'deferred', unreserved: true, recipients: [{ address: 'ann@example.test' }] },
      ])
      isFull = false
      clock.advance(3_600_000)
      await later.workers.sweeper.ringDue()
      await later.settle()
      expect(await later.backend.operator.show(queueId)).toBeUndefined()
      expect(await later.inbox('ann@example.test')).toHaveLength(1)
      const blob = await opened.store.tables.mail.get(blobKey(blobId(queueId)))
      expect(blob?.refs).toBe(3)
    })
  })

  describe('leaves to delivery who needs the bytes of the message', () => {
    /** As if these accounts had scripts. */
    function scripted(names: readonly string[]) {
      const tried: string[] = []
      const mixed = createPipeline(opened.store, clock, {
        needsContent: (address) => names.includes(address),
        log: {
          ...silentLog,
          info: ({ to, status }) => void (status && tried.push(`${to} ${status}`)),
          child() {
            return this
          },
        },
      })
      return { mixed, tried }
    }

    it('in groups of those who refer by themselves, apart from those for INBOX when all are in groups', async () => {
      const names = Array.from(
        { length: RECIPIENTS_ON_THE_SPOT_MAX },
        (_, i) => `n${i}@example.test`,
      )
      for (const name of names) await pipeline.addAccount(name)
      const { mixed } = scripted(['n0@example.test'])
      const queueId = await mixed.accept(text, [...names, 'ann+lists@example.test'])
      await mixed.workers.cleanup.handle([bell(queueId, 1)])
      const entry = await mixed.backend.operator.show(queueId)
      expect(entry?.message.reserved).toBe(RECIPIENTS_ON_THE_SPOT_MAX - 1)
      expect(
        entry?.groups.map(({ unreserved, recipients }) => ({ unreserved, of: recipients.length })),
      ).toEqual([
        { unreserved: false, of: RECIPIENTS_ON_THE_SPOT_MAX - 1 },
        { unreserved: true, of: 2 },
      ])
    })

    it('in a group of their own at once; the others have theirs on the spot', async () => {
      await pipeline.addAccount('bob@example.test')
      const { mixed, tried } = scripted(['bob@example.test'])
      const queueId = await mixed.accept(text, ['ann@example.test', 'bob@example.test'])
      await mixed.workers.cleanup.handle([bell(queueId, 1)])
      expect(tried).toEqual(['ann@example.test delivered'])
      expect(await mixed.inbox('bob@example.test')).toEqual([])
      expect((await mixed.backend.operator.show(queueId))?.groups).toMatchObject([
        {
          destination: { kind: 'local' },
          state: 'waiting',
          attempts: 0,
          unreserved: true,
          recipients: [{ address: 'bob@example.test' }],
        },
      ])
      await mixed.settle()
      expect(await mixed.inbox('ann@example.test')).toHaveLength(1)
      expect(await mixed.inbox('bob@example.test')).toHaveLength(1)
      expect(await mixed.backend.operator.show(queueId)).toBeUndefined()
      // Both used what was reserved for them.
      const blob = await opened.store.tables.mail.get(blobKey(blobId(queueId)))
      expect(blob?.refs).toBe(2)
    })

    it('also when it is the only recipient: nothing is reserved', async () => {
      const { mixed, tried } = scripted(['ann@example.test'])
      const queueId = await mixed.accept(text, ['ann@example.test'])
      await mixed.workers.cleanup.handle([bell(queueId, 1)])
      expect(tried).toEqual([])
      await mixed.settle()
      expect(tried).toEqual(['ann@example.test delivered'])
      expect(await mixed.inbox('ann@example.test')).toHaveLength(1)
      const blob = await opened.store.tables.mail.get(blobKey(blobId(queueId)))
      expect(blob?.refs).toBe(1)
    })

    it('and delivers once when cleanup comes twice', async () => {
      await pipeline.addAccount('bob@example.test')
      const { mixed } = scripted(['bob@example.test'])
      const queueId = await mixed.accept(text, ['ann@example.test', 'bob@example.test'])
      await Promise.all([
        mixed.workers.cleanup.handle([bell(queueId, 1)]),
        mixed.workers.cleanup.handle([bell(queueId, 2)]),
      ])
      await mixed.settle()
      for (const name of ['ann', 'bob']) {
        expect(await mixed.inbox(`${name}@example.test`)).toHaveLength(1)
      }
      expect(await mixed.backend.operator.show(queueId)).toBeUndefined()
    })
  })

  describe('splits a message with many final recipients and delivers none itself', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `x${i}@example.test`)

    async function split(count: number) {
      const targets = many(count)
      for (const target of targets) await pipeline.addAccount(target)
      await pipeline.addAlias('all@example.test', targets)
      const queueId = await pipeline.accept(text, ['all@example.test'])
      const { underWay } = await pipeline.workers.cleanup.handle([bell(queueId, 1)])
      await underWay
      return pipeline.backend.operator.show(queueId)
    }

    it('as many as one group holds are delivered at once', async () => {
      expect(await split(RECIPIENTS_ON_THE_SPOT_MAX)).toBeUndefined()
    })

    it('one more makes groups of bounded size, each under a lease of its own', async () => {
      const entry = await split(RECIPIENTS_ON_THE_SPOT_MAX + 1)
      expect(entry?.groups.map(({ recipients }) => recipients.length).sort()).toEqual([
        1,
        LOCAL_GROUP_RECIPIENTS_MAX,
      ])
      expect(await pipeline.inbox('x0@example.test')).toHaveLength(0)
      await pipeline.settle()
      expect(await pipeline.inbox('x0@example.test')).toHaveLength(1)
      expect(await pipeline.inbox(`x${RECIPIENTS_ON_THE_SPOT_MAX}@example.test`)).toHaveLength(1)
      expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
    })
  })
})
