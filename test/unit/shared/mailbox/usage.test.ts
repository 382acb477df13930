import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, Uid } from '#shared/contracts/mailbox.ts'
import {
  ANNOTATION_BYTES_MAX,
  ANNOTATION_BYTES_PER_ACCOUNT_MAX,
  ANNOTATIONS_PER_ACCOUNT_MAX,
} from '#shared/mailbox/annotations.ts'
import { DEAD_PK } from '#shared/mailbox/blob-references.ts'
import { FOLDERS_PER_ACCOUNT_MAX } from '#shared/mailbox/create-folder.ts'
import { blobKey, folderKey, usageKey } from '#shared/mailbox/keys.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { SUBSCRIPTIONS_PER_ACCOUNT_MAX } from '#shared/mailbox/subscriptions.ts'
import { readUsage } from '#shared/mailbox/usage.ts'
import { blob } from '#test/support/blob.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { randomFaults, seededRandom } from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  account,
  fill,
  mailboxOn,
  makeFolder,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { checkAccount } from '#test/support/mailbox-truth.ts'
import { asOlderVersion } from '#test/support/older-version.ts'
import { manualClock } from '#test/support/pipeline.ts'

const MB = 1_000_000
const unlimited = { bytes: 0, messages: 0, appendBytesPerDay: 0 }
const first = 1 as Uid
const sized = (id: string, bytes: number) => ({ ...message(id), blob: blob(id, bytes) })

describe('what an account stores', () => {
  const clock = manualClock()
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: FolderRecord
  let other: FolderRecord

  beforeEach(async () => {
    test = await openTestMailbox(clock)
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    other = await makeFolder(mailbox, 'A/B')
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const table = () => test.store.tables.mail
  const usage = () => readUsage(table(), account)
  const check = () => checkAccount(table(), account, { folderIds: [], blobIds: [] })
  /** As a client that appends brings it. */
  const receive = (bytes: number) => mailbox.receive(Readable.from([Buffer.alloc(bytes, 'x')]))
  /** As if that much was there. */
  const pretend = (set: { [name: string]: number }) =>
    table().write({ update: usageKey(account), changes: { set } })

  it('is counted by every way messages come, move and go', async () => {
    await fill(mailbox, inbox, 'a', 'b', 'c')
    await mailbox.appendTogether(other, [message('d'), message('e')])
    await mailbox.copy(inbox, uids(1, 2), other)
    expect(await usage()).toMatchObject({ bytes: 700, messages: 7, folders: 8 })
    await mailbox.move(inbox, uids(3), other)
    await mailbox.replace(inbox, first, other, message('f'))
    await mailbox.expunge(other, uids(1, 2))
    expect(await mailbox.usage(account)).toEqual({ bytes: 500, messages: 5 })
    await check()
    await mailbox.folders.remove(other)
    expect(await usage()).toMatchObject({ bytes: 100, messages: 1, folders: 7 })
    await mailbox.empty(account)
    expect(await usage()).toMatchObject({ bytes: 0, messages: 0, folders: 1, annotationBytes: 0 })
    await check()
  })

  it.each([
    ['of an account whose folders nobody has made yet', async () => 'new' as AccountId],
    [
      'of an account that was emptied',
      async () => {
        await mailbox.empty(account)
        return account
      },
    ],
  ] as const)('is told without a write for who may not write, %s', async (_, begin) => {
    const id = await begin()
    const counting = countingTable(table())
    const tables = { ...test.store.tables, mail: counting.table }
    expect(await mailboxOn({ ...test.store, tables }).usage(id)).toEqual({ bytes: 0, messages: 0 })
    expect(counting.take().filter((call) => !['get', 'query'].includes(call))).toEqual([])
  })

  describe('by an older version', () => {
    beforeEach(async () => {
      await fill(mailbox, inbox, 'a', 'b', 'c')
      await fill(mailbox, other, 'd')
      const value = new Uint8Array(50)
      await mailbox.annotations.set(other, [{ entry: '/private/comment', value }])
      await asOlderVersion(table(), account)
    })

    it('is summed up without a write for who may not write', async () => {
      const counting = countingTable(table())
      const reader = mailboxOn({
        ...test.store,
        tables: { ...test.store.tables, mail: counting.table },
      })
      expect(await reader.usage(account)).toEqual({ bytes: 400, messages: 4 })
      expect(counting.take()).toEqual(['get', 'query'])
    })

    it.each<[string, () => Promise<unknown>]>([
      ['who asks for room', () => mailbox.room(account, unlimited)],
      ['a delivery with a quota', () => mailbox.append(inbox, message('x'), unlimited)],
      ['CREATE', () => makeFolder(mailbox, 'New')],
      ['SETMETADATA', () => mailbox.annotations.set(inbox, [])],
      ['SUBSCRIBE', () => mailbox.subscriptions.subscribe(account, 'New')],
      ['the collector', () => mailbox.folders.finishRemovals(account)],
    ])('is counted once by %s', async (_, first) => {
      await first()
      await check()
    })

    it('is counted right while others change it', async () => {
      const others = [mailbox, mailboxOn(test.store, clock), mailboxOn(test.store, clock)]
      await Promise.all([
        ...others.map((each) => each.room(account, unlimited)),
        mailbox.append(inbox, message('e')),
        others[1]?.append(other, message('f'), unlimited),
        mailbox.move(inbox, uids(1), other),
        others[2]?.expunge(inbox, uids(2)),
        mailbox.storeFlags(inbox, uids(3), { mode: 'add', flags: ['\\Seen'] }),
        makeFolder(mailbox, 'A/C'),
        mailbox.subscriptions.subscribe(account, 'A/C'),
        others[1]?.subscriptions.unsubscribe(account, 'Sent'),
        others[2]?.subscriptions.subscribe(account, 'Drafts'),
        others[1]?.annotations.set(other, [
          { entry: '/private/comment', value: new Uint8Array(9) },
        ]),
        others[2]?.annotations.set(inbox, [{ entry: '/private/x', value: new Uint8Array(7) }]),
      ])
      await mailbox.room(account, unlimited)
      await check()
      expect(await usage()).toMatchObject({ bytes: 500, messages: 5, folders: 9, annotations: 2 })
    })

    it('becomes right again when one was still at work', async () => {
      await mailbox.room(account, unlimited)
      // It appended a message, and knew only the folder's own counters.
      await fill(mailbox, inbox, 'e')
      const { id } = inbox
      await table().write({
        update: folderKey(account, id),
        changes: { set: { countedBytes: 300, countedMessages: 3 } },
      })
      await pretend({ bytes: 400, messages: 4 })
      await mailbox.expunge(inbox, uids(1))
      expect(await usage()).toMatchObject({ bytes: 400, messages: 4 })
      await check()
    })
  })

  describe('stays within the quota', () => {
    const quota = { ...unlimited, bytes: 20 * MB }
    const big = (n: number) => sized(`big${n}`, 9 * MB)
    const sixteen = Array.from({ length: 16 }, (_, n) => n)

    it('when 16 messages come at once, to two folders and in two processes', async () => {
      const second = mailboxOn(test.store, clock)
      const results = await Promise.all(
        sixteen.map((n) =>
          (n % 2 === 0 ? mailbox : second).append(n % 3 === 0 ? inbox : other, big(n), quota),
        ),
      )
      expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(2)
      expect(results.filter(({ kind }) => kind === 'over-quota')).toHaveLength(14)
      expect(await usage()).toMatchObject({ bytes: 18 * MB, messages: 2 })
      await check()
    })

    it('when copies come at once, to several folders and in two processes', async () => {
      await mailbox.append(inbox, big(0))
      const second = mailboxOn(test.store, clock)
      const targets = [inbox, other, await makeFolder(mailbox, 'C'), await makeFolder(mailbox, 'D')]
      const results = await Promise.all(
        targets.map((target, n) =>
          (n % 2 === 0 ? mailbox : second).copy(inbox, uids(1), target, { limits: quota }),
        ),
      )
      expect(results.filter(({ kind }) => kind === 'copied')).toHaveLength(1)
      expect(await usage()).toMatchObject({ bytes: 18 * MB, messages: 2 })
      await check()
    })

    it('when they come while storage fails', async () => {
      const random = seededRandom(7)
      const plan = randomFaults(random, { throttled: 0.02, unanswered: 0.02, conflict: 0.2 })
      const faulty = withFaults(test.store, { plan, random })
      const writers = [mailboxOn(faulty, clock), mailboxOn(faulty, clock)]
      await Promise.allSettled(
        sixteen.map((n) => writers[n % 2]?.append(n % 3 === 0 ? inbox : other, big(n), quota)),
      )
      expect((await usage()).bytes).toBeLessThanOrEqual(20 * MB)
      await check()
    })

    it('byte by byte', async () => {
      const exactly = { ...unlimited, bytes: 300, messages: 0 }
      const kinds = async (...sizes: number[]) => {
        const given = sizes.map((bytes, n) => sized(`m${n}`, bytes))
        return (await Promise.all(given.map((one) => mailbox.append(inbox, one, exactly)))).map(
          ({ kind }) => kind,
        )
      }
      expect(await kinds(301, 200, 101, 100)).toEqual([
        'over-quota',
        'appended',
        'over-quota',
        'appended',
      ])
      expect(await mailbox.append(inbox, sized('z', 1), exactly)).toEqual({
        kind: 'over-quota',
        used: { bytes: 300, messages: 2 },
      })
    })

    it('in number of messages', async () => {
      const three = { ...unlimited, messages: 3 }
      const all = Array.from({ length: 8 }, (_, n) =>
        mailbox.append(inbox, message(`n${n}`), three),
      )
      const kinds = (await Promise.all(all)).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'appended')).toHaveLength(3)
    })

    it('in number of messages, in two folders and two processes at once', async () => {
      const three = { ...unlimited, messages: 3 }
      const second = mailboxOn(test.store, clock)
      const results = await Promise.all(
        sixteen.map((n) =>
          (n % 2 === 0 ? mailbox : second).append(
            n % 3 === 0 ? inbox : other,
            message(`n${n}`),
            three,
          ),
        ),
      )
      expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(3)
      expect(await usage()).toMatchObject({ messages: 3 })
      await check()
    })

    it('whatever brings the messages, all or none', async () => {
      await fill(mailbox, inbox, 'a', 'b', 'c')
      const room = { ...unlimited, bytes: 499 }
      const over = { kind: 'over-quota', used: { bytes: 300, messages: 3 } }
      expect(await mailbox.copy(inbox, uids(1, 2), other, { limits: room })).toEqual(over)
      expect(await mailbox.appendTogether(other, [message('x'), message('y')], room)).toEqual(over)
      const larger = sized('z', 300)
      expect(await mailbox.replace(inbox, first, other, larger, room)).toEqual(over)
      // What is replaced makes room.
      const fitting = await mailbox.replace(inbox, first, other, sized('z', 299), room)
      expect(fitting.kind).toBe('replaced')
      await check()
    })

    it('a copy of many chunks is taken back as a whole', async () => {
      const ids = Array.from({ length: 120 }, (_, n) => `c${n}`)
      for (let n = 0; n < ids.length; n += 40) {
        await mailbox.appendTogether(
          inbox,
          ids.slice(n, n + 40).map((id) => message(id)),
        )
      }
      const all = uids(...ids.map((_, n) => n + 1))
      const copied = await mailbox.copy(inbox, all, other, {
        limits: { ...unlimited, bytes: 22_000 },
      })
      expect(copied.kind).toBe('over-quota')
      expect(await usage()).toMatchObject({ bytes: 12_000, messages: 120 })
      await check()
    })
  })

  describe('appended in a day', () => {
    const limits = { ...unlimited, bytes: 1_000, appendBytesPerDay: 2_500 }

    it('is limited though it was removed at once, and not on the next day', async () => {
      const kinds: string[] = []
      for (const n of [1, 2, 3]) {
        const appended = await mailbox.append(inbox, sized(`d${n}`, 900), limits)
        kinds.push(appended.kind)
        if (appended.kind === 'appended') await mailbox.expunge(inbox, [appended.uid])
      }
      expect(kinds).toEqual(['appended', 'appended', 'over-append-limit'])
      expect(await mailbox.room(account, limits)).toMatchObject({ appendBytes: 700 })
      // What others send is no business of this limit.
      const delivered = { ...limits, appendBytesPerDay: 0 }
      expect((await mailbox.append(inbox, sized('mail', 900), delivered)).kind).toBe('appended')
      await mailbox.expunge(inbox, uids(3))
      clock.advance(24 * 3_600_000)
      expect(await mailbox.room(account, limits)).toMatchObject({ appendBytes: 2_500 })
      expect((await mailbox.append(inbox, sized('d4', 900), limits)).kind).toBe('appended')
      expect(await mailbox.room(account, limits)).toMatchObject({ appendBytes: 1_600 })
    })

    it('is limited for all writers together', async () => {
      const wide = { ...limits, bytes: 0 }
      const second = mailboxOn(test.store, clock)
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 ? mailbox : second).append(n % 3 ? inbox : other, sized(`w${n}`, 900), wide),
        ),
      )
      expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(2)
    })

    it('counts objects that no message refers to', async () => {
      const received = await Promise.all([2_000, 100].map((bytes) => receive(bytes)))
      await mailbox.abandon(account, received)
      expect(await mailbox.room(account, limits)).toMatchObject({ appendBytes: 400 })
      const dead = await table().queryIndex('dead', { pk: DEAD_PK })
      const keys = dead.items.map(({ pk, sk }) => ({ pk, sk }))
      expect(new Set(keys)).toEqual(new Set(received.map(({ blob }) => blobKey(blob.id))))
    })

    it('leaves no dead object where a message refers to it all the same', async () => {
      const received = await receive(10)
      const { blob } = received
      await mailbox.append(inbox, { ...sized('', 0), blob }, limits)
      await mailbox.abandon(account, [received])
      const dead = await table().queryIndex('dead', { pk: DEAD_PK })
      expect(dead.items).toEqual([])
    })
  })

  it('has no more folders than the limit, however many are made at once', async () => {
    await pretend({ folders: FOLDERS_PER_ACCOUNT_MAX - 3 })
    const second = mailboxOn(test.store, clock)
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        (n % 2 ? mailbox : second).folders.create(account, `N${n}`),
      ),
    )
    expect(made.filter(({ kind }) => kind === 'created')).toHaveLength(3)
    expect(made.filter(({ kind }) => kind === 'too-many')).toHaveLength(3)
    expect((await mailbox.folders.create(account, 'x/y')).kind).toBe('too-many')
  })

  it('has no more subscriptions than the limit, however many come at once', async () => {
    await pretend({ subscriptions: SUBSCRIPTIONS_PER_ACCOUNT_MAX - 2 })
    const second = mailboxOn(test.store, clock)
    const kinds = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => {
        const { subscriptions } = n % 2 ? mailbox : second
        return (await subscriptions.subscribe(account, `N${n}`)).kind
      }),
    )
    expect(kinds.filter((kind) => kind === 'subscribed')).toHaveLength(2)
    // Those that are there cost nothing, and make room when they go.
    expect(await mailbox.subscriptions.subscribe(account, 'inbox')).toEqual({ kind: 'subscribed' })
    await mailbox.subscriptions.unsubscribe(account, 'Sent')
    await mailbox.subscriptions.unsubscribe(account, 'Sent')
    expect(await mailbox.subscriptions.subscribe(account, 'x')).toEqual({ kind: 'subscribed' })
    expect(await mailbox.subscriptions.subscribe(account, 'y')).toEqual({ kind: 'too-many' })
  })

  describe('in annotations', () => {
    const entry = (n: number, bytes: number) => ({
      entry: `/private/${n}`,
      value: new Uint8Array(bytes),
    })

    it('has limits for all folders together, and what takes away is always allowed', async () => {
      const { annotations } = mailbox
      await annotations.set(other, [entry(1, 10)])
      await pretend({ annotationBytes: ANNOTATION_BYTES_PER_ACCOUNT_MAX - 1_000 })
      expect(await annotations.set(inbox, [entry(2, 2_000)])).toEqual({ kind: 'too-much' })
      expect(await annotations.set(inbox, [entry(2, 500)])).toEqual({ kind: 'set' })
      await pretend({
        annotationBytes: ANNOTATION_BYTES_PER_ACCOUNT_MAX + 1,
        annotations: ANNOTATIONS_PER_ACCOUNT_MAX,
      })
      expect(await annotations.set(other, [entry(1, 9)])).toEqual({ kind: 'set' })
      expect(await annotations.set(other, [entry(3, 0)])).toEqual({ kind: 'too-many' })
      const gone = { entry: '/private/2', value: null }
      expect(await annotations.set(inbox, [gone])).toEqual({ kind: 'set' })
    })

    it('holds the limits of a folder and of the account when many write at once', async () => {
      const second = mailboxOn(test.store, clock)
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, part) =>
          (part % 2 ? mailbox : second).annotations.set(
            inbox,
            Array.from({ length: 15 }, (_, n) => entry(part * 100 + n, 100)),
          ),
        ),
      )
      // Six times fifteen fit into a hundred.
      expect(results.filter(({ kind }) => kind === 'set')).toHaveLength(6)
      await check()
    })

    it('counts the largest entries, and forgets them with their folder', async () => {
      const large = Array.from({ length: 50 }, (_, n) => entry(n, ANNOTATION_BYTES_MAX))
      expect(await mailbox.annotations.set(other, large)).toEqual({ kind: 'set' })
      await check()
      await mailbox.folders.remove(other)
      expect(await usage()).toMatchObject({ annotations: 0, annotationBytes: 0 })
    })

    it('forgets all of them with the account, and its subscriptions', async () => {
      const entries = [{ entry: '/private/comment', value: Buffer.from('x') }]
      for (const id of [null, inbox.id, other.id]) {
        const of = { accountId: account, id }
        expect(await mailbox.annotations.set(of, entries)).toEqual({ kind: 'set' })
      }
      await fill(mailbox, other, 'a', 'b')
      expect(await usage()).toMatchObject({ annotations: 3, messages: 2 })
      await mailbox.empty(account)
      const nothing = { bytes: 0, messages: 0, subscriptions: 0 }
      expect(await usage()).toMatchObject({ ...nothing, folders: 1, annotations: 0 })
      await check()
    })

    it('refuses more at once than a transaction holds', async () => {
      const large = Array.from({ length: 62 }, (_, n) => entry(n, ANNOTATION_BYTES_MAX))
      expect(await mailbox.annotations.set(other, large)).toEqual({ kind: 'too-many' })
    })
  })

  it('is read in as many steps as a path has names, however many folders there are', async () => {
    for (let n = 0; n < 60; n++) await makeFolder(mailbox, `Many/F${n}`)
    const counting = countingTable(table())
    const reader = mailboxOn(
      { ...test.store, tables: { ...test.store.tables, mail: counting.table } },
      clock,
    )
    await reader.usage(account)
    expect(counting.take()).toEqual(['get'])
    expect((await reader.inbox(account)).id).toBe(inbox.id)
    expect(counting.take()).toEqual(['get', 'get'])
    expect((await reader.folders.find(account, 'Many/F7'))?.name).toBe('F7')
    expect(counting.take()).toEqual(['get', 'get', 'get'])
    expect(await reader.folders.find(account, 'Many/none')).toBeUndefined()
    expect(counting.take()).toEqual(['get', 'get'])
    expect(
      await reader.folders.findSpelled(account, 'any', () => ['none', 'many', 'Many']),
    ).toMatchObject({
      name: 'Many',
    })
    expect(counting.take()).toEqual(['batchGet', 'get'])
    await reader.append(inbox, message('x'), { ...unlimited, bytes: MB })
    expect(counting.take()).toEqual(['get', 'get', 'transact'])
    await makeFolder(reader, 'Many/More')
    expect(counting.take()).not.toContain('query')
    await reader.folders.remove(other)
    // The folder's own messages, annotations and rights.
    expect(counting.take().filter((call) => call === 'query').length).toBeLessThanOrEqual(4)
  })
})
