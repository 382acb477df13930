import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import { verifyMbox } from '#shared/moving/export/verify-mbox.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import {
  account,
  makeFolder,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import {
  appendTexts,
  ownMailbox,
  readSource,
  type Text,
  verdictsOf,
  whole,
} from '#test/support/own-mailbox.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import '#test/support/seed.ts'

describe('a mailbox as mboxes', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let out: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    out = join(resources.use(await temporaryFolder()).path, 'out')
  })
  afterEach(() => resources.disposeAsync())

  const exported = async () => whole(exportMbox(ownMailbox(opened), await openFolderTarget(out)))

  it('has flags, keywords, uids and dates, and folders below folders', async () => {
    const inbox = await opened.mailbox.inbox(account)
    const first = 'Return-Path: <s@example.test>\r\nSubject: a\r\n\r\nFrom me\r\n>From you\r\n'
    await appendTexts(opened, inbox, [
      { text: first, flags: ['\\Seen', '\\Answered', '\\Flagged', '$Label1'] },
      { text: 'Subject: b\r\n\r\nno end', flags: ['\\Draft', '\\Deleted'], dateMs: 0 },
    ])
    await opened.mailbox.expunge(inbox, await appendTexts(opened, inbox, [{ text: 'x\r\n' }]))
    await appendTexts(opened, await makeFolder(opened.mailbox, 'Work/2024/.x'), [
      { text: '\r\nbody alone\r\n' },
    ])
    const report = await exported()
    expect(report.folders.map(({ path, place, messages }) => [path, place, messages])).toEqual(
      expect.arrayContaining([
        ['INBOX', 'INBOX', 2],
        ['Work/2024/.x', 'Work.sbd/2024.sbd/_x', 1],
      ]),
    )
    expect(await readFile(join(out, 'INBOX'), 'latin1')).toBe(
      [
        'From s@example.test Sun Sep  9 01:46:40 2001',
        'Return-Path: <s@example.test>',
        'Subject: a',
        `X-IMAPbase: ${inbox.uidValidity} 0000000003 $Label1`,
        'Status: RO',
        'X-Status: AF',
        'X-Keywords: $Label1',
        'X-UID: 1',
        'Content-Length: 20',
        '',
        '>From me',
        '>>From you',
        '',
        'From MAILER-DAEMON Thu Jan  1 00:00:00 1970',
        'Subject: b',
        'Status: O',
        'X-Status: DT',
        'X-UID: 2',
        'Content-Length: 6',
        '',
        'no end',
        '',
        '',
      ].join('\n'),
    )
    const source = await openMbox(out, { unquote: true })
    const { numbers, read } = await readSource(source, ['INBOX'])
    expect(numbers).toEqual({
      uidValidity: inbox.uidValidity,
      uidNext: 4,
      highestModSeq: undefined,
    })
    expect(read).toEqual([
      {
        key: `${inbox.uidValidity}.1`,
        uid: 1,
        text: first,
        flags: ['\\Seen', '\\Answered', '\\Flagged', '$Label1'],
        dateMs: 1_000_000_000_000,
      },
      {
        key: `${inbox.uidValidity}.2`,
        uid: 2,
        text: 'Subject: b\r\n\r\nno end',
        flags: ['\\Deleted', '\\Draft'],
        dateMs: 0,
      },
    ])
    expect((await readSource(source, ['Work', '2024', '_x'])).read[0]?.text).toBe(
      '\r\nbody alone\r\n',
    )
  })

  async function compared() {
    const files = await openFolderTarget(out, { isRead: true })
    const verdicts = await verdictsOf(verifyMbox(ownMailbox(opened), files))
    return verdicts.filter(({ compared: count, others }) => count + others > 0)
  }

  it('is compared message by message', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [
      { text: 'Subject: a\r\n\r\nFrom me\r\n>From you\r\n', flags: ['\\Seen', '$A'] },
      // What cannot come back is not held against it.
      { text: 'Status: mine\r\nSubject: b\r\n\r\na\nb\r\r\n', flags: ['\\Draft'] },
      { text: 'Subject: only' },
      { text: `Subject: big\r\n\r\n${'From the start\r\n'.repeat(300_000)}`, dateMs: 86_400_000 },
      { text: 'Subject: last\r\n\r\nx' },
    ])
    const work = await makeFolder(opened.mailbox, 'Work/below')
    await appendTexts(opened, work, [{ text: 'x\r\n' }])
    await expect(compared()).rejects.toThrow(`there is no folder ${out}`)
    await exported()
    expect(await compared()).toMatchObject([
      { path: 'INBOX', equal: 5, others: 0, differencesCount: 0 },
      { path: 'Work/below', equal: 1, others: 0, differencesCount: 0 },
    ])
    await opened.mailbox.storeFlags(inbox, uids(1), { mode: 'replace', flags: ['\\Seen'] })
    await opened.mailbox.expunge(inbox, uids(3))
    await appendTexts(opened, inbox, [{ text: 'Subject: new\r\n\r\n' }])
    const path = join(out, 'INBOX')
    const text = await readFile(path, 'latin1')
    await writeFile(
      path,
      text.replace('1970\nSubject: big', '1971\nSubject: big').replace('\n\nx\n', '\n\ny\n'),
      'latin1',
    )
    await opened.mailbox.folders.rename(work, 'Other')
    expect(await compared()).toMatchObject([
      {
        path: 'INBOX',
        equal: 1,
        others: 1,
        differencesCount: 4,
        differences: [
          { uid: 6, what: 'missing' },
          { uid: 1, what: 'flags' },
          { uid: 4, what: 'date' },
          { uid: 5, what: 'bytes' },
        ],
      },
      { path: 'Other', equal: 0, others: 0, differences: [{ uid: 1, what: 'missing' }] },
      { path: 'Work.sbd/below', compared: 0, others: 1 },
    ])
    const { notes } = await exported()
    expect(notes.map(({ about }) => about)).toEqual(['Work.sbd/below'])
    expect(
      (await compared()).map(({ equal, differencesCount, others }) => [
        equal,
        differencesCount + others,
      ]),
    ).toEqual([
      [5, 0],
      [1, 0],
    ])
  })

  it('has a file for each folder, whatever their names are', async () => {
    const names = [
      'Work',
      'Work.sbd',
      'work',
      'Work/x',
      'x.mbox',
      '..',
      '.x',
      'n'.repeat(200),
      'k.json',
      '\u{1f4ec}',
    ]
    for (const name of names) {
      const folder = await makeFolder(opened.mailbox, name)
      await appendTexts(opened, folder, [{ text: `Subject: ${name.length}\r\n\r\n` }])
    }
    const report = await exported()
    const places = new Map(report.folders.map(({ path, place }) => [path, place]))
    expect(names.map((name) => places.get(name))).toEqual([
      ...['Work', 'Work_sbd', 'work (2)', 'Work.sbd/x', 'x_mbox', '_.', '_x', 'n'.repeat(200)],
      ...['k_json', '\u{1f4ec}'],
    ])
    const told = report.folders.filter(({ notes }) => notes.length > 0).map(({ path }) => path)
    expect(told.toSorted()).toEqual(['..', '.x', 'Work.sbd', 'k.json', 'work', 'x.mbox'])
    expect((await compared()).every(({ equal, others }) => equal === 1 && others === 0)).toBe(true)
  })

  it('believes nothing that a sender wrote of it', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [
      { text: 'X-IMAPbase: 7 99\r\nX-Status: D\r\nX-Keywords: evil\r\nSubject: a\r\n\r\n' },
      { text: 'X-IMAP: 8 99\r\nX-Mozilla-Status: 0008\r\nSubject: b\r\n\r\n' },
    ])
    await exported()
    const { numbers, read } = await readSource(await openMbox(out, { unquote: true }), ['INBOX'])
    expect(numbers?.uidValidity).toBe(inbox.uidValidity)
    expect(read.map(({ uid, flags, text }) => [uid, flags.join(), text])).toEqual([
      [1, '', 'Subject: a\r\n\r\n'],
      [2, '', 'Subject: b\r\n\r\n'],
    ])
    expect((await compared())[0]).toMatchObject({ equal: 2 })
  })

  it('leaves no half of a file where it ends early', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [{ text: 'a\r\n' }])
    await exported()
    await appendTexts(opened, inbox, [{ text: 'b\r\n' }])
    const target = await openFolderTarget(out)
    const report = await whole(
      exportMbox(ownMailbox(opened), target, { signal: AbortSignal.abort() }),
    )
    expect(report.folders).toEqual([])
    expect(await compared()).toMatchObject([
      { equal: 1, differences: [{ uid: 2, what: 'missing' }] },
    ])
    expect(JSON.parse(await readFile(join(out, '.postwolke-export.json'), 'utf8'))).toMatchObject({
      whole: false,
    })
  })

  it('tells what cannot come back', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [
      { text: 'Status: mine\r\n\r\na\nb\r\r\n' },
      { text: 'Subject: only' },
    ])
    const [first] = (await exported()).folders.filter(({ path }) => path === 'INBOX')
    expect(first?.notes.map(({ about, reason }) => `${about}: ${reason}`)).toEqual([
      'uid 1: lines that end with LF alone come back with CRLF',
      'uid 1: a CR before the end of a line is lost',
      'uid 1: has header lines that an mbox keeps for itself, as Status',
      'uid 2: its last line gets an end',
    ])
  })

  it('comes back byte for byte, whatever the messages are', async () => {
    const line = fc.oneof(
      fc.constantFrom(
        '',
        'From ',
        '>From x',
        '>>>From ann@example.test Sat Jan  3 01:05:34 2026',
        'From ann@example.test Sat Jan  3 01:05:34 2026',
        'Subject: x',
        ' folded',
        'X: y',
        'F',
        '>',
        'Fro',
      ),
      fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[\r\n\0]/g, '')),
    )
    const text = fc
      .tuple(fc.array(line, { maxLength: 12 }), fc.boolean())
      .map(([lines, ends]) => lines.join('\r\n') + (ends ? '\r\n' : ''))
      // Of these it is told that they do not; so of names that are the format's own.
      .filter((one) => (one.endsWith('\r\n') || one.includes('\r\n\r\n')) && one !== '')
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), async (texts) => {
        await using world = await openTestMailbox()
        const inbox = await world.mailbox.inbox(account)
        await appendTexts(
          world,
          inbox,
          texts.map((one): Text => ({ text: one })),
        )
        const own = ownMailbox(world)
        const report = await whole(exportMbox(own, await openFolderTarget(out)))
        const lossy = report.folders.some(({ notesCount }) => notesCount > 0)
        fc.pre(!lossy)
        const { read } = await readSource(await openMbox(out, { unquote: true }), ['INBOX'])
        expect(read.map((one) => one.text)).toEqual(texts)
        expect(read.map(({ uid }) => uid)).toEqual(texts.map((_, i) => i + 1))
      }),
      { numRuns: 40 },
    )
  })

  it.skipIf(!isInstalled('python3'))("is read by Python's mailbox", async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(
      opened,
      inbox,
      Array.from({ length: 20 }, (_, n) => ({
        text: `Subject: n${n}\r\n\r\nFrom the start\r\n${n === 7 ? 'no end' : 'b\r\n'}`,
        flags: n % 2 === 0 ? ['\\Seen', '\\Flagged'] : [],
      })),
    )
    await exported()
    const script = join(out, '.read.py')
    await writeFile(
      script,
      'import mailbox,sys\nfor m in mailbox.mbox(sys.argv[1]):\n  print(m["subject"], m.get_flags(), repr(m.get_payload()))\n',
    )
    const { stdout, stderr } = await runProgram('python3', [script, join(out, 'INBOX')])
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual(
      Array.from({ length: 20 }, (_, n) =>
        [
          `n${n}`,
          n % 2 === 0 ? 'ROF' : 'O',
          `'>From the start\\n${n === 7 ? 'no end\\n' : 'b\\n'}'`,
        ].join(' '),
      ),
    )
  })
})
