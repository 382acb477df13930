import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FolderId } from '#shared/contracts/mailbox.ts'
import {
  ANNOTATION_BYTES_MAX,
  ANNOTATION_NAME_BYTES_MAX,
  ANNOTATIONS_PER_FOLDER_MAX,
} from '#shared/mailbox/annotations.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { account, makeFolder, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { must } from '#test/support/must.ts'

describe('what is kept beside a folder', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let folder: FolderRecord

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
    folder = await makeFolder(mailbox, 'Work')
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const bytes = (text: string) => new Uint8Array(Buffer.from(text))
  const entry = (name: string, value: string | null) => ({
    entry: name,
    value: value === null ? null : bytes(value),
  })
  const all = async (of: Parameters<Mailbox['annotations']['get']>[0]) =>
    (await mailbox.annotations.get(of)).map(
      (one) => `${one.entry}=${Buffer.from(one.value).toString()}`,
    )

  it('annotations are set, replaced and removed together, names without case', async () => {
    const { annotations } = mailbox
    expect(
      await annotations.set(folder, [entry('/private/Comment', 'a'), entry('/shared/x', '')]),
    ).toEqual({ kind: 'set' })
    await annotations.set(folder, [entry('/private/comment', 'b'), entry('/shared/x', null)])
    await annotations.set({ accountId: account, id: null }, [entry('/shared/admin', 'c')])
    expect(await all(folder)).toEqual(['/private/comment=b'])
    expect(await all({ accountId: account, id: null })).toEqual(['/shared/admin=c'])
  })

  it.each([
    ['/private/comment', 'set'],
    [`/${'x'.repeat(ANNOTATION_NAME_BYTES_MAX - 1)}`, 'set'],
    [`/${'x'.repeat(ANNOTATION_NAME_BYTES_MAX)}`, 'bad-name'],
    ['private', 'bad-name'],
    ['/private//comment', 'bad-name'],
    ['/private/', 'bad-name'],
    ['/private/*', 'bad-name'],
    ['/private/%', 'bad-name'],
    ['/priv\u00e9', 'bad-name'],
  ])('annotation %s: %s', async (name, kind) => {
    expect(await mailbox.annotations.set(folder, [entry(name, 'v')])).toEqual({ kind })
  })

  it('annotations are limited in size and number', async () => {
    const { annotations } = mailbox
    const set = (length: number) =>
      annotations.set(folder, [{ entry: '/private/a', value: new Uint8Array(length) }])
    expect((await set(ANNOTATION_BYTES_MAX)).kind).toBe('set')
    expect((await set(ANNOTATION_BYTES_MAX + 1)).kind).toBe('too-large')
    const more = Array.from({ length: ANNOTATIONS_PER_FOLDER_MAX - 1 }, (_, i) =>
      entry(`/private/n${i}`, 'v'),
    )
    expect((await annotations.set(folder, more)).kind).toBe('set')
    expect((await annotations.set(folder, [entry('/private/more', 'v')])).kind).toBe('too-many')
    expect((await annotations.set(folder, [entry('/private/a', 'v')])).kind).toBe('set')
  })

  it('goes with the folder', async () => {
    await mailbox.annotations.set(folder, [entry('/private/comment', 'a')])
    await mailbox.folders.remove(folder)
    expect(await all(folder)).toEqual([])
  })

  describe('the script for what happens in a folder (RFC 6785)', () => {
    const scriptOf = async (path: string) =>
      (await mailbox.folders.find(account, path))?.eventScript
    const name = (of: typeof folder, script: string | null) =>
      mailbox.annotations.set(of, [], undefined, script)

    it('stands in the folder, beside its special uses, and is none where nobody named one', async () => {
      const path = folder.name
      expect(await scriptOf(path)).toBeNull()
      expect(await name(folder, 'mine')).toEqual({ kind: 'set' })
      expect(await scriptOf(path)).toBe('mine')
      const uses = ['\\Important']
      await mailbox.annotations.set(folder, [entry('/private/comment', 'a')], uses)
      expect(await mailbox.folders.find(account, path)).toMatchObject({
        eventScript: 'mine',
        specialUses: uses,
      })
      await mailbox.annotations.set(folder, [], [], '')
      expect(await mailbox.folders.find(account, path)).toMatchObject({
        eventScript: '',
        specialUses: [],
      })
      await name(folder, null)
      expect(await scriptOf(path)).toBeNull()
    })

    it('is told to whoever has the folder open', async () => {
      const open = must(await mailbox.openFolder(folder))
      const hinted = Promise.withResolvers<void>()
      const watch = await mailbox.watchFolder(folder, hinted.resolve)
      await name(folder, 'mine')
      await hinted.promise
      expect(await open.advance()).toEqual({ kind: 'unchanged' })
      expect(open.folder.eventScript).toBe('mine')
      await watch.close()
      open.close()
    })

    it('goes with the folder, and is not there again with its name', async () => {
      await name(folder, 'mine')
      await mailbox.folders.create(account, `${folder.name}/below`)
      await mailbox.folders.remove(folder)
      expect(await mailbox.folders.create(account, folder.name)).toMatchObject({
        kind: 'created',
        folder: { eventScript: null },
      })
      expect(await scriptOf(folder.name)).toBeNull()
      expect(await name({ ...folder, id: 'gone' as FolderId }, 'mine')).toEqual({
        kind: 'no-such-folder',
      })
    })

    it('stays with INBOX and goes along when that is renamed, as annotations do', async () => {
      const inbox = await mailbox.inbox(account)
      await name(inbox, 'mine')
      expect((await mailbox.folders.rename(inbox, 'Old')).kind).toBe('renamed')
      expect([await scriptOf('INBOX'), await scriptOf('Old')]).toEqual(['mine', 'mine'])
    })
  })
})
