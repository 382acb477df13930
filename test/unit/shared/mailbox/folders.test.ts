import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FolderRef } from '#shared/contracts/mailbox.ts'
import { FOLDER_DEPTH_MAX, FOLDER_NAME_BYTES_MAX } from '#shared/mailbox/folder-path.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { folderItem, folderRecord } from '#shared/mailbox/records.ts'
import {
  account,
  contents,
  fill,
  mailboxOn,
  makeFolder,
  message,
  openTestMailbox,
  paths,
  type TestMailbox,
} from '#test/support/mailbox.ts'
import { checkAccount } from '#test/support/mailbox-truth.ts'

describe('folders', () => {
  let test: TestMailbox
  let mailbox: Mailbox

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const find = async (path: string) => {
    const folder = (await mailbox.folders.tree(account)).find(path)
    if (folder === undefined) throw new Error(`no ${path}`)
    return folder
  }

  describe('making', () => {
    it('makes the folders above too, and counts them as children', async () => {
      await makeFolder(mailbox, 'a/b/c')
      expect(await paths(mailbox)).toEqual(['a', 'a/b', 'a/b/c'])
      expect([(await find('a')).children, (await find('a/b')).children]).toEqual([1, 1])
      await makeFolder(mailbox, 'a/d')
      expect((await find('a')).children).toBe(2)
    })

    it('gives every folder a UIDVALIDITY of its own', async () => {
      await makeFolder(mailbox, 'a/b/c')
      const { folders } = await mailbox.folders.tree(account)
      expect(new Set(folders.map(({ uidValidity }) => uidValidity)).size).toBe(folders.length)
    })

    it.each([
      ['', 'bad-name'],
      ['a//b', 'bad-name'],
      ['a/', 'bad-name'],
      ['tab\there', 'bad-name'],
      ['x'.repeat(FOLDER_NAME_BYTES_MAX + 1), 'bad-name'],
      [
        Array(FOLDER_DEPTH_MAX + 1)
          .fill('d')
          .join('/'),
        'bad-name',
      ],
      ['inbox', 'exists'],
      ['Archive', 'exists'],
      ['x'.repeat(FOLDER_NAME_BYTES_MAX), 'created'],
      [Array(FOLDER_DEPTH_MAX).fill('d').join('/'), 'created'],
      ['archive', 'created'],
      ['InBox/sub', 'created'],
    ])('%s: %s', async (path, kind) => {
      expect(await mailbox.folders.create(account, path)).toMatchObject({ kind })
    })

    it('takes two spellings of one name for the same', async () => {
      await makeFolder(mailbox, 'caf\u00e9')
      expect((await mailbox.folders.create(account, 'cafe\u0301')).kind).toBe('exists')
    })

    it('makes a folder once when many ask at the same time', async () => {
      const made = await Promise.all(
        Array.from({ length: 6 }, () => mailbox.folders.create(account, 'p/q')),
      )
      expect(made.map(({ kind }) => kind).sort()).toEqual(['created', ...Array(5).fill('exists')])
      expect((await find('p')).children).toBe(1)
    })
  })

  describe('special use', () => {
    const give = (folder: FolderRef, ...uses: readonly string[]) =>
      mailbox.annotations.set(folder, [], uses)
    const usesOf = async (path: string) => (await find(path)).specialUses
    afterEach(async () => {
      await checkAccount(test.store.tables.mail, account, { folderIds: [], blobIds: [] })
    })

    it('belongs to one folder, and moves to another that is given it', async () => {
      expect((await mailbox.folders.create(account, 'My sent', ['\\Sent'])).kind).toBe('use-taken')
      const mine = await makeFolder(mailbox, 'My sent')
      expect((await give(mine, '\\Sent')).kind).toBe('set')
      expect(await usesOf('My sent')).toEqual(['\\Sent'])
      expect(await usesOf('Sent')).toEqual([])
      expect((await give(mine)).kind).toBe('set')
      expect(await usesOf('My sent')).toEqual([])
      const folders = [mine, await find('Sent'), await find('Drafts')]
      await Promise.all(folders.map((folder) => give(folder, '\\Sent')))
      const holders = (await mailbox.folders.list(account)).filter(({ specialUses }) =>
        specialUses.includes('\\Sent'),
      )
      expect(holders).toHaveLength(1)
    })

    it('may be one of several of a folder', async () => {
      const all = await makeFolder(mailbox, 'All', ['\\All', '\\Flagged'])
      expect(all.specialUses).toEqual(['\\All', '\\Flagged'])
      expect((await give(all, '\\All', '\\Sent', '\\Trash')).kind).toBe('set')
      expect(await usesOf('All')).toEqual(['\\All', '\\Sent', '\\Trash'])
      expect([await usesOf('Sent'), await usesOf('Trash')]).toEqual([[], []])
      await makeFolder(mailbox, 'Stars', ['\\Flagged'])
      expect((await give(await find('Trash'), '\\All', '\\Trash')).kind).toBe('set')
      expect(await usesOf('All')).toEqual(['\\Sent'])
      expect(await usesOf('Trash')).toEqual(['\\All', '\\Trash'])
    })

    it('goes with its folder and can be given again', async () => {
      const junk = await find('Junk')
      await give(junk, '\\Junk', '\\Important')
      await mailbox.folders.remove(junk)
      const made = await makeFolder(mailbox, 'Spam', ['\\Important', '\\Junk'])
      expect(made.specialUses).toEqual(['\\Important', '\\Junk'])
      expect((await give(junk, '\\Junk')).kind).toBe('no-such-folder')
    })

    it('is read as older versions stored it, and stored so where there is one', async () => {
      const { specialUses, ...record } = await find('Sent')
      const item = folderItem({ ...record, specialUses })
      expect(item.specialUse).toBe('\\Sent')
      expect(folderRecord({ ...item, specialUse: '\\Sent' }).specialUses).toEqual(['\\Sent'])
      expect(folderRecord({ ...item, specialUse: null }).specialUses).toEqual([])
      expect(folderItem({ ...record, specialUses: [] }).specialUse).toBe(null)
      const both = folderItem({ ...record, specialUses: ['\\Sent', '\\Trash'] })
      expect(folderRecord(both).specialUses).toEqual(['\\Sent', '\\Trash'])
    })
  })

  describe('renaming', () => {
    it('takes what is below along and keeps its messages', async () => {
      const folder = await makeFolder(mailbox, 'a/b/c')
      await fill(mailbox, folder, 'x')
      expect(await mailbox.folders.rename(await find('a'), 'n/m')).toEqual({ kind: 'renamed' })
      expect(await paths(mailbox)).toEqual(['n', 'n/m', 'n/m/b', 'n/m/b/c'])
      expect(await contents(mailbox, await find('n/m/b/c'))).toEqual(['1 x'])
      const { mailboxId, uidValidity } = await find('n/m/b/c')
      expect({ mailboxId, uidValidity }).toEqual({
        mailboxId: folder.mailboxId,
        uidValidity: folder.uidValidity,
      })
      expect((await find('n')).children).toBe(1)
      expect((await mailbox.folders.create(account, 'a')).kind).toBe('created')
    })

    it.each([
      ['a', 'a', 'exists'],
      ['a', 'Sent', 'exists'],
      ['a', 'a/b/x', 'inside-itself'],
      ['a', 'a/x', 'inside-itself'],
      ['a', 'x/', 'bad-name'],
      ['a/b', 'b', 'renamed'],
      ['a/b', 'a/c', 'renamed'],
      ['a', Array(FOLDER_DEPTH_MAX).fill('d').join('/'), 'too-deep'],
      [
        'a',
        Array(FOLDER_DEPTH_MAX - 1)
          .fill('d')
          .join('/'),
        'renamed',
      ],
    ])('%s to %s: %s', async (from, to, kind) => {
      await makeFolder(mailbox, 'a/b')
      expect(await mailbox.folders.rename(await find(from), to)).toEqual({ kind })
    })

    it('of two folders into each other at the same time makes no circle', async () => {
      for (let round = 0; round < 10; round++) {
        const a = await makeFolder(mailbox, `a${round}`)
        const b = await makeFolder(mailbox, `b${round}`)
        const renamed = await Promise.all([
          mailbox.folders.rename(a, `b${round}/a`),
          mailboxOn(test.store).folders.rename(b, `a${round}/b`),
        ])
        expect(renamed.filter(({ kind }) => kind === 'renamed').length).toBeGreaterThan(0)
        const found = (await paths(mailbox)).filter((path) => path.includes(String(round)))
        // The other one found its target gone, and made it again as a folder above.
        for (const path of found) expect(path).toMatch(/^[ab]\d+(\/[ab])*$/)
        const tree = await mailbox.folders.tree(account)
        for (const folder of [a, b]) {
          const now = tree.folders.find(({ id }) => id === folder.id)
          if (now === undefined) throw new Error('lost')
          expect(tree.line(now)[0]?.parentId).toBeNull()
        }
      }
    })

    it('leaves INBOX and what is below it, and moves its messages', async () => {
      const inbox = await mailbox.inbox(account)
      await makeFolder(mailbox, 'INBOX/sub')
      await fill(mailbox, inbox, ...Array.from({ length: 60 }, (_, i) => `m${i}`))
      expect(await mailbox.folders.rename(inbox, 'old')).toEqual({ kind: 'renamed' })
      expect(await mailbox.inbox(account)).toMatchObject({ id: inbox.id, exists: 0, uidNext: 61 })
      expect((await contents(mailbox, await find('old'))).at(-1)).toBe('60 m59')
      expect(await paths(mailbox)).toEqual(['INBOX/sub', 'old'])
    })
  })

  describe('removing', () => {
    it('removes the messages and forgets the folder', async () => {
      const folder = await makeFolder(mailbox, 'a/b')
      await fill(mailbox, folder, 'x', 'y')
      expect(await mailbox.folders.remove(folder)).toEqual({ kind: 'removed' })
      expect(await paths(mailbox)).toEqual(['a'])
      expect((await find('a')).children).toBe(0)
      expect(await mailbox.usage(account)).toEqual({ bytes: 0, messages: 0 })
      expect(await mailbox.folders.remove(folder)).toEqual({ kind: 'no-such-folder' })
      const dead = await test.store.tables.mail.queryIndex('dead', { pk: 'DEAD' })
      expect(dead.items).toHaveLength(2)
    })

    it('keeps the name while folders are below it, and makes another folder of it', async () => {
      const folder = await makeFolder(mailbox, 'a', ['\\Important'])
      await makeFolder(mailbox, 'a/b')
      await fill(mailbox, folder, 'x')
      expect(await mailbox.folders.remove(folder)).toEqual({ kind: 'name-stays' })
      expect(await find('a')).toMatchObject({ selectable: false, exists: 0, specialUses: [] })
      expect(await mailbox.folders.remove(folder)).toEqual({ kind: 'has-children' })
      expect(await mailbox.append(folder, message('z'))).toEqual({ kind: 'no-such-folder' })
      expect(await mailbox.openFolder(folder)).toBeUndefined()
      const again = await makeFolder(mailbox, 'a')
      expect(again.uidValidity).toBeGreaterThan(folder.uidValidity)
      expect(again.mailboxId).not.toBe(folder.mailboxId)
      expect(await find('a')).toEqual(again)
      await fill(mailbox, again, 'z')
      expect(await contents(mailbox, again)).toEqual(['2 z'])
      expect(await mailbox.folders.remove(await find('a/b'))).toEqual({ kind: 'removed' })
      expect(await mailbox.folders.remove(again)).toEqual({ kind: 'removed' })
      expect(await paths(mailbox)).toEqual([])
    })

    it('lets a name go with the last folder below it', async () => {
      await makeFolder(mailbox, 'a/b/c')
      await makeFolder(mailbox, 'd/e')
      for (const path of ['a', 'a/b', 'd']) await mailbox.folders.remove(await find(path))
      expect(await paths(mailbox)).toEqual(['a', 'a/b', 'a/b/c', 'd', 'd/e'])
      await mailbox.folders.remove(await find('a/b/c'))
      await mailbox.folders.rename(await find('d/e'), 'f')
      expect(await paths(mailbox)).toEqual(['f'])
    })

    it('never removes INBOX', async () => {
      expect(await mailbox.folders.remove(await mailbox.inbox(account))).toEqual({
        kind: 'is-inbox',
      })
    })

    it('is told to whoever has the folder open', async () => {
      const folder = await makeFolder(mailbox, 'a/b')
      const opened = await mailbox.openFolder(folder)
      await mailbox.folders.remove(folder)
      expect(await opened?.advance()).toEqual({ kind: 'gone' })
      const again = await makeFolder(mailbox, 'a/b')
      expect((await mailbox.openFolder(again))?.uids.length).toBe(0)
      opened?.close()
    })

    it('is told to whoever has it open where another folder has its name by then', async () => {
      const folder = await makeFolder(mailbox, 'a')
      await makeFolder(mailbox, 'a/b')
      const opened = await mailbox.openFolder(folder)
      await mailbox.folders.remove(folder)
      const again = await makeFolder(mailbox, 'a')
      expect(again.id).toBe(folder.id)
      expect(await opened?.advance()).toEqual({ kind: 'gone' })
      const reopened = await mailbox.openFolder(again)
      expect(reopened?.folder.uidValidity).toBe(again.uidValidity)
      opened?.close()
    })

    it('gives the name free at once, and no child comes into a folder that is removed', async () => {
      const parent = await makeFolder(mailbox, 'p')
      const [removed, made] = await Promise.all([
        mailbox.folders.remove(parent),
        mailboxOn(test.store).folders.create(account, 'p/q'),
      ])
      expect(made.kind).toBe('created')
      expect(['removed', 'name-stays']).toContain(removed.kind)
      expect(await paths(mailbox)).toEqual(['p', 'p/q'])
      expect((await find('p')).children).toBe(1)
    })
  })

  describe('subscriptions', () => {
    it('begin with the default folders, are names, and outlive their folder', async () => {
      const { subscriptions } = mailbox
      await mailbox.folders.list(account)
      const first = await subscriptions.list(account)
      expect(first).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'])
      const folder = await makeFolder(mailbox, 'a/b')
      await subscriptions.subscribe(account, 'a/b')
      await subscriptions.subscribe(account, 'a/b')
      await subscriptions.subscribe(account, 'inbox/never')
      await mailbox.folders.rename(folder, 'c')
      expect(await subscriptions.list(account)).toEqual(
        expect.arrayContaining(['a/b', 'INBOX/never', ...first]),
      )
      await subscriptions.unsubscribe(account, 'a/b')
      await subscriptions.unsubscribe(account, 'not there')
      expect(await subscriptions.list(account)).not.toContain('a/b')
      expect(await subscriptions.subscribe(account, 'a//b')).toEqual({ kind: 'bad-name' })
    })
  })
})
