// Reads of a folder that see transactions half applied, one kind at a time: what is read then, and what comes of it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Folder } from '#shared/contracts/mailbox.ts'
import { CHANGE_LOG_DAYS } from '#shared/mailbox/change-log.ts'
import {
  ADVANCE_CHANGES_MAX,
  advanceSnapshot,
  loadSnapshot,
  type Snapshot,
} from '#shared/mailbox/folder-snapshot.ts'
import { changeSk, folderKey, messageSk } from '#shared/mailbox/keys.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Query, Table } from '#shared/storage/ports.ts'
import { account, fill, openTestMailbox, type TestMailbox, uids } from '#test/support/mailbox.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

describe('a snapshot', () => {
  let hands: ReturnType<typeof skippingClock>
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: Folder
  let reads: string[]
  /** Sort keys that no query shows. */
  let hidden: Set<string>
  let pageItemsMax: number | undefined

  beforeEach(async () => {
    hands = skippingClock()
    test = await openTestMailbox(hands.clock)
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    reads = []
    hidden = new Set()
    pageItemsMax = undefined
  })
  afterEach(() => test[Symbol.asyncDispose]())

  function deps() {
    const { mail } = test.store.tables
    const noted =
      <A extends readonly unknown[], R>(name: string, read: (...given: A) => R) =>
      (...given: A): R => {
        reads.push(name)
        return read(...given)
      }
    const table = {
      get: noted('get', mail.get.bind(mail)),
      batchGet: noted('batchGet', mail.batchGet.bind(mail)),
      transactGet: noted('transactGet', mail.transactGet.bind(mail)),
      query: noted('query', async (query: Query) => {
        const limit = pageItemsMax === undefined ? {} : { limit: pageItemsMax }
        const page = await mail.query({ ...query, ...limit })
        return { ...page, items: page.items.filter(({ sk }) => !hidden.has(sk)) }
      }),
    } satisfies Partial<Table>
    return { table: table as unknown as Table, clock: hands.clock }
  }

  async function load(): Promise<Snapshot> {
    const snapshot = await loadSnapshot(deps(), inbox)
    if (snapshot === undefined) throw new Error('no folder')
    return snapshot
  }
  const list = ({ messages }: Snapshot) => [...messages.uids()]
  const see = (number: number, mode: 'add' | 'remove') =>
    mailbox.storeFlags(inbox, uids(number), { mode, flags: ['\\Seen'] })

  it('of a folder whose newest message was not seen yet is mended in the same round', async () => {
    await fill(mailbox, inbox, 'a', 'b', 'c')
    hidden.add(messageSk(3))
    expect(list(await load())).toEqual([1, 2, 3])
    expect(reads).toEqual(['get', 'query', 'get', 'query', 'transactGet'])
    expect(hands.sleptMs).toEqual([])
  })

  it('is mended further back with each round', async () => {
    await fill(mailbox, inbox, 'a', 'b')
    for (let n = 0; n < 20; n++) for (const mode of ['add', 'remove'] as const) await see(2, mode)
    hidden.add(messageSk(1))
    expect(list(await load())).toEqual([1, 2])
    expect(hands.sleptMs).toHaveLength(1)
  })

  it('is mended where the log reaches back no further than what was not seen', async () => {
    await fill(mailbox, inbox, 'a')
    hands.advance((CHANGE_LOG_DAYS + 1) * 86_400_000)
    await fill(mailbox, inbox, 'b')
    hidden.add(messageSk(2))
    expect(list(await load())).toEqual([1, 2])
    expect(hands.sleptMs).toEqual([])
  })

  it('advances over a log entry that was not seen, which it asks for', async () => {
    const snapshot = await load()
    await fill(mailbox, inbox, 'a', 'b')
    hidden.add(changeSk(snapshot.folder.modSeq + 1))
    reads = []
    expect(await advanceSnapshot(deps(), snapshot)).toMatchObject({
      kind: 'advanced',
      difference: { appeared: [1, 2] },
    })
    expect(reads).toEqual(['get', 'query', 'transactGet', 'batchGet'])
  })

  it('advances over a log of several pages', async () => {
    const snapshot = await load()
    await fill(mailbox, inbox, 'a', 'b', 'c')
    pageItemsMax = 2
    reads = []
    expect(await advanceSnapshot(deps(), snapshot)).toMatchObject({
      difference: { appeared: [1, 2, 3] },
    })
    expect(reads).toEqual(['get', 'query', 'query', 'batchGet'])
  })

  it.each([
    [ADVANCE_CHANGES_MAX, ['get', 'query', 'transactGet']],
    [ADVANCE_CHANGES_MAX + 1, ['get']],
  ])('that is %i changes behind looks at the log: %j', async (changes, looks) => {
    const snapshot = await load()
    await test.store.tables.mail.write({
      update: folderKey(account, inbox.id),
      changes: { set: { modSeq: snapshot.folder.modSeq + changes } },
    })
    reads = []
    // In truth there is no such log.
    expect(await advanceSnapshot(deps(), snapshot)).toEqual({ kind: 'behind' })
    expect(reads).toEqual(looks)
  })

  it.each([
    ['a name only', false],
    ['another folder', true],
  ])('of a folder that is %s by now is gone', async (_, again) => {
    const created = await mailbox.folders.create(account, 'a')
    if (created.kind !== 'created') throw new Error(created.kind)
    await mailbox.folders.create(account, 'a/b')
    const snapshot = await loadSnapshot(deps(), created.folder)
    await mailbox.folders.remove(created.folder)
    if (again) await mailbox.folders.create(account, 'a')
    expect(snapshot && (await advanceSnapshot(deps(), snapshot))).toEqual({ kind: 'gone' })
  })
})
