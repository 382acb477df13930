// What a worker owes a group whatever happens to it: a result for every recipient, written down once, under a lease that holds.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult, LocalAction } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId } from '#shared/queue/blob.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import { duePk, dueUpTo } from '#shared/queue/keys.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { LocalDelivery } from '#shared/queue/pipeline.ts'
import { lastReplyOf } from '#shared/queue/records.ts'
import { doubtful } from '#shared/queue/results.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import type { QueueMessage, Store, Table } from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { bellsOf } from '#test/support/mail-queue.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const text = 'Subject: x\r\n\r\nbody\r\n'
const to = 'far@away.test'
const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }

describe('delivery', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  const pipelineWith = (deliverRemote: AnswerRemote, store: Store = opened.store) =>
    createPipeline(store, clock, { deliverRemote })

  async function groupsOf({ backend }: Pipeline, queueId: QueueId) {
    return (await backend.operator.show(queueId))?.groups ?? []
  }

  it('defers everybody when an attempt has a bug, and not at once again', async () => {
    let attempts = 0
    const pipeline = pipelineWith(async () => {
      attempts++
      throw new TypeError('a bug')
    })
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toMatchObject([
      {
        state: 'deferred',
        attempts: 1,
        recipients: [to, 'other@away.test'].map((address) => ({
          address,
          last: { kind: 'deferred', reply: 'TypeError: a bug' },
        })),
        leaseUntilMs: 0,
      },
    ])
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(attempts).toBe(1)
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.dueMs).toBeGreaterThan(clock.now())
  })

  it('fails everybody whose next hop is none, and asks no host', async () => {
    let attempts = 0
    const pipeline = pipelineWith(async (_message, _hop, all) => {
      attempts++
      return all.map(() => delivered)
    })
    const { queue } = pipeline.backend
    const { take } = queue
    Object.assign(queue, {
      async take(...given: Parameters<typeof take>) {
        const taken = await take(...given)
        if (taken === undefined) return undefined
        const recipients = taken.group.recipients.map((one) => ({ ...one, address: 'x@no..hop' }))
        return { ...taken, group: { ...taken.group, recipients } }
      },
    })
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toEqual([])
    expect(pipeline.notices.failures()).toEqual([
      "x@no..hop 5.1.2 'no..hop' is no domain and no host",
    ])
    expect(attempts).toBe(0)
  })

  it.each([
    ['transportMaps=static:uucp:[a.test]', 'uucp:[a.test]'],
    ['transportMaps=static:smtp:[a', '[a'],
    ['senderDependentRelayhostMaps=static:lmtp:[a.test]', 'smtp:lmtp:[a.test]'],
  ])('returns nobody its mail where %s names no way', async (setting, slot) => {
    let attempts = 0
    const pipeline = createPipeline(opened.store, clock, {
      set: [setting],
      deliverRemote: async () => {
        attempts++
        return []
      },
    })
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toMatchObject([
      {
        state: 'deferred',
        recipients: [{ last: { status: '4.3.5', reply: expect.stringContaining(slot) } }],
      },
    ])
    expect(attempts).toBe(0)
  })

  it('gives a result to recipients of whom an attempt said nothing', async () => {
    const pipeline = pipelineWith(async () => [delivered])
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    expect(await groupsOf(pipeline, queueId)).toMatchObject([
      { state: 'deferred', recipients: [{ address: 'other@away.test' }] },
    ])
  })

  it('writes a result down again and again while the store fails, and sends nothing twice', async () => {
    let sent = 0
    let refusals = 5
    const store = withFaults(opened.store, {
      plan: ({ name, operation }) =>
        sent > 0 && name === 'queue' && operation === 'transact' && refusals-- > 0
          ? 'throttled'
          : undefined,
    })
    const pipeline = pipelineWith(async () => {
      sent++
      return [delivered]
    }, store)
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(sent).toBe(1)
    expect(refusals).toBeLessThan(0)
    expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
  })

  it('gives up writing when the lease is over, since another may have the group', async () => {
    let sent = 0
    const store = withFaults(opened.store, {
      plan: ({ name, operation }) =>
        sent > 0 && name === 'queue' && operation === 'transact' ? 'throttled' : undefined,
    })
    const pipeline = pipelineWith(async () => {
      sent++
      return [delivered]
    }, store)
    const startMs = clock.now()
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(clock.now() - startMs).toBeGreaterThan(GROUP_LEASE_MS / 2)
    expect(await groupsOf(pipeline, queueId)).toMatchObject([{ state: 'leased', attempts: 0 }])
  })

  it('notes with each recipient what was said of him, and by whom', async () => {
    const pipeline = pipelineWith(async (_message, _hop, recipients, reached) => {
      reached({ relay: 'mx.away.test[192.0.2.1]:25', connectMs: 1 })
      return recipients.map(({ address }) => ({
        kind: 'deferred',
        status: '4.2.0',
        reply: `later, ${address}`,
      }))
    })
    const queueId = await pipeline.accept(text, [to, 'other@away.test'])
    await pipeline.settle()
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.recipients.map(({ last }) => last)).toEqual(
      [to, 'other@away.test'].map((address) => ({
        kind: 'deferred',
        status: '4.2.0',
        reply: `later, ${address}`,
        remoteMta: 'mx.away.test[192.0.2.1]',
        atMs: clock.now(),
        attempts: 1,
      })),
    )
  })

  it('notes no host where none was reached', async () => {
    const pipeline = pipelineWith(async (_message, _hop, recipients) =>
      recipients.map(() => ({ kind: 'deferred', status: '4.4.1', reply: 'refused' })),
    )
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    const [group] = await groupsOf(pipeline, queueId)
    expect(group?.recipients[0]?.last?.remoteMta).toBeNull()
  })

  describe('takes mail where it goes now', () => {
    const recipients = ['a@one.test', 'b@two.test', 'c@one.test']
    let attempts: string[]
    const deliverRemote =
      (answer: DeliveryResult): AnswerRemote =>
      async (_message, hop, all) => {
        attempts.push(`${formatRoute(hop)}: ${all.map(({ address }) => address).join(' ')}`)
        return all.map(() => answer)
      }
    const refused: DeliveryResult = { kind: 'deferred', status: '4.4.1', reply: 'refused' }
    const to = (relayhost: string, answer: DeliveryResult) =>
      createPipeline(opened.store, clock, {
        deliverRemote: deliverRemote(answer),
        set: relayhost === '' ? [] : [`relayhost=${relayhost}`],
      })
    /** Queued by a system with one relay host, then taken up by one with another. */
    async function moved(from: string, onto: string): Promise<readonly string[]> {
      attempts = []
      const before = to(from, refused)
      const queueId = await before.accept(text, recipients)
      await before.settle()
      const seen = attempts.length
      clock.advance(86_400_000)
      const after = to(onto, refused)
      await after.workers.sweeper.ringDue()
      await after.settle()
      const slots = (await groupsOf(after, queueId)).map(({ destination }) =>
        destination.kind === 'remote' ? destination.slot : destination.kind,
      )
      expect(slots.sort()).toEqual(
        attempts
          .slice(seen)
          .map((line) => line.split(':')[0])
          .sort(),
      )
      return attempts.slice(seen).sort()
    }

    it('through the relay host that is set now, and not the one of then', async () => {
      expect(await moved('[old.test]', '[new.test]')).toEqual([
        '[new.test]: a@one.test b@two.test c@one.test',
      ])
    })

    it('through a relay host since there is one', async () => {
      expect(await moved('', '[new.test]')).toEqual([
        '[new.test]: a@one.test c@one.test',
        '[new.test]: b@two.test',
      ])
    })

    it('to each domain by itself since there is no relay host any more, one transaction for each', async () => {
      expect(await moved('[old.test]', '')).toEqual([
        'one.test: a@one.test c@one.test',
        'two.test: b@two.test',
      ])
    })

    it('and counts no attempt for having looked', async () => {
      await moved('[old.test]', '')
      const [entry] = await Array.fromAsync(to('', refused).backend.operator.list())
      expect(entry?.groups.map((group) => [group.attempts, group.unsettled])).toEqual([
        [2, 0],
        [2, 0],
      ])
    })
  })

  it('keeps its lease for as long as another host takes', async () => {
    // Whoever sleeps wakes when the hand is there, and not before.
    const hands = new ManualClock()
    const store = await openEmbedded({ clock: hands })
    let takenByOther = 0
    const pipeline = createPipeline(store.store, hands, {
      deliverRemote: async ({ queueId }) => {
        const { queue, operator } = pipeline.backend
        const name = (await operator.show(queueId))?.groups[0]?.name ?? ''
        // Three times as long as a lease that nobody renews.
        for (let tenth = 0; tenth < 30; tenth++) {
          await hands.advance(GROUP_LEASE_MS / 10)
          // Writes of one process keep their order: after this one the lease is written.
          await store.store.tables.queue.write({ put: { pk: 'barrier', sk: String(tenth) } })
          if ((await queue.take(queueId, name)) !== undefined) takenByOther++
        }
        return [delivered]
      },
    })
    const queueId = await pipeline.accept(text, [to])
    await pipeline.settle()
    expect(takenByOther).toBe(0)
    expect(await pipeline.backend.operator.show(queueId)).toBeUndefined()
    await store.close()
  })
})

describe('delivery of a group of recipients here', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  // As an operator rings: what is deferred is tried before its time.
  const bell = (body: string): QueueMessage => ({
    id: 'b',
    body: `!${body}`,
    receipt: 'r',
    receives: 1,
  })
  const plain = { creates: [], usedReserved: false, contended: false, uncertain: false }
  const later = (reply: string): LocalAction => ({ kind: 'deferred', status: '4.2.1', reply })
  const filed: LocalAction = { kind: 'delivered', folder: 'INBOX', reply: 'uid 1' }
  const names = ['ann', 'bob'].map((name) => `${name}@example.test`)

  /** A message whose first attempt was put off, so that its recipients are in a group; delivered from then on by `deliverLocal`. */
  async function waiting(
    deliverLocal: LocalDelivery,
    to: readonly string[] = names,
    log?: Log,
    deliverRemote?: AnswerRemote,
  ) {
    let isFirst = true
    const pipeline = createPipeline(opened.store, clock, {
      deliverLocal: async (...given) =>
        isFirst ? { ...plain, actions: [later('not now')] } : await deliverLocal(...given),
      ...(log && { log }),
      ...(deliverRemote && { deliverRemote }),
    })
    for (const name of to) await pipeline.addAccount(name)
    const queueId = await pipeline.accept(text, to)
    await pipeline.settle()
    isFirst = false
    const groups = async () => {
      const shown = (await pipeline.backend.operator.show(queueId))?.groups ?? []
      return shown.map((group) => ({ ...group, lastReply: lastReplyOf(group) }))
    }
    const [group] = await groups()
    if (group === undefined) throw new Error('no group')
    const handle = () => pipeline.workers.delivery.handle([bell(`${queueId} ${group.name}`)])
    return { pipeline, queueId, group, groups, handle }
  }

  it('ends with the message when all have it', async () => {
    const { handle, groups } = await waiting(async () => ({
      ...plain,
      actions: [filed],
    }))
    expect(await handle()).toEqual({ retry: [] })
    expect(await groups()).toEqual([])
  })

  it('parts those who wait from those who never get it', async () => {
    const { pipeline, handle, groups } = await waiting(async (_message, _blob, { address }) => ({
      ...plain,
      actions: [
        address.startsWith('ann')
          ? { kind: 'failed', status: '5.1.1', reply: 'no' }
          : later('soon'),
      ],
    }))
    await handle()
    expect(await groups()).toMatchObject([
      { state: 'deferred', lastReply: 'soon', recipients: [{ address: 'bob@example.test' }] },
    ])
    expect(pipeline.notices.failures()).toEqual(['ann@example.test 5.1.1 no'])
  })

  it('returns who waited longer than the queue keeps mail', async () => {
    const { pipeline, handle, groups } = await waiting(async () => ({
      ...plain,
      actions: [later('full')],
    }))
    clock.advance(30 * 86_400_000)
    await handle()
    expect(await groups()).toEqual([])
    expect(pipeline.notices.failures()).toEqual(
      names.map((name) => `${name} 5.4.7 delivery time expired: full`),
    )
  })

  it('comes back in seconds for those whose mailbox too many deliver into', async () => {
    const { handle, groups } = await waiting(async () => ({
      ...plain,
      contended: true,
      actions: [later('many')],
    }))
    expect(await handle()).toEqual({ retry: [] })
    const [group] = await groups()
    expect(group?.state).toBe('deferred')
    expect((group?.dueMs ?? 0) - clock.now()).toBe(5_000)
    clock.advance(4_999)
    expect(await bellsOf(opened.store, 'deferred')).toEqual([])
    clock.advance(1)
    expect(await bellsOf(opened.store, 'deferred')).toEqual([`${group?.queueId} local/0`])
  })

  it('remembers that nobody knows who has it after an attempt without an answer', async () => {
    const { handle, groups } = await waiting(async () => ({
      ...plain,
      uncertain: true,
      actions: [later('store')],
    }))
    await handle()
    expect(await groups()).toMatchObject([{ state: 'deferred', unsettled: 1 }])
  })

  it('defers all when a delivery has a bug, and remembers that nobody knows who has it', async () => {
    const { handle, groups } = await waiting(async () => {
      throw new TypeError('a bug')
    })
    expect(await handle()).toEqual({ retry: [] })
    expect(await groups()).toMatchObject([
      { state: 'deferred', unsettled: 1, lastReply: 'TypeError: a bug' },
    ])
  })

  it('fails those of whom nobody can say any more whether they have it', async () => {
    const { pipeline, handle, groups } = await waiting(async () => {
      throw new Error('nothing is delivered')
    })
    Object.assign(pipeline.backend.queue, { isDoubtful: async () => true })
    await handle()
    expect(await groups()).toEqual([])
    const { status, reply } = doubtful.result
    expect(pipeline.notices.failures()).toEqual(names.map((name) => `${name} ${status} ${reply}`))
  })

  it.each([
    [true, false, true],
    [true, true, false],
    [false, false, false],
  ])(
    'uses references where some are reserved (%s) and the group has not its own (%s): %s',
    async (has, unreserved, uses) => {
      const used: boolean[] = []
      const { pipeline, group, handle } = await waiting(async (...[, , , reserved]) => {
        used.push(reserved)
        return { ...plain, actions: [later('x')] }
      })
      const { queue } = pipeline.backend
      const { take } = queue
      Object.assign(queue, {
        hasReserved: async () => has,
        async take(...given: Parameters<typeof take>) {
          const taken = await take(...given)
          return taken && { ...taken, group: { ...taken.group, unreserved } }
        },
      })
      await handle()
      expect(used).toEqual(group.recipients.map(() => uses))
    },
  )

  it('tells each recipient in the log, as delivered here', async () => {
    const lines: unknown[] = []
    const log: Log = {
      ...silentLog,
      info: ({ to: whom, relay, status }) => void lines.push([whom, relay, status]),
      child: () => log,
    }
    const { handle } = await waiting(async () => ({ ...plain, actions: [filed] }), names, log)
    lines.length = 0
    await handle()
    expect(lines).toEqual(names.map((name) => [name, 'local', 'delivered']))
  })

  describe('of what was done for a recipient', () => {
    const created: CreatedMessage = {
      envelope: {
        sender: 'ann@example.test',
        recipients: [{ address: 'x@away.test', notify: [], originalRecipient: null }],
        body: '7BIT',
        smtpUtf8: false,
        requireTls: false,
        dsnReturn: null,
        dsnEnvelopeId: null,
      },
      origin: origin(null),
      prepend: 'Resent-To: x@away.test\r\n',
      deliveredTo: ['ann@example.test'],
      content: { kind: 'same' },
    }
    const redirected: LocalAction = { kind: 'redirected', to: 'x@away.test' }
    const full = later('full')

    it.each([
      ['redirected', [redirected], [created], 'delivered', ['redirected 2.0.0']],
      [
        'delivered into two folders and answered',
        [filed, { ...filed, folder: 'b' }, { kind: 'replied', to: 'x@away.test' }],
        [created],
        'delivered',
        ['delivered 2.0.0', 'delivered 2.0.0', 'replied 2.0.0'],
      ],
      ['discarded', [{ kind: 'discarded' }], [created], 'delivered', ['discarded 2.0.0']],
      [
        'refused: his sender is told',
        [{ kind: 'refused', status: '5.7.1', reply: 'no' }],
        [],
        'failed',
        ['refused 5.7.1'],
      ],
      // Again, whole: what it creates comes with its end.
      [
        'redirected and in one of two folders, but not yet in the other',
        [redirected, filed, full],
        [],
        'deferred',
        ['delivered 2.0.0', 'deferred 4.2.1'],
      ],
      ['nothing at all: he waits', [], [], 'deferred', ['deferred 4.3.0']],
    ] as const)('%s', async (_, actions, writes, kind, lines) => {
      const told: string[] = []
      const log: Log = {
        ...silentLog,
        info: ({ to: whom, status, dsn }) => void (whom && told.push(`${status} ${dsn}`)),
        child: () => log,
      }
      const { pipeline, handle } = await waiting(
        async () => ({ ...plain, actions, creates: [created] }),
        ['ann@example.test'],
        log,
      )
      told.length = 0
      const { queue } = pipeline.backend
      const seen: unknown[] = []
      const { settle } = queue
      const noting: typeof settle = async (group, settlement) => {
        const { results, creates = [] } = settlement
        seen.push({
          kinds: results.map(({ result }) => result.kind),
          creates: creates.map(({ prepend, deliveredTo, envelope }) => [
            prepend,
            deliveredTo,
            envelope,
          ]),
        })
        return await settle(group, settlement)
      }
      Object.assign(queue, { settle: noting })
      expect(await handle()).toEqual({ retry: [] })
      const creates = writes.map(({ prepend, deliveredTo, envelope }) => [
        prepend,
        deliveredTo,
        envelope,
      ])
      expect(seen).toEqual([{ kinds: [kind], creates }])
      expect(told).toEqual(lines)
    })

    it('redirected: what it creates is in the queue with his end, and leaves', async () => {
      const sent: string[] = []
      const { pipeline, queueId, handle, groups } = await waiting(
        async () => ({ ...plain, actions: [redirected], creates: [created] }),
        ['ann@example.test'],
        silentLog,
        async ({ queueId: id, prepend }, hop, recipients) => {
          expect(id).not.toBe(queueId)
          sent.push(`${prepend}${formatRoute(hop)} ${recipients.map(({ address }) => address)}`)
          return recipients.map(() => delivered)
        },
      )
      expect(await handle()).toEqual({ retry: [] })
      expect(await groups()).toEqual([])
      // Its doorbell was lost.
      clock.advance(3_600_000)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
      expect(sent).toEqual(['Resent-To: x@away.test\r\naway.test x@away.test'])
      expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
    })

    it('not done with, while its bytes cannot be stored', async () => {
      const { pipeline, handle, groups } = await waiting(
        async () => ({ ...plain, actions: [filed, redirected], creates: [created] }),
        ['ann@example.test'],
      )
      const { objects } = opened.store
      const { put } = objects
      Object.assign(objects, { put: () => Promise.reject(new TemporaryFailure('no disk')) })
      try {
        expect(await handle()).toEqual({ retry: [] })
      } finally {
        Object.assign(objects, { put })
      }
      expect(await groups()).toMatchObject([
        { state: 'deferred', lastReply: 'storage failed: no disk' },
      ])
      expect(await Array.fromAsync(pipeline.backend.operator.list())).toHaveLength(1)
    })

    it('not done with, though his reserved reference is used: from then on he adds his own', async () => {
      const reservations: string[] = []
      let isFull = true
      const { pipeline, queueId, handle, groups } = await waiting(
        async (_message, _blob, { address }, reserved) => {
          reservations.push(`${address} ${reserved}`)
          const waits = isFull && address.startsWith('ann')
          return { ...plain, actions: waits ? [filed, full] : [filed], usedReserved: reserved }
        },
      )
      await handle()
      expect(await groups()).toMatchObject([
        { state: 'deferred', unreserved: true, recipients: [{ address: 'ann@example.test' }] },
      ])
      expect(await pipeline.backend.queue.load([queueId])).toMatchObject([{ reserved: 2, used: 2 }])
      isFull = false
      await handle()
      expect(await groups()).toEqual([])
      expect(reservations).toEqual([
        'ann@example.test true',
        'bob@example.test true',
        'ann@example.test false',
      ])
    })

    it('in two folders: each has it once, however often the attempt is repeated', async () => {
      const { store } = opened
      let isFull = true
      const { pipeline, queueId, handle, groups } = await waiting(
        async (_message, blob, { address, accountId }, reserved) => {
          if (accountId === null) throw new Error('no account')
          const { mailbox } = pipeline.backend
          const actions: LocalAction[] = []
          const folders = [
            await mailbox.inbox(accountId),
            await mailbox.folders.find(accountId, 'Archive'),
          ]
          for (const folder of folders) {
            if (folder === undefined) throw new Error('no folder')
            if (folder.name !== 'INBOX' && isFull) actions.push(full)
            else {
              const appended = await mailbox.append(folder, {
                blob,
                flags: noFlags,
                internalDateMs: 1,
                prepend: '',
                once: true,
                recipient: address,
                reserved: reserved && folder.name === 'INBOX',
              })
              actions.push({ kind: 'delivered', folder: folder.name, reply: appended.kind })
            }
          }
          return { ...plain, actions }
        },
        ['ann@example.test'],
      )
      await handle()
      expect(await groups()).toMatchObject([{ state: 'deferred', lastReply: 'full' }])
      clock.advance(3_600_000)
      isFull = false
      await handle()
      expect(await groups()).toEqual([])
      const [ann] = await Array.fromAsync(pipeline.backend.directory.accounts.list())
      if (ann === undefined) throw new Error('no account')
      const { folders } = await pipeline.backend.mailbox.folders.tree(ann.id)
      const counts = folders.map(({ name, exists }) => [name, exists]).filter(([, n]) => n !== 0)
      expect(Object.fromEntries(counts)).toEqual({ INBOX: 1, Archive: 1 })
      expect((await store.tables.mail.get(blobKey(blobId(queueId))))?.refs).toBe(2)
    })
  })

  describe('passes over', () => {
    it.each([['nonsense'], [''], ['0123456789ABCDEFGH gone/0']])('the bell %j', async (body) => {
      const { workers } = createPipeline(opened.store, clock)
      expect(await workers.delivery.handle([bell(body)])).toEqual({ retry: [] })
    })

    it('a group that another worker has', async () => {
      let attempts = 0
      const { pipeline, queueId, group, handle } = await waiting(async () => {
        attempts++
        return { ...plain, actions: [later('x')] }
      })
      await pipeline.backend.queue.take(queueId, group.name)
      expect(await handle()).toEqual({ retry: [] })
      expect(attempts).toBe(0)
    })
  })

  it.each([
    ['comes back when the store fails before anything is tried', new TemporaryFailure('x'), ['b']],
    ['does not come back for a bug: its time will', new TypeError('x'), []],
  ])('%s', async (_, error, retry) => {
    const said: string[] = []
    const log: Log = {
      ...silentLog,
      error: (_fields, message) => void said.push(message),
      child: () => log,
    }
    const { pipeline, handle } = await waiting(
      async () => ({ ...plain, actions: [later('x')] }),
      names,
      log,
    )
    Object.assign(pipeline.backend.queue, { take: () => Promise.reject(error) })
    expect(await handle()).toEqual({ retry })
    expect(said).toEqual(['delivery failed'])
  })

  it('says that its lease was lost', async () => {
    const said: string[] = []
    const log: Log = {
      ...silentLog,
      warn: (_fields, message) => void said.push(message),
      child: () => log,
    }
    const { pipeline, handle } = await waiting(
      async () => {
        Object.assign(pipeline.backend.queue, { settle: async () => false })
        return { ...plain, actions: [later('x')] }
      },
      names,
      log,
    )
    await handle()
    expect(said).toEqual(['lease lost while delivering'])
  })
})

describe('the sweeper', () => {
  it('leaves alone what has moved since it looked', async () => {
    const clock = manualClock()
    const opened = await openEmbedded({ clock })
    try {
      const { queue } = opened.store.tables
      let between = async () => {}
      const late: Table = {
        ...tableOf(queue),
        async write(write) {
          const now = between
          between = async () => {}
          await now()
          return queue.write(write)
        },
      }
      const store = { ...opened.store, tables: { ...opened.store.tables, queue: late } }
      const direct = createPipeline(opened.store, clock)
      const queueId = await direct.accept(text, [to])
      await direct.settle()
      const [group] = (await direct.backend.operator.show(queueId))?.groups ?? []
      // Its bell got lost.
      clock.advance((group?.dueMs ?? 0) - clock.now() + 120_000)
      between = async () => {
        // A worker, rung by another bell, takes the group at this moment.
        expect(await direct.backend.queue.take(queueId, group?.name ?? '')).toBeDefined()
      }
      const swept = await createPipeline(store, clock).workers.sweeper.ringDue()
      expect(swept.rung).toBe(0)
      const due = await Promise.all(
        Array.from({ length: 16 }, (_, shard) =>
          queue.queryIndex('due', { pk: duePk(shard), sk: dueUpTo(clock.now() + GROUP_LEASE_MS) }),
        ),
      )
      const [entry] = due.flatMap(({ items }) => items)
      // The time of the lease, not the sweeper's.
      expect(
        entry?.indexSk.startsWith(String(clock.now() + GROUP_LEASE_MS).padStart(15, '0')),
      ).toBe(true)
    } finally {
      await opened.close()
    }
  })
})

/** Methods of a table that may be a class. */
function tableOf(table: Table): Table {
  return {
    get: (...given) => table.get(...given),
    batchGet: (...given) => table.batchGet(...given),
    query: (...given) => table.query(...given),
    queryIndex: (...given) => table.queryIndex(...given),
    write: (...given) => table.write(...given),
    transact: (...given) => table.transact(...given),
    batchWrite: (...given) => table.batchWrite(...given),
  } as Table
}
