import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import { exportMaildir } from '#shared/moving/export/maildir-export.ts'
import { folderDirectory } from '#shared/moving/export/maildir-names.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import { verifyMaildir } from '#shared/moving/export/verify-maildir.ts'
import { decodedName, unescapedName } from '#shared/moving/mailboxes/maildir/folder-files.ts'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import {
  account,
  makeFolder,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { must } from '#test/support/must.ts'
import {
  appendTexts,
  ownMailbox,
  readSource,
  verdictsOf,
  whole,
} from '#test/support/own-mailbox.ts'
import { smallDisk } from '#test/support/small-disk.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import '#test/support/seed.ts'

describe('a mailbox as a Maildir', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let out: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    out = join(resources.use(await temporaryFolder()).path, 'Maildir')
  })
  afterEach(() => resources.disposeAsync())

  const own = () =>
    ownMailbox(opened, async () => [
      { name: 'work', source: Buffer.from('keep;'), active: true },
      { name: '../x', source: Buffer.from('keep;'), active: false },
    ])
  const exported = async () => whole(exportMaildir(own(), await openFolderTarget(out)))
  const files = async (folder = 'cur') => (await readdir(join(out, folder))).toSorted()

  async function verified() {
    const steps = verifyMaildir(own(), await openFolderTarget(out))
    for (;;) {
      const step = await steps.next()
      if (step.done) return step.value.find(({ path }) => path === 'INBOX')
    }
  }

  it('has the bytes as mail programs are sent them, and all that its lists say', async () => {
    const inbox = await opened.mailbox.inbox(account)
    // A millisecond that has no exact form in seconds.
    const dateMs = 1_700_000_000_123
    await appendTexts(opened, inbox, [
      { text: 'Subject: a\r\n\r\nx\r\n', flags: ['\\Seen', 'b', '$A'], dateMs },
      {
        text: 'Subject: b\r\n\r\nx\ny',
        flags: ['\\Draft', '\\Deleted', '\\Flagged', '\\Answered'],
      },
    ])
    const report = await exported()
    const [first = '', second = ''] = await files().then((all) => all.toReversed())
    expect(first).toMatch(/^1700000000\.[0-9a-f]{12}U1\.postwolke,S=17,W=17:2,Sab$/)
    expect(second).toMatch(/^1000000000\.[0-9a-f]{12}U2\.postwolke,S=17,W=18:2,DFRT$/)
    expect(await readFile(join(out, 'cur', first), 'latin1')).toBe('Subject: a\r\n\r\nx\r\n')
    expect(Math.floor((await stat(join(out, 'cur', first))).mtimeMs)).toBe(dateMs)
    expect(await readFile(join(out, 'dovecot-keywords'), 'utf8')).toBe('0 $A\n1 b\n')
    expect(await readFile(join(out, 'dovecot-uidlist'), 'utf8')).toMatch(
      new RegExp(
        `^3 V${inbox.uidValidity} N3 G[0-9a-f]{32}\n1 P${inbox.uidValidity}-1 :17.*\n2 P${inbox.uidValidity}-2 :10.*\n$`,
      ),
    )
    expect(await readlink(join(out, '.dovecot.sieve'))).toBe('sieve/work.sieve')
    expect(report.notes).toEqual([{ about: 'script ../x', reason: 'cannot be the name of a file' }])
    const source = await openMaildir(out)
    const { numbers, read } = await readSource(source, ['INBOX'])
    expect(numbers).toMatchObject({ uidValidity: inbox.uidValidity, uidNext: 3 })
    expect(read.map(({ uid, flags, dateMs: date }) => [uid, flags.join(' '), date])).toEqual([
      [1, '\\Seen $A b', dateMs],
      [2, '\\Draft \\Flagged \\Answered \\Deleted', 1_000_000_000_000],
    ])
    expect((await source.scripts()).map(({ name, active }) => [name, active])).toEqual([
      ['work', true],
    ])
  })

  it('is written on where it ended: what is there stays, what is half or gone does not', async () => {
    const inbox = await opened.mailbox.inbox(account)
    const uids = await appendTexts(
      opened,
      inbox,
      Array.from({ length: 5 }, (_, n) => ({ text: `Subject: ${n}\r\n\r\n` })),
    )
    await exported()
    const before = await files()
    const kept = must(before.find((name) => name.includes('U1.')))
    const { ino } = await stat(join(out, 'cur', kept))
    // One cut, one that no manifest knows, one of somebody else; and here one goes, one is flagged.
    await writeFile(join(out, 'cur', must(before.find((name) => name.includes('U2.')))), 'x')
    await rm(join(out, 'cur', must(before.find((name) => name.includes('U3.')))))
    await writeFile(join(out, 'cur', '1.mine:2,S'), 'mine')
    await writeFile(join(out, 'tmp', `0.${must(before[1])}`), 'half')
    await writeFile(join(out, 'tmp', '1.mine'), 'half')
    await opened.mailbox.expunge(inbox, uids.slice(3, 4))
    await opened.mailbox.storeFlags(inbox, uids.slice(4), { mode: 'add', flags: ['\\Seen'] })
    expect(await verified()).toMatchObject({
      compared: 4,
      equal: 1,
      others: 1,
      differences: [
        { uid: 2, what: 'bytes' },
        { uid: 3, what: 'missing' },
        { uid: 5, what: 'flags' },
      ],
    })
    const report = await exported()
    expect(report.folders.find(({ path }) => path === 'INBOX')).toMatchObject({
      messages: 4,
      written: 2,
      removed: 1,
    })
    expect((await stat(join(out, 'cur', kept))).ino).toBe(ino)
    const after = await files()
    expect(after).toHaveLength(5)
    expect(await files('tmp')).toEqual(['1.mine'])
    expect(after.find((name) => name.includes('U5.'))).toMatch(/:2,S$/)
    expect(await verified()).toMatchObject({ equal: 4, differencesCount: 0, others: 0 })
  })

  it('has no folder twice when it got another name here', async () => {
    const { mailbox } = opened
    const [one, other] = [await makeFolder(mailbox, 'One'), await makeFolder(mailbox, 'Other')]
    await appendTexts(opened, one, [{ text: 'a\r\n' }])
    await appendTexts(opened, other, [{ text: 'b\r\n' }])
    await exported()
    await writeFile(join(out, '.Other', 'new', '1.mine'), 'mine')
    await mkdir(join(out, '.Mine', 'cur'), { recursive: true })
    // It may say what it wants.
    const summary = join(out, 'postwolke-export.json')
    const said = JSON.parse(await readFile(summary, 'utf8'))
    const elsewhere = join(out, '..', '.elsewhere', 'cur')
    await mkdir(elsewhere, { recursive: true })
    await writeFile(join(elsewhere, '1.aU1.postwolke,S=1:2,'), 'x')
    for (const place of ['../.elsewhere', '..', '.', '', 'sieve', 7]) said.folders.push({ place })
    await writeFile(summary, JSON.stringify(said))
    await mailbox.folders.rename(one, 'Two/Below')
    await mailbox.folders.remove(other)
    const steps = verifyMaildir(own(), await openFolderTarget(out))
    for (;;) {
      const step = await steps.next()
      if (!step.done) continue
      const stale = step.value.filter(({ others }) => others > 0)
      expect(stale.map(({ path, others }) => [path, others])).toEqual([
        ['.One', 1],
        ['.Other', 1],
      ])
      break
    }
    const report = await exported()
    expect(report.notes.map(({ about }) => about)).toEqual(['.One', '.Other', 'script ../x'])
    const there = await readdir(out)
    expect(there).not.toContain('.One')
    expect(there).toEqual(expect.arrayContaining(['.Two.Below', '.Mine', '.Other']))
    expect(await files('.Other')).toEqual(['new'])
    expect(await files('.Two.Below/cur')).toHaveLength(1)
    expect(await readdir(elsewhere)).toHaveLength(1)
  })

  it('tells of keywords that have no letter there', async () => {
    const inbox = await opened.mailbox.inbox(account)
    const many = Array.from({ length: 27 }, (_, n) => `k${String(n).padStart(2, '0')}`)
    await appendTexts(opened, inbox, [
      { text: 'a\r\n', flags: many },
      { text: 'a\r\n', flags: [...many.slice(1), 'l'.repeat(51)] },
    ])
    const report = await exported()
    const notes = report.folders.find(({ path }) => path === 'INBOX')?.notes ?? []
    expect(notes.map(({ about }) => about)).toEqual(['k00', 'l'.repeat(51)])
    const { read } = await readSource(await openMaildir(out), ['INBOX'])
    expect(read[0]?.flags.toSorted()).toEqual(many.slice(1))
  })

  it('is not written where somebody else has a Maildir', async () => {
    await mkdir(out)
    await writeFile(join(out, 'dovecot-uidlist'), '3 V1 N1\n')
    await expect(exported()).rejects.toThrow('a Maildir already that no export wrote')
    await writeFile(join(out, 'dovecot.index.log'), '')
    await expect(exported()).rejects.toThrow('a mail server uses this folder already')
  })

  it('is not written over the mail of somebody else, nor over mboxes', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [{ text: 'a\r\n' }])
    // Ended before it was whole: that is enough.
    const steps = exportMaildir(own(), await openFolderTarget(out))
    await steps.next()
    await steps.return(undefined as never)
    const before = await files()
    const other = { ...own(), account: 'ben@example.test' }
    await expect(whole(exportMaildir(other, await openFolderTarget(out)))).rejects.toThrow(
      'an export of ann@example.test is there; ben@example.test needs a place of its own',
    )
    await expect(whole(exportMbox(own(), await openFolderTarget(out)))).rejects.toThrow(
      'an export as maildir is there; mbox needs a place of its own',
    )
    expect(await files()).toEqual(before)
    await expect(verdictsOf(verifyMaildir(other, await openFolderTarget(out)))).rejects.toThrow()
  })

  it('knows after a run of some folders which ones there were', async () => {
    const { mailbox } = opened
    const [one] = [await makeFolder(mailbox, 'One'), await makeFolder(mailbox, 'Two')]
    await exported()
    const target = await openFolderTarget(out)
    const summary = async () =>
      JSON.parse(await readFile(join(out, 'postwolke-export.json'), 'utf8'))
    expect(await summary()).toMatchObject({ whole: true })
    await whole(exportMaildir(own(), target, { isWanted: (path) => path === 'Two' }))
    expect(await summary()).toMatchObject({ whole: false })
    await mailbox.folders.remove(one)
    await exported()
    expect(await readdir(out)).not.toContain('.One')
    expect(await summary()).toMatchObject({ whole: true })
  })

  it('is compared by what its files and lists say too', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(
      opened,
      inbox,
      Array.from({ length: 3 }, (_, n) => ({ text: `${n}\r\n`, flags: ['\\Seen'] })),
    )
    await exported()
    expect(await verified()).toMatchObject({ equal: 3 })
    const at = async (part: string) =>
      join(out, 'cur', must((await files()).find((one) => one.includes(part))))
    const list = join(out, 'dovecot-uidlist')
    await writeFile(list, (await readFile(list, 'utf8')).replace(/^1 .*\n/m, ''))
    await rename(await at('U2.'), (await at('U2.')).replace(/S$/, 'FS'))
    await utimes(await at('U3.'), 5, 5)
    expect((await verified())?.differences).toEqual([
      { uid: 1, what: 'uid' },
      { uid: 2, what: 'flags' },
      { uid: 3, what: 'date' },
    ])
  })

  it('has every folder again, whatever its name is, and empty ones', async () => {
    const names = [
      ...[
        'a.b/c',
        '..',
        'x'.repeat(200),
        'Work',
        'work',
        '&AGE-',
        '~x',
        '\u{1f4ec}',
        'a\\b',
        'cur',
      ],
      ...['INBOX/new', 'sieve', ' blank ', '.hidden', 'a&b', '\u00fc'.repeat(70)],
    ]
    for (const name of names) {
      const folder = await makeFolder(opened.mailbox, name)
      await appendTexts(opened, folder, [{ text: `Subject: ${name.length}\r\n\r\n` }])
      await makeFolder(opened.mailbox, `${name}/empty`)
    }
    const report = await exported()
    const source = await openMaildir(out)
    const there = (await source.folders()).map(({ names: path }) => path.join('/'))
    const long = '\u00fc'.repeat(70)
    const told = report.folders.filter(({ notes }) => notes.length > 0).map(({ path }) => path)
    expect(told).toEqual([])
    expect(there.toSorted()).toEqual(report.folders.map(({ path }) => path).toSorted())
    for (const name of names) {
      expect((await readSource(source, name.split('/'))).read, name).toHaveLength(1)
    }
    expect(there).toContain(`${long}/empty`)
    const verdicts = await verdictsOf(verifyMaildir(own(), await openFolderTarget(out)))
    expect(verdicts.every(({ differencesCount, others }) => differencesCount + others === 0)).toBe(
      true,
    )
  })

  it('leaves nothing half where the disk is full, and says where that was', async (test) => {
    const disk = await smallDisk(2)
    if (!('path' in disk)) return test.skip(disk.reason)
    resources.use(disk)
    out = join(disk.path, 'Maildir')
    const inbox = await opened.mailbox.inbox(account)
    const big = `Subject: big\r\n\r\n${'a line of work\r\n'.repeat(150_000)}`
    await appendTexts(opened, inbox, [{ text: 'a\r\n' }, { text: big }])
    await expect(exported()).rejects.toThrow(`cannot write below ${out}: ENOSPC`)
    expect((await files()).filter((name) => name.includes('U2.'))).toEqual([])
    expect(await files('tmp')).toEqual([])
    await opened.mailbox.expunge(inbox, uids(2))
    await exported()
    expect(await verified()).toMatchObject({ compared: 1, equal: 1, others: 0 })
  })

  it('says where it could not write', async () => {
    const file = join(out, '..', 'file')
    await writeFile(file, '')
    await expect(openFolderTarget(file)).rejects.toThrow(`${file} is no folder`)
    await expect(openFolderTarget(join(file, 'below'))).rejects.toThrow(file)
  })

  it('has folders of the same names again, whatever they are', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        fc.pre(names.join('') !== 'INBOX')
        const { directory, whole: isWhole } = folderDirectory(names)
        if (!isWhole) return expect(directory.length).toBeLessThanOrEqual(255)
        expect(directory).not.toMatch(/[^\x20-\x7e]/)
        const back = directory
          .slice(1)
          .split('.')
          .map((part) => decodedName(unescapedName(part)))
        expect(back).toEqual(names)
      }),
    )
    expect(folderDirectory(['Work', 'a.b'])).toEqual({ directory: '.Work.a\\2eb', whole: true })
    expect(folderDirectory(['~x', 'Caf\u00e9'])).toEqual({
      directory: '.\\7ex.Caf&AOk-',
      whole: true,
    })
    const long = folderDirectory(['\u00fc'.repeat(200), 'b'.repeat(200)])
    expect(long.whole).toBe(false)
    expect(long.directory).toHaveLength(255)
  })

  it('leaves folders out that are not wanted', async () => {
    await makeFolder(opened.mailbox, 'Work')
    const target = await openFolderTarget(out)
    const report = await whole(
      exportMaildir(own(), target, { isWanted: (path) => path === 'Work' }),
    )
    expect(report.folders.map(({ path }) => path)).toEqual(['Work'])
    expect(await readdir(out)).toContain('.Work')
    expect(await files()).toEqual([])
    expect((await (await openMaildir(out)).folders()).map(({ names }) => names.join('/'))).toEqual([
      'INBOX',
      'Work',
    ])
  })
})
