// Mailboxes belong to people, and an import may read what they cannot: whatever links they make, only what is theirs is read.

import { execFileSync } from 'node:child_process'
import { chownSync, lchownSync } from 'node:fs'
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import { openMh } from '#shared/moving/mailboxes/mh/mh-source.ts'
import { writeMaildir } from '#test/support/maildir.ts'
import { readSource } from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let resources: AsyncDisposableStack
let home: string
let others: string
beforeEach(async () => {
  resources = new AsyncDisposableStack()
  const { path } = resources.use(await temporaryFolder())
  home = join(path, 'ann')
  others = join(path, 'bob')
  await mkdir(home)
  await writeMaildir(join(others, 'Maildir'), '', [
    { name: 'cur/1.b.h:2,S', text: 'Subject: secret\n\nx\n' },
  ])
})
afterEach(() => resources.disposeAsync())

describe('links of a mailbox', () => {
  it.each(['cur', 'new'])('lead to no messages of others: %s', async (name) => {
    const root = join(home, 'Maildir')
    await writeMaildir(root, '', [])
    await rename(join(root, name), join(home, 'before'))
    await symlink(join(others, 'Maildir', 'cur'), join(root, name))
    expect((await readSource(await openMaildir(root), ['INBOX'])).read).toEqual([])
  })

  it('lead to no messages of others when a folder becomes one while it is read', async () => {
    const root = join(home, 'Maildir')
    await writeMaildir(root, '', [{ name: 'cur/1.b.h:2,S', text: 'Subject: own\n\nx\n' }])
    const source = await openMaildir(root)
    const [inbox] = await source.folders()
    if (inbox === undefined) throw new Error('there is an INBOX')
    await using opened = Object.assign(await source.open(inbox), {
      [Symbol.asyncDispose]: async () => undefined,
    })
    const messages = await Array.fromAsync(opened.messages())
    await rename(join(root, 'cur'), join(home, 'before'))
    await symlink(join(others, 'Maildir', 'cur'), join(root, 'cur'))
    expect(messages).toHaveLength(1)
    expect(await Array.fromAsync(opened.read(messages))).toEqual([])
    expect(source.notes()).toMatchObject([
      { reason: 'a link leads there, and links are not followed' },
    ])
  })

  it('lead to no scripts of others', async () => {
    const root = join(home, 'Maildir')
    await writeMaildir(root, '', [])
    await mkdir(join(others, 'sieve'))
    await writeFile(join(others, 'sieve', 'secret.sieve'), 'keep;')
    await symlink(join(others, 'sieve'), join(home, 'sieve'))
    const source = await openMaildir(root)
    expect(await source.scripts()).toEqual([])
    expect(source.notes()).toMatchObject([
      { reason: 'a link leads there, and links are not followed' },
    ])
  })

  it('lead to no lines of other files', async () => {
    await writeFile(join(home, 'box'), 'From a Sat Jan  3 01:05:34 2026\nSubject: x\n\nx\n')
    await symlink('/etc/passwd', join(home, '.subscriptions'))
    const mbox = await openMbox(home)
    expect(await mbox.subscriptions()).toBeUndefined()
    expect(mbox.notes()).toMatchObject([{ about: '.subscriptions' }])
    await mkdir(join(home, 'mh', 'inbox'), { recursive: true })
    await writeFile(join(home, 'mh', 'inbox', '1'), 'Subject: x\n\nx\n')
    await writeFile(join(others, 'sequences'), 'replied: 1\n')
    await symlink(join(others, 'sequences'), join(home, 'mh', 'inbox', '.mh_sequences'))
    await expect(readSource(await openMh(join(home, 'mh')), ['INBOX'])).rejects.toThrow(
      'is a link, and links are not followed',
    )
  })

  it('count where their owner owns what they lead to, or root does', async () => {
    await symlink(join(others, 'Maildir'), join(home, 'Maildir'))
    expect(
      (await readSource(await openMaildir(join(home, 'Maildir')), ['INBOX'])).read,
    ).toHaveLength(1)
  })

  // Nobody else may give files away.
  it.skipIf(process.getuid?.() !== 0)('of somebody else lead to no mailbox', async () => {
    await symlink(join(others, 'Maildir'), join(home, 'Maildir'))
    lchownSync(join(home, 'Maildir'), 2001, 2001)
    chownSync(join(others, 'Maildir'), 2002, 2002)
    await expect(openMaildir(join(home, 'Maildir'))).rejects.toThrow('a link of somebody else')
    await expect(openMbox(join(home, 'Maildir'))).rejects.toThrow()
    await expect(openMh(join(home, 'Maildir'))).rejects.toThrow('a link of somebody else')
    chownSync(join(others, 'Maildir'), 2001, 2001)
    expect(await (await openMaildir(join(home, 'Maildir'))).folders()).toHaveLength(1)
  })
})

describe('what is no file', () => {
  it('is not waited for', async () => {
    const pipe = join(home, 'pipe')
    execFileSync('mkfifo', [pipe])
    await writeFile(join(home, 'box'), 'From a Sat Jan  3 01:05:34 2026\nSubject: x\n\nx\n')
    await expect(openMbox(home, { inbox: pipe })).rejects.toThrow('is no mbox')
    const root = join(home, 'Maildir')
    await writeMaildir(root, '', [{ name: 'cur/1.b.h:2,S', text: 'Subject: own\n\nx\n' }])
    execFileSync('mkfifo', [join(root, 'cur/2.b.h:2,S')])
    expect((await readSource(await openMaildir(root), ['INBOX'])).read).toHaveLength(1)
    // Without the list all uids would be others.
    execFileSync('mkfifo', [join(root, 'dovecot-uidlist')])
    await expect(readSource(await openMaildir(root), ['INBOX'])).rejects.toThrow('is no file')
  })
})
