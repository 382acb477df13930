// Mailboxes of Gmail, whose labels become folders or keywords: where each message comes, under which uid, how often its bytes are read, and
// what becomes of labels that change there while somebody works here already.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEYWORDS_PER_FOLDER_MAX } from '#shared/mailbox/flags.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { type CopyOptions, copyMailbox } from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { LabelsAs } from '#shared/moving/mailboxes/imap/gmail.ts'
import { openImapSource } from '#shared/moving/mailboxes/imap/imap-source.ts'
import { THROTTLED_PAUSES_MS } from '#shared/moving/mailboxes/imap/session.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import {
  type GmailMessage,
  type GmailServer,
  type GmailTerms,
  startGmail,
} from '#test/support/gmail-server.ts'
import { account, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { must } from '#test/support/must.ts'

const options: CopyOptions = { dryRun: false, deletions: 'follow', signal: undefined }
const labels = ['Work', 'Work/2024', 'B&APw-cher', 'Muy Importante', 'Nobody']

const message = (
  id: string,
  labels: readonly string[],
  flags: readonly string[] = [],
): GmailMessage => ({
  id,
  labels,
  flags,
  text: `Subject: ${id}\r\n\r\nof ${id}\r\n`,
})

describe('labels of Gmail', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let gmail: GmailServer
  let pauses: number[]

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    pauses = []
  })
  afterEach(() => resources.disposeAsync())

  async function start(terms: Partial<GmailTerms> = {}): Promise<void> {
    gmail = resources.use(await startGmail({ labels, ...terms }))
    gmail.messages.push(
      message('1', ['\\Inbox', 'Work', '\\Important'], ['\\Seen']),
      message('2', ['\\Sent', 'Work/2024']),
      message('3', ['B&APw-cher', 'Muy Importante', '\\Starred'], ['\\Flagged']),
      message('4', []),
      message('5', ['\\Draft'], ['\\Draft']),
      message('6', ['\\Inbox', '\\Sent', 'Say "hi"']),
      message('7', ['\\Important', 'Hidden & odd']),
      { ...message('8', ['Work']), place: '\\Trash' },
      { ...message('9', []), place: '\\Junk' },
    )
  }

  async function copy(as: LabelsAs = 'folders'): Promise<MailboxReport> {
    const source = await openImapSource({
      host: { host: '127.0.0.1', port: gmail.port, tls: 'none' },
      login: { user: 'ann', secret: { kind: 'password', password: 'secretword' } },
      clock: { sleep: async (ms) => void pauses.push(ms) },
      labels: as,
    })
    try {
      const target = { account: 'a@example.test', accountId: account, mailbox: opened.mailbox }
      const steps = copyMailbox(source, target, options)
      for (;;) {
        const step = await steps.next()
        if (step.done) return step.value
      }
    } finally {
      await source.close()
    }
  }

  /** By path: uid, subject and flags of each message. */
  async function here(): Promise<Readonly<Record<string, readonly string[]>>> {
    const found: [string, readonly string[]][] = []
    const tree = await opened.mailbox.folders.tree(account)
    for (const folder of tree.folders) {
      const { messages } = await opened.mailbox.snapshot(folder)
      const lines: string[] = []
      for (const { uid, flags: told, blobId } of messages) {
        const flags = [...told].sort()
        const blob = must(await opened.mailbox.blob(blobId))
        const stored = new StoredMessage(opened.store.objects, blob, '')
        const bytes = Buffer.concat(await Array.fromAsync(stored.stream()))
        const [, id] = /^Subject: (\S+)/.exec(bytes.toString('latin1')) ?? []
        lines.push([uid, `m${id}`, ...flags].join(' '))
      }
      if (folder.selectable) found.push([tree.pathOf(folder), lines])
    }
    return Object.fromEntries(found)
  }

  const inFolders = {
    INBOX: ['101 m1 $Important \\Seen', '103 m6'],
    Drafts: ['101 m5 \\Draft'],
    Sent: ['101 m2', '103 m6'],
    Junk: ['101 m9'],
    Trash: ['101 m8'],
    Work: ['101 m1 $Important \\Seen'],
    'Work/2024': ['101 m2'],
    Bücher: ['101 m3 \\Flagged'],
    'Muy Importante': ['101 m3 \\Flagged'],
    Nobody: [],
    // What no folder has of those that are shown; the uids of \All.
    Archive: ['107 m4', '113 m7 $Important'],
  }

  it.each([
    { speaker: 'today', terms: {} },
    { speaker: 'before RFC 6154', terms: { speaksXlist: true } },
  ])(
    'become folders with the uids they had, each message read once ($speaker)',
    async ({ terms }) => {
      await start(terms)
      const report = await copy()
      expect(await here()).toEqual(inFolders)
      expect(gmail.read.toSorted()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
      const read = report.folders.map(({ path, uids, unread, otherUids }) => [
        path,
        uids,
        unread,
        otherUids,
      ])
      expect(
        read.every(([, uids, unread, others]) => uids === 'kept' && unread === 0 && others === 0),
      ).toBe(true)
      const again = await copy()
      expect(
        again.folders.every(
          ({ brought, removed, flagsChanged }) => brought + removed + flagsChanged === 0,
        ),
      ).toBe(true)
      expect(gmail.read).toHaveLength(9)
    },
  )

  it('have one stored message for all copies, which lives as long as one of them', async () => {
    await start()
    await copy()
    const blobs = new Set<string>()
    let copies = 0
    for (const path of Object.keys(inFolders)) {
      const folder = must(await opened.mailbox.folders.find(account, path))
      const { messages } = await opened.mailbox.snapshot(folder)
      copies += messages.length
      for (const { blobId } of messages) blobs.add(blobId)
    }
    expect([blobs.size, copies]).toEqual([9, 13])
    const inbox = must(await opened.mailbox.folders.find(account, 'INBOX'))
    await opened.mailbox.expunge(
      inbox,
      (await opened.mailbox.snapshot(inbox)).messages.map(({ uid }) => uid),
    )
    expect(await here()).toEqual({ ...inFolders, INBOX: [] })
  })

  it('are followed where they change there, and not where somebody changed the message here', async () => {
    await start()
    await copy()
    const inbox = must(await opened.mailbox.folders.find(account, 'INBOX'))
    const [, sixth] = (await opened.mailbox.snapshot(inbox)).messages
    await opened.mailbox.storeFlags(inbox, [must(sixth).uid], { mode: 'add', flags: ['$Mine'] })
    const [one, two, three, four, , six] = gmail.messages
    must(one).labels = ['Work', 'Nobody'] // archived, labelled, and not important any more
    must(two).labels = ['\\Sent'] // a label less
    must(three).labels = [] // archived
    must(four).labels = ['\\Inbox', '\\Starred'] // back in the inbox
    must(six).labels = ['\\Sent'] // archived: somebody marked it here
    gmail.messages.splice(4, 1) // the draft is gone
    await copy()
    expect(await here()).toEqual({
      ...inFolders,
      INBOX: ['103 m6 $Mine', '105 m4 \\Flagged'],
      Drafts: [],
      Sent: inFolders.Sent,
      Work: ['101 m1 \\Seen'],
      'Work/2024': [],
      Bücher: [],
      'Muy Importante': [],
      Nobody: ['101 m1 \\Seen'],
      // Its uid of \All is below one that was given here.
      Archive: ['113 m7 $Important', '115 m3 \\Flagged'],
    })
  })

  it('become keywords, and each message comes once, where Takeout has it', async () => {
    await start()
    await copy('keywords')
    expect(await here()).toEqual({
      INBOX: ['101 m1 $Important Work \\Seen'],
      Drafts: ['101 m5 \\Draft'],
      Sent: ['101 m2 Work/2024', '103 m6 Say__hi_'],
      Junk: ['101 m9'],
      Trash: ['101 m8 Work'],
      Archive: [
        '105 m3 B&APw-cher Muy_Importante \\Flagged',
        '107 m4',
        '113 m7 $Important Hidden_&-_odd',
      ],
    })
    // The other way afterwards: nothing comes twice into what both have.
    await copy('folders')
    await copy('keywords')
    expect((await here()).INBOX).toEqual(['101 m1 $Important Work \\Seen'])
    must(gmail.messages[0]).labels = ['\\Inbox', 'Nobody']
    await copy('keywords')
    expect((await here()).INBOX).toEqual(['101 m1 Nobody \\Seen'])
  })

  it('are told where a folder has no room for so many keywords', async () => {
    await start()
    const many = Array.from({ length: KEYWORDS_PER_FOLDER_MAX + 2 }, (_, n) => `label${n}`)
    gmail.messages.push(message('10', many.slice(0, 70)), message('11', many.slice(70)))
    const report = await copy('keywords')
    const archive = report.folders.find(({ path }) => path === 'Archive')
    // With four of other messages.
    expect(Object.values(must(archive).droppedFlags)).toEqual(Array(6).fill(1))
    expect(must(archive).notes).toEqual([
      { about: '', reason: `has ${KEYWORDS_PER_FOLDER_MAX} keywords: more are left out` },
    ])
    expect((await here()).Archive?.at(-1)?.split(' ')).toHaveLength(2 + 60 - 6)
  })

  it('are folders as they are where \\All is hidden, and the report says what is missing', async () => {
    await start({ hidesAllMail: true })
    const report = await copy()
    expect(report.notes).toEqual([
      { about: 'All Mail', reason: expect.stringContaining('is not shown by IMAP') },
    ])
    expect((await here()).Archive).toEqual([])
    expect((await here()).Work).toEqual(inFolders.Work)
  })

  it('come when Gmail gives bytes again, after the pauses for it', async () => {
    await start()
    let refused = 0
    gmail.refuses = (command) => {
      if (!command.includes('BODY.PEEK[]') || refused === THROTTLED_PAUSES_MS.length)
        return undefined
      refused++
      return 'NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)'
    }
    await copy()
    expect(pauses).toEqual(THROTTLED_PAUSES_MS)
    expect(await here()).toEqual(inFolders)
  })
})
