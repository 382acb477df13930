// RFC 6785, where a transcript does not look: what scripts send, what many messages cost, and that whoever has no script pays nothing.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { EVENT_FAILURES_MAX } from '#services/imap/scripts/events.ts'
import { BATCH_MESSAGES } from '#services/imap/scripts/over-messages.ts'
import type { Uid } from '#shared/contracts/mailbox.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Store } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type ImapServer, startImapServer } from '#test/support/imap-server.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { must } from '#test/support/must.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { scripts } from '#test/transcripts/imap/scripts.ts'

const ann = 'ann@example.test'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function start(
  personal: Readonly<Record<string, string>> = scripts,
  given: Parameters<typeof startImapServer>[0] = {},
) {
  const { scripts: more, ...options } = given ?? {}
  const server = await startImapServer({ ...options, scripts: { personal, ...more } })
  resources.defer(server.stop)
  const client = await ImapClient.login(server.port)
  resources.defer(() => client.close())
  const seed = async (count: number, text = (n: number) => `Subject: ${n}\r\n\r\nbody\r\n`) => {
    const inbox = await server.mailbox.inbox(server.accountId(ann))
    for (let n = 1; n <= count; n++) await server.seed(inbox, text(n))
  }
  const name = async (script: string, mailbox = 'INBOX') =>
    client.ok(`SETMETADATA ${mailbox} (/shared/imapsieve/script "${script}")`)
  return { server, client, seed, name }
}

async function countIn({ mailbox, accountId }: ImapServer, path: string): Promise<number> {
  const folder = must(await mailbox.folders.find(accountId(ann), path))
  return (await mailbox.snapshot(folder)).messages.length
}

describe('what scripts send', () => {
  it('§5 example 1: a copy of what comes in goes on, in the owner’s name', async () => {
    const { server, client, name } = await start()
    await client.ok('CREATE ActionItems')
    await name('example1', 'ActionItems')
    await client.append('ActionItems', 'From: ann@example.test\r\nSubject: do it\r\n\r\nnow\r\n')
    expect(server.posted).toHaveLength(1)
    const [sent] = server.posted
    expect(sent).toMatchObject({
      kind: 'redirected',
      envelope: { sender: ann, recipients: [{ address: 'actionitems@example.com' }] },
    })
    expect(sent?.text).toBe(
      `X-Sieve-Redirected-From: ${ann}\r\nFrom: ann@example.test\r\nSubject: do it\r\n\r\nnow\r\n`,
    )
    // In INBOX it is none of the script's business.
    await name('example1')
    await client.append('INBOX', 'Subject: x\r\n\r\n')
    expect(server.posted).toHaveLength(1)
  })

  it('§5 example 2: whoever flags a message has somebody told, once', async () => {
    const { server, client, seed, name } = await start()
    await seed(1, () => 'From: far@away.test\r\nSubject: news\r\n\r\nx\r\n')
    await name('example2')
    await client.ok('SELECT INBOX')
    await client.ok('STORE 1 +FLAGS (\\Seen)')
    await client.ok('STORE 1 +FLAGS (\\Flagged)')
    await client.ok('STORE 1 +FLAGS (\\Flagged \\Answered)')
    await client.ok('STORE 1 -FLAGS (\\Flagged)')
    expect(server.posted.map(({ kind }) => kind)).toEqual(['made'])
    expect(server.posted[0]?.text).toContain('Subject: Important message in INBOX\r\n')
    expect((await client.ok('FETCH 1 FLAGS')).untagged[0]).not.toContain('Deleted')
  })

  it('leaves the message where it is when nothing may be sent', async () => {
    const personal = { on: 'redirect "far@away.test";' }
    const because = 'the account may not send'
    const log = new MemoryLog()
    const post = () => ({ kind: 'refused', because }) as const
    const { server, client, seed, name } = await start(personal, { post, log })
    await seed(1)
    await name('on')
    await client.ok('SELECT INBOX')
    expect((await client.ok('STORE 1 +FLAGS (\\Flagged)')).untagged).toEqual([
      '1 FETCH (UID 1 FLAGS (\\Flagged))',
    ])
    expect(server.posted).toEqual([])
    expect(log.lines.map(({ fields }) => fields.reason)).toContain(
      `line 1: not sent on to far@away.test: ${because}`,
    )
  })

  it.each([
    ['in the name of somebody else here', 'From: boss@example.test', '', false],
    [
      'with a sender of somebody else here',
      'From: ann@example.test\r\nSender: boss@example.test',
      '',
      false,
    ],
    ['in one’s own', 'From: Ann <ann+x@example.test>', '', true],
    ['of somebody elsewhere', 'From: boss@away.test', '', true],
    [
      'of somebody here, that was delivered',
      'From: boss@example.test',
      'Return-Path: <boss@example.test>\r\nReceived: here\r\n',
      true,
    ],
  ])('sends on, or not, what is %s', async (_, from, added, isSent) => {
    const { server, client, name } = await start({
      on: 'redirect :copy "far@away.test";'.replace(/^/, 'require "copy"; '),
    })
    await name('on')
    const text = `${from}\r\nSubject: x\r\n\r\nx\r\n`
    if (added === '') await client.append('INBOX', text)
    else {
      const inbox = await server.mailbox.inbox(server.accountId(ann))
      await server.seed(inbox, text, [], 0, added)
      await client.ok('SELECT INBOX')
      await client.ok('STORE 1 +FLAGS (\\Flagged)')
    }
    expect(server.posted).toHaveLength(isSent ? 1 : 0)
    // RFC 5321 §4.4: who delivers writes one.
    if (isSent) expect(server.posted[0]?.text).not.toContain('Return-Path')
    if (added !== '') expect(server.posted[0]?.text).toContain('Received: here\r\nFrom: boss')
  })

  it('does not send on what it sent on before, nor to the owner', async () => {
    const personal = {
      on: 'require "copy"; redirect :copy "far@away.test"; redirect :copy "ANN@example.test";',
    }
    const { server, client, name } = await start(personal)
    await name('on')
    await client.append('INBOX', `X-Sieve-Redirected-From: ${ann}\r\nFrom: a@away.test\r\n\r\n`)
    expect(server.posted).toEqual([])
    await client.append('INBOX', 'From: a@away.test\r\n\r\n')
    expect(server.posted.map(({ envelope }) => envelope.recipients[0]?.address)).toEqual([
      'far@away.test',
    ])
  })
})

describe('many messages', () => {
  it('are each shown to the script, with a turn for others between, and marked together', async () => {
    const { store, close } = await openEmbedded()
    resources.defer(close)
    const mail = countingTable(store.tables.mail)
    const counting: Store = { ...store, tables: { ...store.tables, mail: mail.table } }
    const { server, client, seed, name } = await start(scripts, { store: counting })
    const COUNT = 500
    await seed(COUNT)
    await name('discarding')
    await client.ok('SELECT INBOX')
    mail.take()
    using step = vi.spyOn(turns, 'step')
    await client.ok('STORE 1:* +FLAGS.SILENT (\\Flagged)')
    expect(step.mock.calls.length).toBeGreaterThan(COUNT)
    const writes = mail.take().filter((name) => name === 'transact')
    // Those of STORE, and one for each batch.
    expect(writes.length).toBeLessThan(COUNT / BATCH_MESSAGES + COUNT / 90 + 2)
    const inbox = await server.mailbox.inbox(server.accountId(ann))
    const { messages } = await server.mailbox.snapshot(inbox)
    expect(messages.every(({ flags }) => flags.includes('\\Deleted'))).toBe(true)
  })

  it('with which a script fails end it, and its owner is told once', async () => {
    const log = new MemoryLog()
    const { server, client, seed, name } = await start(scripts, { log })
    await seed(100)
    await name('failing')
    await client.ok('SELECT INBOX')
    await client.ok('STORE 1:* +FLAGS.SILENT (\\Flagged)')
    expect(EVENT_FAILURES_MAX).toBeLessThan(BATCH_MESSAGES)
    expect(log.lines.filter(({ message }) => message.startsWith('script failed'))).toHaveLength(10)
    // A batch is ended.
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        message: 'script not run for the rest',
        fields: expect.objectContaining({ messages: 100 - BATCH_MESSAGES }),
      }),
    )
    expect(await countIn(server, 'INBOX')).toBe(101)
  })

  it('of a session that has to end are not all looked at', async () => {
    const log = new MemoryLog()
    const reached = Promise.withResolvers<void>()
    const mayGoOn = Promise.withResolvers<void>()
    const personal = { on: 'require "copy"; redirect :copy "far@away.test";' }
    let sent = 0
    const post = () => {
      if (++sent === 1) reached.resolve()
      return { kind: 'queued' } as const
    }
    const { server, client, seed, name } = await start(personal, { log, post })
    await seed(10 * BATCH_MESSAGES, () => 'From: a@away.test\r\n\r\n')
    await name('on')
    await client.ok('SELECT INBOX')
    // Nobody goes on before that.
    const real = turns.step.bind(turns)
    using _ = vi
      .spyOn(turns, 'step')
      .mockImplementation(() => (sent === 0 ? real() : mayGoOn.promise))
    client.send('x STORE 1:* +FLAGS.SILENT (\\Flagged)\r\n')
    await reached.promise
    const closing = server.listener.close({ graceMs: 0 })
    await expect(client.line()).rejects.toThrow('closed')
    for (let turn = 0; turn < 100; turn++) await new Promise((next) => setImmediate(next))
    mayGoOn.resolve()
    await closing
    expect(log.lines.map(({ message }) => message)).toContain('script not run for the rest')
    expect(sent).toBeLessThan(10 * BATCH_MESSAGES)
    expect(server.posted.length).toBe(sent)
  })
})

describe('a mailbox without a script', () => {
  it('is one whose entry an older version kept as an annotation, and that entry is not told', async () => {
    const { server, client, seed, name } = await start()
    await seed(1)
    const inbox = await server.mailbox.inbox(server.accountId(ann))
    const entry = '/shared/imapsieve/script'
    const value = Buffer.from('discarding')
    await server.mailbox.annotations.set(inbox, [{ entry, value }])
    await client.ok('SELECT INBOX')
    await client.ok('STORE 1 +FLAGS (\\Flagged)')
    expect((await client.ok('FETCH 1 FLAGS')).untagged[0]).not.toContain('Deleted')
    expect((await client.ok(`GETMETADATA INBOX ${entry}`)).untagged).toEqual([
      `METADATA INBOX (${entry} NIL)`,
    ])
    await name('marking')
    expect(await server.mailbox.annotations.get(inbox)).toEqual([])
  })

  it('costs what it did before', async () => {
    const { store, close } = await openEmbedded()
    resources.defer(close)
    const tables = {
      mail: countingTable(store.tables.mail),
      directory: countingTable(store.tables.directory),
      counters: countingTable(store.tables.counters),
    }
    const { mail, directory, counters } = tables
    const counting: Store = {
      ...store,
      tables: {
        ...store.tables,
        mail: mail.table,
        directory: directory.table,
        counters: counters.table,
      },
    }
    const { server, client, seed } = await start(scripts, { store: counting })
    await seed(3)
    await client.ok('SELECT INBOX')
    const inbox = await server.mailbox.inbox(server.accountId(ann))
    const archive = must(await server.mailbox.folders.find(server.accountId(ann), 'Archive'))
    mail.take()
    await server.mailbox.storeFlags(inbox, [1 as Uid], { mode: 'add', flags: ['\\Seen'] })
    const ofStore = mail.take()
    await server.mailbox.copy(inbox, [1 as Uid], archive)
    const ofCopy = mail.take()
    await client.ok('NOOP')
    // What others did is looked at.
    const ofNews = mail.take()
    await client.ok('STORE 2 +FLAGS (\\Seen)')
    expect(mail.take()).toEqual([...ofStore, ...ofNews])
    // Where it goes is found before, and how much room there is.
    await client.ok('COPY 2 Archive')
    expect(mail.take().slice(-ofCopy.length).toSorted()).toEqual(ofCopy.toSorted())
    expect([...directory.take(), ...counters.take()]).toEqual([])
  })
})

describe('what goes wrong', () => {
  it('leaves the message as it is where there is no room to file it', async () => {
    const personal = { on: 'require "fileinto"; fileinto "Archive";' }
    const log = new MemoryLog()
    const given = { log, scripts: { quotaMessages: 1 } }
    const { server, client, seed, name } = await start(personal, given)
    await seed(1)
    await name('on')
    await client.ok('SELECT INBOX')
    expect((await client.ok('STORE 1 +FLAGS (\\Flagged)')).untagged).toEqual([
      '1 FETCH (UID 1 FLAGS (\\Flagged))',
    ])
    expect(log.lines.map(({ fields }) => fields.reason)).toContain('the mailbox is full')
    expect(await countIn(server, 'Archive')).toBe(0)
  })

  it('is no matter of the command: a script that is gone, and a message that was expunged', async () => {
    const { client, seed, name } = await start()
    await seed(2)
    await name('nobody has it')
    await client.ok('SELECT INBOX')
    await client.ok('STORE 1:2 +FLAGS (\\Flagged)')
  })
})
