import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, FolderRef } from '#shared/contracts/mailbox.ts'
import { ENTRIES_PER_FOLDER_MAX, FOLDERS_PER_GRANTEE_MAX } from '#shared/mailbox/access.ts'
import { accessKey, accountPk, everyonePk, folderKey, grantKey } from '#shared/mailbox/keys.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import {
  type AccessList,
  allRights,
  effectiveRights,
  formatRights,
  type Identifier,
  noRights,
  parseRights,
  type Rights,
  userGrantee,
} from '#shared/mailbox/rights.ts'
import { specialUses } from '#shared/mailbox/special-use.ts'
import type { Store } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import {
  account,
  mailboxOn,
  makeFolder,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'

const ben = 'ben' as AccountId
const eve = 'eve' as AccountId
const letters = (text: string) => parseRights(text) ?? noRights

describe('rights', () => {
  it.each([
    ['lr', 'lr', 'lr'],
    ['rl', 'lr', 'lr'],
    ['c', 'kx', 'kxc'],
    ['d', 'te', 'ted'],
    ['lrswipkxtea', allRights, `${allRights}cd`],
    ['lrk', 'lrk', 'lrkc'],
    ['', '', ''],
  ])('%s are %s, written %s', (text, rights, written) => {
    expect(parseRights(text)).toBe(rights)
    expect(formatRights(rights as Rights)).toBe(written)
  })

  it.each(['q', 'lrQ', 'lr0', 'l r', 'L'])('%s are none', (text) => {
    expect(parseRights(text)).toBeUndefined()
  })

  it('of all entries for an account come together, less what any takes away', () => {
    const list: AccessList = new Map<Identifier, Rights>([
      ['anyone', letters('lr')],
      ['authenticated', letters('s')],
      [userGrantee(ben), letters('wit')],
      ['-anyone', letters('t')],
      [`-${userGrantee(eve)}`, letters('r')],
    ])
    expect(effectiveRights(list, ben)).toBe('lrswi')
    expect(effectiveRights(list, eve)).toBe('ls')
    expect(effectiveRights(new Map(), ben)).toBe('')
  })
})

describe('access to folders', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let store: Store

  beforeEach(async () => {
    test = await openTestMailbox()
    ;({ mailbox, store } = test)
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const give = async (folder: FolderRef, who: Identifier, rights: string) =>
    (await mailbox.access.change(folder, who, () => letters(rights))).kind
  const seenBy = async (accountId: AccountId) =>
    (await mailbox.foreignFolders.list(accountId))
      .map(({ path, rights }) => `${path} ${rights}`)
      .sort()
  const found = async (accountId: AccountId, path: string) =>
    (await mailbox.foreignFolders.find(accountId, account, path))?.rights
  const items = async (pk: string, prefix: string) =>
    (await store.tables.mail.query({ pk, sk: { prefix }, consistent: true })).items

  it('is stored as it was, and read so', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    await give(folder, userGrantee(ben), 'lr')
    await give(folder, `-${userGrantee(eve)}`, 'r')
    await give(folder, 'anyone', 'l')
    const table = store.tables.mail
    expect(await table.get(accessKey(folder), { consistent: true })).toEqual({
      pk: `A#${account}`,
      sk: `L#${folder.id}`,
      entries: { 'user=ben': 'lr', '-user=eve': 'r', anyone: 'l' },
      changes: 3,
    })
    expect(await table.get(folderKey(account, folder.id), { consistent: true })).toMatchObject({
      shared: true,
    })
    const sk = `G#${account}#${folder.id}`
    expect(await items('A#ben', 'G#')).toEqual([{ pk: 'A#ben', sk }])
    expect(await items('A#eve', 'G#')).toEqual([{ pk: 'A#eve', sk }])
    expect(await items(everyonePk, 'G#')).toEqual([{ pk: 'EVERYONE', sk }])
  })

  it('shows an account what it has rights in, and of its owner nothing else', async () => {
    const folder = await makeFolder(mailbox, 'Work/Plans')
    await makeFolder(mailbox, 'Work/Plans/Secret')
    await give(folder, userGrantee(ben), 'lr')
    expect(await seenBy(ben)).toEqual(['Work/Plans lr'])
    expect(await seenBy(eve)).toEqual([])
    expect(await found(ben, 'Work/Plans')).toBe('lr')
    expect(await found(ben, 'Work')).toBeUndefined()
    expect(await found(ben, 'Work/Plans/Secret')).toBeUndefined()
    expect(await found(eve, 'Work/Plans')).toBeUndefined()
    expect(await found(account, 'Work/Plans')).toBeUndefined()
  })

  it('for everyone is one entry, and can be taken from one', async () => {
    const folder = await makeFolder(mailbox, 'News')
    await give(folder, 'anyone', 'lr')
    await give(folder, 'authenticated', 's')
    expect(await seenBy(ben)).toEqual(['News lrs'])
    await give(folder, 'anyone', '')
    expect(await seenBy(ben)).toEqual(['News s'])
    await give(folder, `-${userGrantee(ben)}`, 's')
    expect(await seenBy(ben)).toEqual([])
    expect(await seenBy(eve)).toEqual(['News s'])
    await give(folder, 'authenticated', '')
    expect(await items(everyonePk, 'G#')).toEqual([])
  })

  it('is not its owner to lose', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    expect(await give(folder, userGrantee(account), 'l')).toBe('is-owner')
    expect(await give(folder, `-${userGrantee(account)}`, 'l')).toBe('is-owner')
    await give(folder, '-anyone', 'lr')
    expect(await mailbox.access.rights({ ...folder, shared: true }, account)).toBe(allRights)
  })

  it('stays with a renamed folder, and is made for one that comes below it', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    await give(folder, userGrantee(ben), 'lrk')
    await give(folder, `-${userGrantee(eve)}`, 'a')
    await mailbox.folders.rename(folder, 'Old/Work')
    await makeFolder(mailbox, 'Old/Work/A/B')
    await makeFolder(mailbox, 'Old/Other')
    expect(await seenBy(ben)).toEqual(['Old/Work lrk', 'Old/Work/A lrk', 'Old/Work/A/B lrk'].sort())
    const below = await mailbox.folders.find(account, 'Old/Work/A')
    expect(below && [...(await mailbox.access.list(below)).keys()].sort()).toEqual([
      '-user=eve',
      'user=ben',
    ])
  })

  it.each([
    ['goes with its folder', []],
    ['goes where only the name stays, and does not come back with a new folder', ['Work/Below']],
  ])('%s', async (_, below) => {
    const folder = await makeFolder(mailbox, 'Work')
    for (const path of below) await makeFolder(mailbox, path)
    await give(folder, userGrantee(ben), 'lr')
    await give(folder, 'anyone', 'l')
    await mailbox.folders.remove(folder)
    expect(await items(accountPk(account), 'L#')).toEqual([])
    expect(await items(accountPk(ben), 'G#')).toEqual([])
    expect(await items(everyonePk, 'G#')).toEqual([])
    await mailbox.folders.create(account, 'Work')
    expect(await seenBy(ben)).toEqual([])
  })

  it('given while the folder is removed is not left behind', async () => {
    for (let round = 0; round < 10; round++) {
      const folder = await makeFolder(mailbox, 'Work')
      await Promise.all([
        mailbox.folders.remove(folder),
        give(folder, userGrantee(ben), 'lr'),
        give(folder, 'anyone', 'lr'),
      ])
      expect(await items(accountPk(account), 'L#')).toEqual([])
      expect(await items(accountPk(ben), 'G#')).toEqual([])
      expect(await items(everyonePk, 'G#')).toEqual([])
      expect(await give(folder, userGrantee(ben), 'lr')).toBe('no-such-folder')
    }
  })

  it('given by many at once is there for all', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    const many = Array.from({ length: 8 }, (_, i) => `user${i}` as AccountId)
    await Promise.all(many.map((id) => give(folder, userGrantee(id), 'lr')))
    expect((await mailbox.access.list(folder)).size).toBe(8)
    for (const id of many) expect(await seenBy(id)).toEqual(['Work lr'])
  })

  it('has a number of entries, which can all be removed with the folder', async () => {
    const folder = await makeFolder(mailbox, 'Work/Below')
    const id = (n: number) => userGrantee(`user${n}` as AccountId)
    for (let n = 1; n <= ENTRIES_PER_FOLDER_MAX; n++) {
      expect(await give(folder, id(n), 'lr')).toBe('set')
    }
    expect(await give(folder, id(0), 'lr')).toBe('too-many')
    expect(await give(folder, id(1), 'l')).toBe('set')
    const below = await makeFolder(mailbox, 'Work/Below/More')
    // The item of each use goes with the folder too.
    expect((await mailbox.annotations.set(below, [], specialUses)).kind).toBe('set')
    expect((await mailbox.access.list(below)).size).toBe(ENTRIES_PER_FOLDER_MAX)
    expect((await mailbox.folders.remove(below)).kind).toBe('removed')
    // A removal writes most of a folder that has all special uses.
    expect((await mailbox.annotations.set(folder, [], specialUses)).kind).toBe('set')
    expect((await mailbox.folders.remove(folder)).kind).toBe('removed')
    expect(await items(accountPk('user1' as AccountId), 'G#')).toEqual([])
  })

  it('puts so many names into the list of another, and no more', async () => {
    const [a, b] = [await makeFolder(mailbox, 'A'), await makeFolder(mailbox, 'B')] as const
    await store.tables.mail.batchWrite(
      Array.from({ length: FOLDERS_PER_GRANTEE_MAX - 1 }, (_, n) => ({
        put: grantKey(accountPk(ben), { accountId: account, id: `f${n}` as FolderRef['id'] }),
      })),
    )
    expect(await give(a, userGrantee(ben), 'lr')).toBe('set')
    expect(await give(b, userGrantee(ben), 'lr')).toBe('too-many')
    expect(await give(a, userGrantee(ben), 'l')).toBe('set')
    expect(await give(b, userGrantee(eve), 'lr')).toBe('set')
  })

  it('is made for many new folders at once as far as there is room, which is counted once', async () => {
    const counting = countingTable(store.tables.mail)
    const counted = mailboxOn({ ...store, tables: { ...store.tables, mail: counting.table } })
    const folder = await makeFolder(mailbox, 'Work')
    await give(folder, userGrantee(ben), 'lr')
    const queriesFor = async (path: string) => {
      counting.take()
      expect((await counted.folders.create(account, path)).kind).toBe('created')
      return counting.take().filter((name) => name === 'query').length
    }
    expect(await queriesFor('Work/A/B/C/D/E')).toBe(await queriesFor('Work/F'))
    const names = FOLDERS_PER_GRANTEE_MAX - 8
    await store.tables.mail.batchWrite(
      Array.from({ length: names }, (_, n) => ({
        put: grantKey(accountPk(ben), { accountId: account, id: `f${n}` as FolderRef['id'] }),
      })),
    )
    await mailbox.folders.create(account, 'Work/G/H')
    expect(await found(ben, 'Work/G')).toBe('lr')
    expect(await found(ben, 'Work/G/H')).toBeUndefined()
  })

  it('ends with the account that has it, and with the one that gave it', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    const inbox = await mailbox.inbox(account)
    await give(folder, userGrantee(ben), 'lr')
    await give(inbox, userGrantee(ben), 'lr')
    await give(inbox, `-${userGrantee(eve)}`, 'r')
    await mailbox.remove(eve)
    expect([...(await mailbox.access.list(inbox)).keys()]).toEqual(['user=ben'])
    await mailbox.remove(account)
    expect(await seenBy(ben)).toEqual([])
    expect(await items(accountPk(ben), 'G#')).toEqual([])
  })

  it('is not asked about folders that were never opened', async () => {
    const folder = await makeFolder(mailbox, 'Work')
    expect(folder.shared).toBe(false)
    expect(await mailbox.access.rights(folder, ben)).toBe(noRights)
  })

  describe('with messages', () => {
    const unlimited = { bytes: 0, messages: 0, appendBytesPerDay: 0 }
    let mine: FolderRef
    let his: FolderRef

    beforeEach(async () => {
      mine = await mailbox.inbox(account)
      his = await mailbox.inbox(ben)
      for (const id of ['a', 'b', 'c']) await mailbox.append(mine, message(id))
    })

    it('copies and moves count for the account they come to', async () => {
      const { bytes } = await mailbox.usage(account)
      expect((await mailbox.copy(mine, uids(1, 2), his)).kind).toBe('copied')
      expect(await mailbox.usage(account)).toEqual({ bytes, messages: 3 })
      expect(await mailbox.usage(ben)).toEqual({ bytes: (bytes / 3) * 2, messages: 2 })
      expect((await mailbox.move(mine, uids(1, 3), his)).kind).toBe('moved')
      expect(await mailbox.usage(account)).toEqual({ bytes: bytes / 3, messages: 1 })
      expect(await mailbox.usage(ben)).toEqual({ bytes: (bytes / 3) * 4, messages: 4 })
    })

    it('nothing is moved beyond the quota of another account', async () => {
      const limits = { ...unlimited, messages: 2 }
      expect((await mailbox.move(mine, uids(1, 2, 3), his, { limits })).kind).toBe('over-quota')
      expect(await mailbox.usage(account)).toMatchObject({ messages: 3 })
      expect((await mailbox.move(mine, uids(1, 2), his, { limits })).kind).toBe('moved')
      // Within an account nothing is asked: it stores no more than before.
      const other = await makeFolder(mailbox, 'Other')
      const none = { limits: { ...unlimited, messages: 1 } }
      expect((await mailbox.move(mine, uids(3), other, none)).kind).toBe('moved')
    })

    it('what is replaced makes room in its own account only', async () => {
      await mailbox.append(his, message('d'))
      const limits = { ...unlimited, messages: 1 }
      const [one] = uids(1)
      if (one === undefined) throw new Error('no uid')
      const replaced = await mailbox.replace(mine, one, his, message('e'), limits)
      expect(replaced.kind).toBe('over-quota')
      const same = await mailbox.replace(his, one, his, message('f'), limits)
      expect(same.kind).toBe('replaced')
    })
  })
})
