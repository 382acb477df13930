import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Folder } from '#shared/contracts/mailbox.ts'
import { flagList, KEYWORDS_MAX, KEYWORDS_PER_FOLDER_MAX } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { account, fill, openTestMailbox, type TestMailbox, uids } from '#test/support/mailbox.ts'

describe('flags of messages', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: Folder

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    await fill(mailbox, inbox, 'a', 'b', 'c')
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const add = (numbers: number[], flags: string[], unchangedSince?: number) =>
    mailbox.storeFlags(
      inbox,
      uids(...numbers),
      { mode: 'add', flags },
      unchangedSince === undefined ? {} : { unchangedSince },
    )
  const flagsOf = async () => (await mailbox.snapshot(inbox)).messages.map(({ flags }) => flags)

  it('are left alone where they changed after UNCHANGEDSINCE', async () => {
    const { modSeq } = await mailbox.snapshot(inbox)
    await add([2], ['\\Seen'])
    const stored = await add([1, 2, 3, 7], ['\\Flagged'], modSeq)
    if (stored.kind !== 'stored') throw new Error(stored.kind)
    expect(stored.modified).toEqual([2])
    expect(stored.messages.map(({ uid }) => uid)).toEqual([1, 3])
    expect(await flagsOf()).toEqual([['\\Flagged'], ['\\Seen'], ['\\Flagged']])
  })

  it('are told of that are others now, with those of before, once they are durable', async () => {
    await add([1], ['\\Seen'])
    const told: string[] = []
    await mailbox.storeFlags(
      inbox,
      uids(1, 2, 9),
      { mode: 'add', flags: ['\\Seen', 'new'] },
      {
        onChanged: (before, now) => {
          told.push(`${now.uid} ${flagList(before.flags)} ${flagList(now.flags)}`)
        },
      },
    )
    await mailbox.storeFlags(
      inbox,
      uids(1),
      { mode: 'add', flags: ['new'] },
      { onChanged: () => told.push('nothing changed') },
    )
    expect(told).toEqual(['1 \\Seen \\Seen,new', '2  \\Seen,new'])
  })

  it('raise no modseq where nothing changes', async () => {
    await add([1], ['\\Seen'])
    const { modSeq } = await mailbox.snapshot(inbox)
    const stored = await add([1], ['\\Seen'])
    expect(stored).toMatchObject({ kind: 'stored', messages: [{ uid: 1, modSeq }] })
    expect((await mailbox.snapshot(inbox)).modSeq).toBe(modSeq)
  })

  it('share one modseq in one command of up to 98 messages', async () => {
    await fill(mailbox, inbox, ...Array.from({ length: 97 }, (_, i) => `m${i}`))
    const { modSeq } = await mailbox.snapshot(inbox)
    await add(
      Array.from({ length: 100 }, (_, i) => i + 1),
      ['\\Seen'],
    )
    expect((await mailbox.snapshot(inbox)).modSeq).toBe(modSeq + 2)
  })

  it('spell a keyword as the folder first met it', async () => {
    await add([1], ['$Forwarded'])
    await add([2], ['$FORWARDED', 'New'])
    expect(await flagsOf()).toEqual([['$Forwarded'], ['$Forwarded', 'New'], []])
    const { keywords } = await mailbox.inbox(account)
    expect([...keywords].sort()).toEqual(['$Forwarded', 'New'])
  })

  it('are at most so many keywords in a folder and on a message', async () => {
    const names = Array.from({ length: KEYWORDS_PER_FOLDER_MAX }, (_, i) => `k${i}`)
    expect((await add([1], names.slice(0, KEYWORDS_MAX))).kind).toBe('stored')
    expect((await add([1], names.slice(KEYWORDS_MAX))).kind).toBe('too-many-keywords')
    expect((await add([2], names.slice(KEYWORDS_MAX))).kind).toBe('stored')
    expect((await add([3], ['another'])).kind).toBe('too-many-keywords')
    expect((await add([3], ['K1', '\\Seen'])).kind).toBe('stored')
    expect((await flagsOf())[2]).toEqual(['\\Seen', 'k1'])
  })

  it('lost by another session in the meantime save a message from EXPUNGE', async () => {
    await add([1, 2], ['\\Deleted'])
    await mailbox.storeFlags(inbox, uids(1), { mode: 'remove', flags: ['\\Deleted'] })
    expect(await mailbox.expunge(inbox, uids(1, 2), { deletedOnly: true })).toEqual([2])
    expect(await mailbox.expunge(inbox, uids(1))).toEqual([1])
  })

  it('cannot be changed where there is no folder', async () => {
    const gone = { ...inbox, id: 'none' as Folder['id'] }
    const change = { mode: 'add', flags: ['\\Seen'] } as const
    expect(await mailbox.storeFlags(gone, uids(1), change)).toEqual({ kind: 'no-such-folder' })
    expect(await mailbox.expunge(gone, uids(1))).toEqual([])
  })
})
