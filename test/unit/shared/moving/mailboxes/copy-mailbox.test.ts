import { rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { flagList } from '#shared/mailbox/flags.ts'
import {
  type CopyOptions,
  copyMailbox,
  type MailTarget,
} from '#shared/moving/mailboxes/copy-mailbox.ts'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import type { MailSource, SourceRight } from '#shared/moving/mailboxes/source.ts'
import { verifyMailbox } from '#shared/moving/mailboxes/verify-mailbox.ts'
import { account, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { writeMaildir } from '#test/support/maildir.ts'
import { must } from '#test/support/must.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const whole: CopyOptions = { dryRun: false, deletions: 'follow', signal: undefined }

describe('a Maildir brought here', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let root: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    root = join(resources.use(await temporaryFolder()).path, 'Maildir')
    await writeMaildir(
      root,
      '',
      [
        { name: 'cur/1.a.h,S=14:2,Sa', text: 'Subject: a\n\nx\n', receivedMs: 1_000_000_000_000 },
        { name: 'cur/2.b.h:2,F', text: 'Subject: b\r\n\r\ny\r\n', receivedMs: 1_100_000_000_000 },
        { name: 'new/3.c.h', text: 'Subject: c\n\nz', receivedMs: 1_200_000_000_000 },
      ],
      {
        'dovecot-uidlist':
          '3 V1234567890 N10 G00112233445566778899aabbccddeeff\n5 S14 :1.a.h,S=14:2,\n9 Pown-name :2.b.h:2,F\n',
        'dovecot-keywords': '0 $Label1\n',
        subscriptions: 'V\t2\n\nWork\t2024\n',
      },
    )
    await writeMaildir(root, '.Work.2024', [{ name: 'cur/7.d.h:2,RT', text: 'Subject: d\n\n' }])
    await writeMaildir(root, '.Caf&AOk-', [])
  })
  afterEach(() => resources.disposeAsync())

  /** `meanwhile`: done when a folder has been listed and nothing of it was read yet. */
  async function copy(
    options: Partial<CopyOptions> = {},
    {
      meanwhile,
      giveRights,
    }: {
      readonly meanwhile?: (folder: string) => Promise<void>
      readonly giveRights?: MailTarget['giveRights']
    } = {},
  ): Promise<MailboxReport> {
    const maildir = await openMaildir(root)
    const source: MailSource = {
      ...maildir,
      async open(folder) {
        const listed = await maildir.open(folder)
        await meanwhile?.(folder.names.join('/'))
        return listed
      },
    }
    const { mailbox } = opened
    const target = { account: 'a@example.test', accountId: account, mailbox, giveRights }
    const steps = copyMailbox(source, target, { ...whole, ...options })
    for (;;) {
      const step = await steps.next()
      if (step.done) return step.value
    }
  }

  async function stored(path: string) {
    const { mailbox } = opened
    const folder = must(await mailbox.folders.find(account, path))
    const { messages, popIds } = await mailbox.snapshot(folder)
    const told = messages.map(({ uid, flags, internalDateMs, size, unended }) =>
      [
        uid,
        flags.join(' '),
        internalDateMs,
        size,
        unended ? 'unended' : '',
        popIds.get(uid) ?? '',
      ].join('|'),
    )
    return { folder, told }
  }

  it('has uids, flags, keywords, dates and names of POP3 as they were', async () => {
    const report = await copy()
    const inbox = await stored('INBOX')
    expect(inbox.folder).toMatchObject({ uidValidity: 1234567890, uidNext: 11 })
    expect(inbox.told).toEqual([
      '5|\\Seen $Label1|1000000000000|17||00000005499602d2',
      '9|\\Flagged|1100000000000|17||own-name',
      '10||1200000000000|15|unended|',
    ])
    const work = await stored('Work/2024')
    expect(work.told.map((line) => line.split('|').slice(0, 2).join(' '))).toEqual([
      '1 \\Answered \\Deleted',
    ])
    expect((await stored('Café')).told).toEqual([])
    expect(await opened.mailbox.subscriptions.list(account)).toContain('Work/2024')
    expect(await opened.mailbox.subscriptions.list(account)).not.toContain('Café')
    expect(report.folders.map(({ path, uids, brought }) => [path, uids, brought])).toEqual([
      ['INBOX', 'kept', 3],
      ['Café', 'none', 0],
      ['Work/2024', 'none', 1],
    ])
  })

  it('lists the rights of others, and gives them where that is asked for', async () => {
    await writeMaildir(root, '.Work.2024', [], {
      'dovecot-acl': 'owner lrwstipekxa\nuser=bob lrs\nanyone lr\ngroup=staff lr\n-user=cy w\n',
    })
    const told = ({ rights }: MailboxReport) =>
      rights.map(({ folder, who, rights, outcome }) => `${folder} ${who} ${rights} ${outcome}`)
    expect(told(await copy())).toEqual([
      'Work/2024 bob lrs not given without --rights',
      'Work/2024 anyone lr not given: what everyone may do, an administrator says',
      'Work/2024 group=staff lr not given: there are no groups here',
      'Work/2024 -cy w not given without --rights',
    ])
    const given: string[] = []
    const giveRights = async (path: string, { who, rights }: SourceRight) => {
      given.push(`${path} ${who} ${rights}`)
      return 'given'
    }
    expect(told(await copy({ rights: true }, { giveRights }))[0]).toBe('Work/2024 bob lrs given')
    expect(given).toEqual(['Work/2024 bob lrs', 'Work/2024 -cy w'])
    await copy({ rights: true, dryRun: true }, { giveRights })
    expect(given).toHaveLength(2)
  })

  it('brings nothing twice, and afterwards what is new, what has other flags and what is gone', async () => {
    await copy()
    expect((await copy()).folders.map(({ already, brought }) => [already, brought])).toEqual([
      [3, 0],
      [0, 0],
      [1, 0],
    ])
    const { mailbox } = opened
    const inbox = must(await mailbox.folders.find(account, 'INBOX'))
    const [first, second] = (await mailbox.snapshot(inbox)).messages
    // What somebody did here stays.
    await mailbox.storeFlags(inbox, [must(first).uid, must(second).uid], {
      mode: 'add',
      flags: ['$Here'],
    })
    await rename(join(root, 'cur/1.a.h,S=14:2,Sa'), join(root, 'cur/1.a.h,S=14:2,FS'))
    await rm(join(root, 'cur/2.b.h:2,F'))
    await rm(join(root, 'new/3.c.h'))
    await writeMaildir(root, '', [{ name: 'cur/4.e.h:2,', text: 'Subject: e\n\n' }])
    const report = await copy()
    expect(report.folders[0]).toMatchObject({
      brought: 1,
      flagsChanged: 1,
      removed: 1,
      keptGone: 1,
    })
    const now = await stored('INBOX')
    expect(now.told.map((line) => line.split('|').slice(0, 2).join(' '))).toEqual([
      '5 \\Flagged \\Seen $Here',
      '9 \\Flagged $Here',
      '11 ',
    ])
  })

  it('leaves a gap to the other system as soon as mail arrives here', async () => {
    await copy()
    const { mailbox } = opened
    const inbox = must(await mailbox.folders.find(account, 'INBOX'))
    const received = await mailbox.receive(bytes('Subject: own\r\n\r\n'))
    await received.commit()
    const own = await mailbox.append(inbox, {
      blob: received.blob,
      flags: { bits: 0, keywords: [] },
      internalDateMs: 1,
      prepend: '',
      once: false,
    })
    expect(own).toMatchObject({ kind: 'appended', uid: 100_011 })
    await writeMaildir(root, '', [{ name: 'cur/4.e.h:2,', text: 'Subject: e\n\n' }], {
      'dovecot-uidlist': '3 V1234567890 N12\n5 :1.a.h,S=14\n9 :2.b.h\n10 :3.c.h\n11 :4.e.h\n',
    })
    const report = await copy()
    expect(report.folders[0]).toMatchObject({ brought: 1, otherUids: 1 })
    expect((await stored('INBOX')).told.map((line) => line.split('|')[0])).toEqual([
      '5',
      '9',
      '10',
      '100011',
      '100012',
    ])
  })

  it('passes over what cannot be read of one message, when it brings and when it compares', async () => {
    const broken = gzipSync('Subject: broken\n\nx\n').subarray(0, 20)
    await writeMaildir(root, '.Odd', [
      { name: 'cur/1.broken.h:2,', text: broken },
      { name: 'cur/2.fine.h:2,', text: gzipSync('Subject: fine\n\nx\n') },
    ])
    await symlink('/etc/hostname', join(root, '.Odd/cur/3.link.h:2,'))
    const report = (await copy()).folders.find(({ path }) => path === 'Odd')
    expect(report).toMatchObject({ found: 3, brought: 1, unread: 2 })
    const source = await openMaildir(root)
    const verifying = verifyMailbox(source, {
      accountId: account,
      mailbox: opened.mailbox,
      objects: opened.store.objects,
    })
    for (;;) {
      const step = await verifying.next()
      if (!step.done) continue
      const odd = must(step.value.find(({ path }) => path === 'Odd'))
      expect(odd).toMatchObject({ compared: 3, equal: 1, differencesCount: 2 })
      expect(odd.differences.map(({ what }) => what)).toEqual(['unreadable', 'unreadable'])
      return
    }
  })

  it('keeps a folder that was emptied there, and does not follow deletions where that is asked', async () => {
    const many = Array.from({ length: 30 }, (_, n) => ({
      name: `cur/${n}.x.h:2,`,
      text: `Subject: ${n}\n\n`,
    }))
    await writeMaildir(root, '.Many', many)
    await copy()
    for (const { name } of many.slice(0, 2)) await rm(join(root, '.Many', name))
    const kept = (await copy({ deletions: 'keep' })).folders.find(({ path }) => path === 'Many')
    expect(kept).toMatchObject({ removed: 0, keptGone: 2 })
    const followed = (await copy()).folders.find(({ path }) => path === 'Many')
    expect(followed).toMatchObject({ removed: 2, keptGone: 0 })
    for (const { name } of many.slice(2)) await rm(join(root, '.Many', name))
    const emptied = (await copy()).folders.find(({ path }) => path === 'Many')
    expect(emptied).toMatchObject({ removed: 0, keptGone: 28 })
    expect(emptied?.notes[0]?.reason).toContain('28 messages are gone at the source')
    expect((await stored('Many')).told).toHaveLength(28)
  })

  it('finds what is called otherwise by now, and takes nothing for gone that may be there', async () => {
    await copy()
    const report = await copy(
      {},
      {
        meanwhile: async (folder) => {
          if (folder !== 'INBOX') return
          await rename(join(root, 'cur/1.a.h,S=14:2,Sa'), join(root, 'cur/1.a.h,S=14:2,FS'))
          await rename(join(root, 'new/3.c.h'), join(root, 'cur/3.c.h:2,R'))
          await rm(join(root, 'cur/2.b.h:2,F'))
        },
      },
    )
    expect(report.folders[0]).toMatchObject({
      ...{ already: 3, flagsChanged: 2, removed: 0, unread: 0, failure: null },
    })
    expect((await copy()).folders[0]).toMatchObject({ found: 2, flagsChanged: 0, removed: 1 })
    const now = await stored('INBOX')
    expect(now.told.map((line) => line.split('|').slice(0, 2).join(' '))).toEqual([
      '5 \\Flagged \\Seen',
      '10 \\Answered',
    ])
  })

  it('brings what changes its name before it is read, and misses nothing that goes', async () => {
    const report = await copy(
      {},
      {
        meanwhile: async (folder) => {
          if (folder !== 'INBOX') return
          await rename(join(root, 'cur/1.a.h,S=14:2,Sa'), join(root, 'cur/1.a.h,S=14:2,'))
          await rm(join(root, 'cur/2.b.h:2,F'))
        },
      },
    )
    expect(report.folders[0]).toMatchObject({ brought: 2, unread: 0, failure: null, notes: [] })
    const dates = (await stored('INBOX')).told.map((line) => line.split('|').slice(0, 3).join('|'))
    expect(dates).toEqual(['5||1000000000000', '10||1200000000000'])
  })

  it('tells of a folder that goes meanwhile, and brings the others', async () => {
    await copy()
    const report = await copy(
      {},
      {
        meanwhile: async (folder) => {
          if (folder === 'Café') await rm(join(root, '.Work.2024'), { recursive: true })
        },
      },
    )
    const work = must(report.folders.find(({ path }) => path === 'Work/2024'))
    expect(work).toMatchObject({ found: 0, removed: 0, failure: `${root}/.Work.2024 is gone` })
    expect(report.folders.map(({ failure }) => failure === null)).toEqual([true, true, false])
    expect((await stored('Work/2024')).told).toHaveLength(1)
  })

  it('takes a folder that cannot be read for no empty one, and uids for not lost', async () => {
    await copy()
    await rm(join(root, '.Work.2024/cur/7.d.h:2,RT'))
    await rm(join(root, '.Work.2024/new'), { recursive: true })
    await symlink('new', join(root, '.Work.2024/new'))
    const { folders } = await copy()
    expect(folders.map(({ removed, failure }) => [removed, failure])).toEqual([
      [0, null],
      [0, null],
      [0, expect.stringContaining('cannot read')],
    ])
    await writeFile(join(root, 'dovecot-uidlist'), '')
    await truncate(join(root, 'dovecot-uidlist'), 257 * 1024 ** 2)
    expect((await copy()).folders[0]).toMatchObject({
      failure: expect.stringContaining('dovecot-uidlist: it has more than'),
    })
  })

  it('writes nothing in a rehearsal', async () => {
    const report = await copy({ dryRun: true })
    expect(report.folders.map(({ found, brought }) => [found, brought])).toEqual([
      [3, 3],
      [0, 0],
      [1, 1],
    ])
    expect((await stored('INBOX')).folder).toMatchObject({ exists: 0, broughtIn: false })
    expect(await opened.mailbox.folders.find(account, 'Work/2024')).toBeUndefined()
    expect(flagList({ bits: 0, keywords: [] })).toEqual([])
  })
})

async function* bytes(text: string) {
  yield Buffer.from(text)
}
