import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Folder, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { CHANGE_LOG_DAYS } from '#shared/mailbox/change-log.ts'
import { ADVANCE_CHANGES_MAX } from '#shared/mailbox/folder-snapshot.ts'
import { createFolderSnapshots, type FolderSnapshots } from '#shared/mailbox/folder-snapshots.ts'
import { changeKey, folderKey } from '#shared/mailbox/keys.ts'
import type { Mailbox, OpenFolder } from '#shared/mailbox/port.ts'
import { RESYNC_CHANGES_MAX } from '#shared/mailbox/resync.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Table } from '#shared/storage/ports.ts'
import { randomFaults, seededRandom } from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  account,
  fill,
  mailboxOn,
  makeFolder,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'

/** A table that counts its reads. */
function counting(table: Table): Table & { readonly reads: string[] } {
  const reads: string[] = []
  const counted =
    <A extends readonly unknown[], R>(name: string, call: (...given: A) => R) =>
    (...given: A): R => {
      reads.push(name)
      return call(...given)
    }
  return {
    reads,
    get: counted('get', (key, options) => table.get(key, options)),
    batchGet: counted('batchGet', (keys, options) => table.batchGet(keys, options)),
    query: counted('query', (query) => table.query(query)),
    queryIndex: counted('queryIndex', (index, query) => table.queryIndex(index, query)),
    transactGet: counted('transactGet', (keys) => table.transactGet(keys)),
    write: (write) => table.write(write),
    transact: (writes) => table.transact(writes),
    batchWrite: (writes) => table.batchWrite(writes),
  }
}

describe('folder snapshots', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: Folder
  let table: ReturnType<typeof counting>
  let snapshots: FolderSnapshots
  let nowMs: number
  let clock: Clock

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 10, 20)
    clock = { ...systemClock, now: () => nowMs }
    test = await openTestMailbox(clock)
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    table = counting(test.store.tables.mail)
    snapshots = createFolderSnapshots({ table, clock })
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const open = async (): Promise<OpenFolder> => {
    const opened = await snapshots.open(inbox)
    if (opened === undefined) throw new Error('no folder')
    return opened
  }
  const see = (numbers: number[]) =>
    mailbox.storeFlags(inbox, uids(...numbers), { mode: 'add', flags: ['\\Seen'] })
  const list = ({ uids }: OpenFolder) => [...uids]

  it('cost one read to open again, and one to find nothing new', async () => {
    await fill(mailbox, inbox, 'a', 'b')
    const first = await open()
    first.close()
    table.reads.length = 0
    const second = await open()
    expect(list(second)).toEqual([1, 2])
    expect(table.reads).toEqual(['get'])
    expect(await second.advance()).toEqual({ kind: 'unchanged' })
    expect(table.reads).toEqual(['get', 'get'])
  })

  it('lead from state to state: expunged, changed, appeared', async () => {
    await fill(mailbox, inbox, 'a', 'b', 'c')
    const opened = await open()
    await fill(mailbox, inbox, 'd', 'e')
    await see([1, 4])
    await mailbox.expunge(inbox, uids(2, 5))
    expect(await opened.advance()).toEqual({
      kind: 'advanced',
      expunged: [2],
      changed: [1],
      appeared: [4],
    })
    expect(list(opened)).toEqual([1, 3, 4])
    expect(opened.folder).toMatchObject({ exists: 3, uidNext: 6, unseen: 1 })
    expect(opened.modSeq).toBe((await mailbox.inbox(account)).modSeq)
    expect(opened.messages.recordAt(2)).toMatchObject({ uid: 4, blobId: 'd', flags: { bits: 8 } })
  })

  it('tell a session that lags the same as one that went along', async () => {
    await fill(mailbox, inbox, 'a', 'b', 'c', 'd')
    const lagging = await open()
    const following = await open()
    const before = lagging.uids
    const steps = [
      () => see([1]),
      () => mailbox.expunge(inbox, uids(1, 3)),
      () => fill(mailbox, inbox, 'e', 'f'),
      () => see([2, 5]),
      () => mailbox.expunge(inbox, uids(6)),
    ]
    for (const step of steps) {
      await step()
      await following.advance()
      expect(list(lagging)).toEqual([1, 2, 3, 4])
    }
    expect(lagging.uids).toBe(before)
    expect(await lagging.advance()).toEqual({
      kind: 'advanced',
      expunged: [1, 3],
      changed: [2],
      appeared: [5],
    })
    expect(list(lagging)).toEqual(list(following))
    // The last messages, with nothing behind them.
    for (const step of [() => see([4]), () => mailbox.expunge(inbox, uids(4, 5))]) {
      await step()
      await following.advance()
    }
    expect(await lagging.advance()).toMatchObject({ expunged: [4, 5], changed: [], appeared: [] })
    expect(list(lagging)).toEqual([2])
  })

  it('share reads between sessions that ask in the same turn', async () => {
    await fill(mailbox, inbox, 'a')
    const sessions = await Promise.all(Array.from({ length: 20 }, open))
    await fill(mailbox, inbox, 'b')
    table.reads.length = 0
    const advanced = await Promise.all(sessions.map((session) => session.advance()))
    expect(table.reads).toEqual(['get', 'query', 'batchGet'])
    expect(new Set(advanced.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(advanced[0]).toMatchObject({ appeared: [2] })
  })

  it('see what was committed before the call, whatever read was under way', async () => {
    const opened = await open()
    for (let round = 0; round < 20; round++) {
      const earlier = opened.advance()
      await fill(mailbox, inbox, `r${round}`)
      await opened.advance()
      expect(opened.uids.length).toBe(round + 1)
      await earlier
    }
  })

  it('do not share a read that began before what they are to see', async () => {
    const opened = await open()
    const { promise: told, resolve: tell } = Promise.withResolvers<void>()
    const { get } = table
    table.get = async (...given) => {
      const item = await get(...given)
      await told
      return item
    }
    const earlier = opened.advance()
    await setImmediate()
    await fill(mailbox, inbox, 'a')
    const later = opened.advance()
    tell()
    expect(await earlier).toEqual({ kind: 'unchanged' })
    expect(await later).toMatchObject({ kind: 'advanced', appeared: [1] })
  })

  it('are forgotten beyond their budget, the least recently used first, never while open', async () => {
    const others = await mailbox.folders.list(account)
    for (const folder of others) await fill(mailbox, folder, `f${folder.name}`)
    const { bytes: one } = await (async () => {
      const opened = await open()
      const bytes = snapshots.bytes()
      opened.close()
      return { bytes }
    })()
    snapshots = createFolderSnapshots({ table, clock }, { bytesMax: one * 2 })
    const kept = await open()
    for (const folder of others) (await snapshots.open(folder))?.close()
    expect(snapshots.bytes()).toBe(one * 3)
    table.reads.length = 0
    await open()
    expect(table.reads).toEqual(['get'])
    kept.close()
    kept.close()
    const last = others.at(-1)
    if (last === undefined) throw new Error('no folders')
    await snapshots.open(last)
    expect(table.reads).toEqual(['get', 'get'])
  })

  it('are not given to another account', async () => {
    await open()
    const stranger = { ...inbox, accountId: 'acc2' as Folder['accountId'] }
    expect(await snapshots.open(stranger)).toBeUndefined()
    expect(await snapshots.open({ ...inbox, id: 'none' as Folder['id'] })).toBeUndefined()
  })

  it('are read anew when the log does not reach back', async () => {
    await fill(mailbox, inbox, 'a', 'b', 'c')
    const opened = await open()
    await see([1])
    await mailbox.expunge(inbox, uids(2))
    nowMs += (CHANGE_LOG_DAYS + 1) * 86_400_000
    await fill(mailbox, inbox, 'd')
    expect(await opened.advance()).toEqual({
      kind: 'advanced',
      expunged: [2],
      changed: [1],
      appeared: [4],
    })
  })

  it('are read anew when they are far behind', async () => {
    await fill(mailbox, inbox, 'a', 'b')
    const opened = await open()
    const lagging = await open()
    await see([2])
    await opened.advance()
    // As if so many changes had been made to message 1.
    await see([1])
    const { modSeq } = await mailbox.inbox(account)
    const far = modSeq + ADVANCE_CHANGES_MAX
    await pretendModSeq(far)
    expect(await opened.advance()).toMatchObject({ kind: 'advanced', changed: [1] })
    expect(opened.modSeq).toBe(far)
    // What led to the state before is not what leads to this one.
    expect(await lagging.advance()).toMatchObject({ changed: [1, 2] })
  })

  it('are gone when another folder has the name by the time they are read anew', async () => {
    const folder = await makeFolder(mailbox, 'a')
    await makeFolder(mailbox, 'a/b')
    const opened = await snapshots.open(folder)
    await pretendModSeq(folder.modSeq + ADVANCE_CHANGES_MAX + 1, folder)
    const { get } = table
    table.get = async (...given) => {
      table.get = get
      const item = await get(...given)
      await mailbox.folders.remove(folder)
      await makeFolder(mailbox, 'a')
      return item
    }
    expect(await opened?.advance()).toEqual({ kind: 'gone' })
  })

  it('advance over many changes with turns for others, who see none of it half done', async () => {
    await fill(mailbox, inbox, ...Array.from({ length: 48 }, (_, i) => `m${i}`))
    for (let count = 48; count < 6_000; count *= 2) {
      await mailbox.copy(inbox, uids(...Array.from({ length: count }, (_, i) => i + 1)), inbox)
    }
    const opened = await open()
    const all = opened.uids as Iterable<Uid>
    await mailbox.storeFlags(inbox, [...all], { mode: 'add', flags: ['k'] })
    await mailbox.expunge(inbox, uids(1, 5_500))
    await fill(mailbox, inbox, 'last')
    const { messages } = opened
    using step = vi.spyOn(turns, 'step').mockImplementation(() => {
      expect(opened.messages).toBe(messages)
      expect(messages.length).toBe(6_144)
      expect(messages.keywordsAt(0)).toEqual([])
      return undefined
    })
    const { batchGet } = table
    table.batchGet = async (...given) => {
      table.batchGet = batchGet
      // The last one was not seen yet.
      return (await batchGet(...given)).slice(0, -1)
    }
    const advanced = await opened.advance()
    expect(step.mock.calls.length).toBeGreaterThan(6_000)
    step.mockRestore()
    expect(advanced).toMatchObject({ kind: 'advanced', expunged: [1, 5_500], appeared: [6_145] })
    expect(advanced.kind === 'advanced' && advanced.changed.length).toBe(6_142)
    const fresh = await createFolderSnapshots({ table, clock }).open(inbox)
    const rows = (of: OpenFolder | undefined) =>
      Array.from(of?.uids ?? [], (_, row) => of?.messages.recordAt(row))
    expect(rows(opened)).toEqual(rows(fresh))
  })

  /** Raises the folder's modseq without any change. */
  async function pretendModSeq(modSeq: number, { id } = inbox) {
    await test.store.tables.mail.write({
      update: folderKey(account, id),
      changes: { set: { modSeq } },
    })
  }

  it('never show a state that did not exist, however reads are torn', async () => {
    const random = seededRandom(7)
    const plan = randomFaults(random, { torn: 0.7 })
    const torn = withFaults(test.store, { plan, random })
    const writer = mailboxOn(torn)
    const reading = createFolderSnapshots({ table: torn.tables.mail, clock })
    await fill(writer, inbox, 'a', 'b', 'c')
    let done = false
    const states = new Map<ModSeq, string>()
    const read = async () => {
      while (!done) {
        // Reads of an embedded store never leave the turn.
        await setImmediate()
        const fresh = createFolderSnapshots({ table: torn.tables.mail, clock })
        for (const from of [fresh, reading]) {
          const opened = await from.open(inbox)
          if (opened === undefined) throw new Error('no folder')
          await opened.advance()
          const { messages, folder, modSeq } = opened
          const rows = Array.from(messages.uids(), (_, row) => messages.recordAt(row))
          opened.close()
          // Another reader may have advanced what both of them share.
          const ahead =
            String([...opened.uids]) !== String(rows.map(({ uid }) => uid)) ||
            rows.some((row) => row.modSeq > modSeq)
          if (from === reading && ahead) continue
          expect(rows.length).toBe(folder.exists)
          expect(rows.reduce((sum, { size }) => sum + size, 0)).toBe(folder.bytes)
          const state = JSON.stringify(rows)
          expect(states.get(modSeq) ?? state).toBe(state)
          states.set(modSeq, state)
        }
      }
    }
    const write = async () => {
      for (let i = 0; i < 40 && !done; i++) {
        await Promise.all([
          fill(writer, inbox, `n${i}`),
          writer.storeFlags(inbox, uids(i + 1, i + 2), { mode: 'add', flags: [`k${i % 9}`] }),
          writer.expunge(inbox, uids(i)),
        ])
      }
    }
    const ending = (work: Promise<void>) =>
      work.finally(() => {
        done = true
      })
    await Promise.all([write(), read(), read()].map(ending))
    expect(states.size).toBeGreaterThan(3)
  })

  describe('for a client that was away', () => {
    it('name what changed and what vanished since', async () => {
      await fill(mailbox, inbox, 'a', 'b', 'c', 'd', 'e')
      const { modSeq } = await mailbox.inbox(account)
      await mailbox.expunge(inbox, uids(1))
      await see([2])
      await mailbox.expunge(inbox, uids(3, 4))
      await fill(mailbox, inbox, 'f')
      const missed = await (await open()).missedSince(modSeq)
      expect(missed).toEqual({
        changed: [2, 6],
        vanished: [
          [1, 1],
          [3, 4],
        ],
        exact: true,
      })
    })

    it('name all uids that are not there when the log does not reach back', async () => {
      await fill(mailbox, inbox, 'a', 'b', 'c', 'd', 'e')
      const { modSeq } = await mailbox.inbox(account)
      await mailbox.expunge(inbox, uids(1, 2, 5))
      const wanted = {
        changed: [],
        vanished: [
          [1, 2],
          [5, 5],
        ],
        exact: false,
      }
      await test.store.tables.mail.write({ delete: changeKey(inbox.id, (modSeq + 1) as ModSeq) })
      expect(await (await open()).missedSince(modSeq)).toEqual(wanted)
      await pretendModSeq(modSeq + RESYNC_CHANGES_MAX + 1)
      snapshots = createFolderSnapshots({ table, clock })
      expect(await (await open()).missedSince(modSeq)).toEqual(wanted)
    })

    it('name nothing to a client that is up to date, or believes to be ahead', async () => {
      await fill(mailbox, inbox, 'a', 'b')
      await mailbox.expunge(inbox, uids(1))
      const opened = await open()
      for (const modSeq of [opened.modSeq, opened.modSeq + 5]) {
        expect(await opened.missedSince(modSeq)).toEqual({
          changed: [],
          vanished: [],
          exact: true,
        })
      }
    })
  })
})
