import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import { account, makeFolder, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { appendTexts, ownMailbox, readSource, type Text, whole } from '#test/support/own-mailbox.ts'
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
