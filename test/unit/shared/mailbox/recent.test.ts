import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Uid } from '#shared/contracts/mailbox.ts'
import { folderKey } from '#shared/mailbox/keys.ts'
import type { Recent } from '#shared/mailbox/port.ts'
import { createRecent, RECENT_RANGES_MAX } from '#shared/mailbox/recent.ts'
import { type FolderRecord, folderItem, folderRecord } from '#shared/mailbox/records.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { account, fill, message, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'

describe('recent messages', () => {
  let test: TestMailbox
  /** Of two processes. */
  let here: Recent
  let there: Recent
  let allCalls: () => string[]
  /** But for reads. */
  let calls: () => string[]

  beforeEach(async () => {
    test = await openTestMailbox()
    const counting = countingTable(test.store.tables.mail)
    allCalls = counting.take
    calls = () => counting.take().filter((name) => name !== 'get' && name !== 'query')
    here = createRecent({ table: counting.table })
    there = createRecent({ table: test.store.tables.mail })
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const inbox = () => test.mailbox.inbox(account)

  /** A session that selects INBOX now. */
  async function select(recent: Recent, takes = true, folder?: FolderRecord) {
    const found = folder ?? (await inbox())
    return recent.follow(found, found.uidNext, { takes })
  }

  const uidsIn = (session: Awaited<ReturnType<typeof select>>) =>
    Array.from({ length: 12 }, (_, n) => n + 1).filter((uid) => session.isRecent(uid as Uid))

  it('are those that no session was told of', async () => {
    await fill(test.mailbox, await inbox(), 'a', 'b')
    const first = await select(here)
    expect(uidsIn(first)).toEqual([1, 2])
    expect(first.countIn([1, 2])).toBe(2)
    expect(first.countIn([2])).toBe(1)
    expect(uidsIn(await select(here))).toEqual([])
    expect(uidsIn(await select(there))).toEqual([])
    await fill(test.mailbox, await inbox(), 'c')
    expect(uidsIn(await select(there))).toEqual([3])
  })

  it('cost one write where there are some, and none where there are none', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const first = await select(here)
    expect(calls()).toEqual(['write'])
    await first.close()
    const second = await select(here)
    second.came((await inbox()).uidNext)
    await second.close()
    expect(calls()).toEqual([])
  })

  it('stay so when a session only looks at them', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const looks = await select(here, false)
    expect(uidsIn(looks)).toEqual([1])
    await fill(test.mailbox, await inbox(), 'b')
    looks.came(3 as Uid)
    expect(uidsIn(looks)).toEqual([1, 2])
    await looks.close()
    expect(calls()).toEqual([])
    expect(uidsIn(await select(here))).toEqual([1, 2])
  })

  it('that come meanwhile go to the session that is told first, and are noted at the end', async () => {
    const [one, other] = [await select(here), await select(here)]
    const came = async (session: typeof one) => session.came((await inbox()).uidNext)
    await fill(test.mailbox, await inbox(), 'a')
    await came(one)
    await came(other)
    await fill(test.mailbox, await inbox(), 'b')
    await came(other)
    await came(one)
    await fill(test.mailbox, await inbox(), 'c')
    await came(one)
    expect(uidsIn(one)).toEqual([1, 3])
    expect(uidsIn(other)).toEqual([2])
    expect(calls()).toEqual([])
    await one.close()
    await one.close()
    expect(calls()).toEqual([])
    await other.close()
    expect(calls()).toEqual(['write'])
    expect(uidsIn(await select(there))).toEqual([])
  })

  it('go to one of the sessions that select at the same time', async () => {
    await fill(test.mailbox, await inbox(), 'a', 'b')
    const folder = await inbox()
    const sessions = await Promise.all([
      select(here, true, folder),
      select(here, true, folder),
      select(there, true, folder),
    ])
    expect(sessions.map((session) => uidsIn(session).length).sort()).toEqual([0, 0, 2])
  })

  it('are those beyond what another process has taken meanwhile', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const before = await inbox()
    await (await select(there)).close()
    await fill(test.mailbox, await inbox(), 'b')
    const { uidNext } = await inbox()
    const session = await here.follow(before, uidNext, { takes: true })
    expect(uidsIn(session)).toEqual([2])
    expect((await inbox()).recentFrom).toBe(3)
  })

  it('may be so twice when the store fails, and nothing else does', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const broken = withFaults(test.store, {
      plan: ({ operation }) => (operation === 'write' ? 'throttled' : undefined),
    })
    const failing = createRecent({ table: broken.tables.mail })
    const session = await select(failing)
    expect(uidsIn(session)).toEqual([1])
    await session.close()
    expect(uidsIn(await select(there))).toEqual([1])
  })

  it('are none in a folder of an older version, before the first that come', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const { mail } = test.store.tables
    const { recentFrom: _, ...old } = (await mail.get(folderKey(account, (await inbox()).id))) ?? {
      pk: '',
      sk: '',
    }
    await mail.write({ put: old })
    expect((await inbox()).recentFrom).toBeNull()
    expect(await here.count(await inbox())).toBe(0)
    expect(uidsIn(await select(here))).toEqual([])
    await fill(test.mailbox, await inbox(), 'b')
    expect(await there.count(await inbox())).toBe(1)
    expect(uidsIn(await select(there))).toEqual([2])
  })

  it('bring no folder back that is gone', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    const folder = await inbox()
    const { mail } = test.store.tables
    const key = folderKey(account, folder.id)
    await mail.write({ delete: key })
    await (await select(here, true, folder)).close()
    expect(await mail.get(key)).toBeUndefined()
  })

  it('are counted for STATUS again only when the folder has changed', async () => {
    await fill(test.mailbox, await inbox(), 'a')
    await (await select(there)).close()
    await fill(test.mailbox, await inbox(), 'b', 'c')
    const folder = await inbox()
    allCalls()
    expect(await here.count(folder)).toBe(2)
    expect(allCalls()).toEqual(['query'])
    expect(await here.count(folder)).toBe(2)
    expect(allCalls()).toEqual([])
    await test.mailbox.expunge(folder, [2 as Uid])
    expect(await here.count(await inbox())).toBe(1)
    await (await select(there)).close()
    expect(await here.count(await inbox())).toBe(0)
  })

  it('are counted for STATUS', async () => {
    expect(await here.count(await inbox())).toBe(0)
    await fill(test.mailbox, await inbox(), 'a', 'b', 'c')
    expect(await here.count(await inbox())).toBe(3)
    await (await select(here)).close()
    await fill(test.mailbox, await inbox(), 'd', 'e')
    await test.mailbox.expunge(await inbox(), [4 as Uid])
    expect(await here.count(await inbox())).toBe(1)
  })

  it('are remembered in so many ranges', async () => {
    const [one, other] = [await select(here), await select(here)]
    for (let n = 1; n <= RECENT_RANGES_MAX + 1; n++) {
      one.came((2 * n) as Uid)
      other.came((2 * n + 1) as Uid)
    }
    expect(one.isRecent(1 as Uid)).toBe(false)
    expect(one.isRecent(3 as Uid)).toBe(true)
    expect(one.isRecent(4 as Uid)).toBe(false)
    expect(other.isRecent(4 as Uid)).toBe(true)
  })

  it('stand in the item of a folder as its lowest uid', async () => {
    const record = await inbox()
    expect(folderItem(record)).toMatchObject({ recentFrom: 1 })
    expect(folderRecord(folderItem(record))).toEqual(record)
    const old = { ...record, recentFrom: null }
    expect(folderItem(old)).not.toHaveProperty('recentFrom')
    expect(folderRecord(folderItem(old))).toEqual(old)
    await test.mailbox.append(record, message('x'))
    expect((await inbox()).recentFrom).toBe(1)
  })
})
