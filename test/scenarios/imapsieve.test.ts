// What scripts in mailboxes send (RFC 6785, FILTER), from the IMAP session to where it leaves: in whose name it goes, what it counts as,
// and what is made of it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleOutbox } from '#services/assembly/outbox.ts'
import { assembleScripting } from '#services/assembly/scripting.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { sentKey } from '#shared/rates/sent-by-day.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const ANN = 'ann@example.test'
const clock = manualClock()
let resources: AsyncDisposableStack
let store: Store
let pipeline: Pipeline
let log: MemoryLog
let id: AccountId
let client: ImapClient
const left: { from: string; to: readonly string[]; text: string; listener: string }[] = []

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  const opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  store = opened.store
  left.length = 0
})
afterEach(() => resources.disposeAsync())

async function open(...set: readonly string[]): Promise<void> {
  log = new MemoryLog()
  pipeline = createPipeline(store, clock, {
    log,
    set,
    deliverRemote: async (message, _route, recipients) => {
      const body = await Array.fromAsync(must(await store.objects.stream(message.object.key)))
      left.push({
        from: message.envelope.sender,
        to: recipients.map(({ address }) => address),
        text: message.prepend + Buffer.concat(body).toString('latin1'),
        listener: message.origin.listener,
      })
      return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
    },
  })
  const { backend } = pipeline
  ;({ id } = await pipeline.addAccount(ANN))
  const scripting = assembleScripting(backend, assembleOutbox(backend))
  const account = { id, login: ANN, sessionsEpoch: 0 }
  const server = await startImapServer({ store, account, scripting, log })
  resources.defer(server.stop)
  client = await ImapClient.login(server.port, ANN)
  resources.defer(() => client.close())
}

const shelf = () =>
  createScriptShelf({
    scripts: pipeline.backend.directory.scripts,
    vocabulary,
    limits: { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 },
  })

/** Shown whatever happens in INBOX. */
async function script(text: string): Promise<void> {
  expect(await shelf().put(id, 'inbox', Buffer.from(text))).toMatchObject({ kind: 'put' })
  await client.ok('SETMETADATA INBOX (/shared/imapsieve/script "inbox")')
}

async function settled(): Promise<typeof left> {
  // The doorbell is on its way; writes of one process keep their order.
  await store.tables.counters.write({ put: { pk: 'barrier', sk: 'x' } })
  await pipeline.workers.sweeper.ringDue({ isStart: true })
  await pipeline.settle()
  return left
}

async function texts(path: string): Promise<readonly string[]> {
  const { mailbox } = pipeline.backend
  const { messages } = await mailbox.snapshot(must(await mailbox.folders.find(id, path)))
  const opener = createMessageOpener({ blob: mailbox.blob, objects: store.objects })
  return await Promise.all(
    messages.map(async (message) => {
      const chunks = await Array.fromAsync(must(await opener.open(message)).stream())
      return Buffer.concat(chunks).toString('latin1')
    }),
  )
}

const redirecting = 'require "copy"; redirect :copy "far@away.test";'

describe('what is sent on', () => {
  it('goes in the name of the owner, with what it lacks, and is not signed as hers', async () => {
    await open()
    await script(redirecting)
    const forged = 'Authentication-Results: mx.example.test; dmarc=pass\r\n'
    await client.append(
      'INBOX',
      `${forged}From: bob@remote.test\r\nBcc: x@remote.test\r\nSubject: on\r\n\r\nx\r\n`,
    )
    const [sent, ...more] = await settled()
    expect(more).toEqual([])
    // As by LMTP: it is anybody's.
    expect(sent).toMatchObject({ from: ANN, to: ['far@away.test'], listener: 'lmtp' })
    expect(sent?.text).toContain(`X-Sieve-Redirected-From: ${ANN}\r\n`)
    expect(sent?.text).not.toMatch(/Authentication-Results|Bcc/)
    expect(sent?.text).toContain('\r\n\r\nx\r\n')
  })

  it('comes, where it was delivered, with what we found out of it and without the return path', async () => {
    await open()
    await pipeline.accept(
      `From: bob@remote.test\r\nTo: ${ANN}\r\nSubject: on\r\n\r\nx\r\n`,
      [ANN],
      {
        prepend:
          'Received: by mx.example.test\r\nAuthentication-Results: mx.example.test; spf=pass\r\n',
      },
    )
    await pipeline.settle()
    await script(redirecting)
    await client.ok('SELECT INBOX')
    await client.ok('STORE 1 +FLAGS (\\Flagged)')
    const [sent] = await settled()
    expect(sent?.text).toBe(
      `X-Sieve-Redirected-From: ${ANN}\r\nDelivered-To: ${ANN}\r\nReceived: by mx.example.test\r\nAuthentication-Results: mx.example.test; spf=pass\r\nFrom: bob@remote.test\r\nTo: ${ANN}\r\nSubject: on\r\n\r\nx\r\n`,
    )
  })

  it('counts as what she submits, and ends with her limit of a day', async () => {
    await open('accountMessageLimitPerDay=2')
    await script('redirect "far@away.test";')
    for (const n of [1, 2, 3])
      await client.append('INBOX', `From: a@away.test\r\nSubject: ${n}\r\n\r\n`)
    expect((await settled()).length).toBe(2)
    const counted = await store.tables.counters.get(sentKey(id, clock.now()))
    expect(counted).toMatchObject({ messages: 2, recipients: 2 })
    await client.ok('SELECT INBOX')
    const { untagged } = await client.ok('FETCH 1:* FLAGS')
    // What could not be sent stays.
    expect(untagged.map((line) => line.includes('Deleted'))).toEqual([true, true, false])
    expect(log.lines.map(({ fields }) => fields.reason)).toContain(
      'line 1: not sent on to far@away.test: more than 2 messages in a day',
    )
  })

  it.each(['frozen', 'disabled'])('is nothing of an account that is %s', async (state) => {
    await open()
    await script('redirect "far@away.test";')
    const { accounts } = pipeline.backend.directory
    if (state === 'frozen') await accounts.freeze(id, 'stolen')
    else await accounts.set(must(parseAddress(ANN)), { enabled: false })
    await client.append('INBOX', 'From: a@away.test\r\n\r\n')
    expect(await settled()).toEqual([])
    await client.ok('SELECT INBOX')
    expect((await client.ok('FETCH 1 FLAGS')).untagged).toEqual(['1 FETCH (FLAGS ())'])
  })

  it.each([
    ['has NUL in it', 'From: a@away.test\r\n\r\na\0b\r\n', []],
    [
      'is larger than what may be sent',
      `From: a@away.test\r\n\r\n${'x'.repeat(5_000)}\r\n`,
      ['messageSizeLimit=4096'],
    ],
  ])('is nothing that %s', async (_, text, set) => {
    await open(...set)
    await script('redirect "far@away.test";')
    await client.ok(`APPEND INBOX ~{${text.length}}`, `${text}\r\n`)
    expect(await settled()).toEqual([])
  })
})

describe('notifications', () => {
  it('are the owner’s own', async () => {
    await open()
    await script(
      'require ["enotify", "imap4flags"]; if hasflag "\\\\Flagged" { notify "mailto:pager@away.test"; }',
    )
    await client.append(
      'INBOX',
      'From: bob@remote.test\r\nSubject: urgent\r\n\r\nx\r\n',
      '(\\Flagged) ',
    )
    const [sent] = await settled()
    expect(sent).toMatchObject({ from: ANN, to: ['pager@away.test'], listener: 'local' })
    expect(sent?.text).toContain('Subject: urgent\r\n')
  })
})

describe('a script that fails', () => {
  it('is told to its owner once a day', async () => {
    await open()
    await script('require "vacation"; vacation "Away.";')
    await client.append('INBOX', 'Subject: 1\r\n\r\n')
    await client.append('INBOX', 'Subject: 2\r\n\r\n')
    const told = (await texts('INBOX')).filter((text) => text.includes('MAILER-DAEMON'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('for what happened to a\r\nmessage in one of your mailboxes')
    clock.advance(86_400_001)
    await client.append('INBOX', 'Subject: 3\r\n\r\n')
    expect(await texts('INBOX')).toHaveLength(5)
  })
})

describe('FILTER', () => {
  it('runs what delivery would: scripts of all before, one’s own, and what it remembers', async () => {
    await open('sieveBefore=first')
    const first = 'require "imap4flags"; addflag "$First";'
    await shelf().put(null, 'first', Buffer.from(first))
    const own =
      'require ["duplicate", "fileinto", "vacation"]; vacation "Away."; if duplicate { fileinto "Archive"; }'
    await shelf().put(id, 'own', Buffer.from(own))
    await shelf().activate(id, 'own')
    for (const n of [1, 2])
      await client.append(
        'INBOX',
        `Message-ID: <same@remote.test>\r\nFrom: bob@remote.test\r\nSubject: ${n}\r\n\r\n`,
      )
    await client.ok('SELECT INBOX')
    const { untagged } = await client.ok('FILTER SIEVE DELIVERY ALL')
    expect(untagged.filter((line) => !line.includes('FLAGS ') || line.includes('FETCH'))).toEqual([
      '1 FETCH (UID 1 FLAGS ($First))',
      '1 FILTERED (TAG "t5") OK',
      '2 FETCH (UID 2 FLAGS (\\Deleted))',
      '2 FILTERED (TAG "t5") OK',
    ])
    // The same messages again are to themselves as if they had not been seen.
    const again = await client.ok('FILTER SIEVE DELIVERY 1')
    expect(again.untagged).toEqual([])
    expect(await texts('Archive')).toHaveLength(1)
    expect(await settled()).toEqual([])
  })

  it('sends, too', async () => {
    await open()
    await client.append('INBOX', 'From: bob@remote.test\r\nSubject: on\r\n\r\n')
    await client.ok('SELECT INBOX')
    await client.ok('FILTER SIEVE SCRIPT "redirect \\"far@away.test\\";" ALL')
    expect((await settled()).map(({ from, to }) => [from, ...to])).toEqual([[ANN, 'far@away.test']])
    expect((await client.ok('FETCH 1 FLAGS')).untagged).toEqual(['1 FETCH (FLAGS (\\Deleted))'])
  })
})
