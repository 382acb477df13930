// What receipt does to the message itself, as a postmaster expects of Postfix's cleanup: from the spool into the mailbox.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('a message that is received', () => {
  const clock = manualClock()
  let resources: AsyncDisposableStack
  let store: Store
  let pipeline: Pipeline

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder())
    store = resources.use(await openEmbeddedStore({ directory: folder.path, clock }))
    pipeline = createPipeline(store, clock)
    await pipeline.addAccount('ann@example.test')
  })
  afterEach(() => resources.disposeAsync())

  /** The header fields of the only message, and what follows the first empty line. */
  async function arrived(to = 'ann@example.test', from = pipeline) {
    await from.settle()
    const [message = '', ...more] = await from.inbox(to)
    expect(more).toEqual([])
    const end = message.indexOf('\r\n\r\n')
    return {
      message,
      fields: message.slice(0, end).split(/\r\n(?![ \t])/),
      text: message.slice(end + 4),
    }
  }

  const received = (by = 'mx.example.test') =>
    `Received: from x.test ([192.0.2.1])\r\n\tby ${by} with ESMTP id 0123456789ABCDEFGH;\r\n\tFri, 20 Nov 2026 00:00:00 +0000\r\n`

  it('gets the empty line that ends its header, and the index knows it', async () => {
    const body = 'The battery is low.\r\nPlease look: now.\r\n'
    await pipeline.accept(`Subject: ups alarm\r\n${body}`, ['ann@example.test'])
    const { fields, text, message } = await arrived()
    expect(fields.at(-1)).toBe('Subject: ups alarm')
    expect(text).toBe(body)
    const account = await pipeline.backend.directory.accounts.get({
      local: 'ann',
      domain: 'example.test' as never,
    })
    if (account === undefined) throw new Error('no ann')
    const inbox = await pipeline.backend.mailbox.inbox(account.id)
    const [stored] = (await pipeline.backend.mailbox.snapshot(inbox)).messages
    expect(stored?.size).toBe(message.length)
    const [blob] = await pipeline.backend.mailbox.blobs(stored ? [stored.blobId] : [])
    const index = decodeIndex(blob?.index ?? new Uint8Array())
    expect(index.structure.body[1]).toBe(body.length)
    expect(index.headerBytes).toBe('Subject: ups alarm\r\n\r\n'.length)
  })

  it('has no line of ours glued to text that begins it', async () => {
    for (const text of ['Act now, please: low.\r\n', ' indented\r\n']) {
      const queueId = await pipeline.accept(text, ['ann@example.test'])
      await pipeline.settle()
      const [message = ''] = (await pipeline.inbox('ann@example.test')).slice(-1)
      expect(message.endsWith(`Received: by mx.example.test\r\n\r\n${text}`), queueId).toBe(true)
    }
  })

  it.each([
    ['a login', origin({ id: 'a', login: 'ann@example.test' })],
    ['another server', origin(null)],
  ])('loses Bcc, Return-Path and the like, from %s', async (_, from) => {
    await pipeline.accept(
      'Return-Path: <forged@x.test>\r\nFrom: a@b.test\r\nBcc: secret@blind.test,\r\n other@blind.test\r\nDate: x\r\nMessage-ID: <a@b>\r\nResent-Bcc: more@blind.test\r\nContent-Length: 4\r\nSubject: s\r\n\r\nBcc: stays\r\n',
      ['ann@example.test'],
      { origin: from },
    )
    const { fields, text } = await arrived()
    expect(fields).toEqual([
      'Delivered-To: ann@example.test',
      'Return-Path: <sender@remote.test>',
      'Received: by mx.example.test',
      'From: a@b.test',
      'Date: x',
      'Message-ID: <a@b>',
      'Subject: s',
    ])
    expect(text).toBe('Bcc: stays\r\n')
    expect((await pipeline.envelopes('ann@example.test'))[0]?.bcc).toBeNull()
  })

  it('has its sender in correct form in the fields that are added', async () => {
    const other = createPipeline(store, clock, { set: ['alwaysAddMissingHeaders=yes'] })
    for (const [sender, written] of [
      ['.a@remote.test', '".a"@remote.test'],
      ['"a"@Remote.test', 'a@remote.test'],
    ] as const) {
      const to = `${written.length}@example.test`
      await other.addAccount(to)
      await other.accept('Subject: s\r\n\r\nx\r\n', [to], { envelope: { sender } })
      const { fields } = await arrived(to, other)
      expect(fields).toContain(`Return-Path: <${written}>`)
      expect(fields).toContain(`From: <${written}>`)
    }
  })

  it('loses what messageDropHeaders names, and that alone', async () => {
    const other = createPipeline(store, clock, { set: ['messageDropHeaders=X-Spam, x-other'] })
    await other.accept('X-SPAM: no\r\nBcc: a@b.test\r\nX-Other: b\r\n\r\nx\r\n', [
      'ann@example.test',
    ])
    expect((await arrived('ann@example.test', other)).fields.slice(3)).toEqual(['Bcc: a@b.test'])
  })

  it('loses what messageStripCharacters names', async () => {
    const other = createPipeline(store, clock, { set: ['messageStripCharacters=\\0x'] })
    await other.accept('Subject: a\0b\r\n\r\nx\0y\r\n', ['ann@example.test'])
    const { fields, text } = await arrived('ann@example.test', other)
    expect([fields.at(-1), text]).toEqual(['Subject: ab', 'y\r\n'])
  })

  it('is marked where it has one of messageRejectCharacters', async () => {
    const { spool } = createPipeline(store, clock, { set: ['messageRejectCharacters=\\0\\377'] })
    async function* source(text: string) {
      for (const byte of Buffer.from(text, 'latin1')) yield Buffer.from([byte])
    }
    const isDisallowed = async (text: string) =>
      (await spool.receive(spool.newQueueId(), source(text))).isDisallowed
    expect(await isDisallowed('A: b\r\n\r\nsound\x01\r\n')).toBe(false)
    expect(await isDisallowed('A: b\0\r\n\r\nx\r\n')).toBe(true)
    expect(await isDisallowed('A: b\r\n\r\nx\xff\r\n')).toBe(true)
  })

  it.each([
    ['DKIM-Signature: v=1\r\nA: b\r\n\r\nx\r\n', true],
    ['Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n', true],
    ['Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n', false],
  ])('is known to be signed: %j', async (text, isSigned) => {
    async function* source() {
      yield Buffer.from(text)
    }
    const { spool } = pipeline
    expect((await spool.receive(spool.newQueueId(), source())).isSigned).toBe(isSigned)
  })

  describe('of mynetworks', () => {
    const set = ['mynetworks=192.0.2.0/28']

    it('is completed as one of a login, in its ENVELOPE too', async () => {
      const other = createPipeline(store, clock, { set })
      const told: (string | null)[] = []
      const tell = (messageId: string | null) => told.push(messageId)
      const to = ['ann@example.test']
      const queueId = await other.accept('Subject: s\r\n\r\nx\r\n', to, {}, tell)
      // For the log.
      expect(told).toEqual([`<${queueId}@mx.example.test>`])
      const [queued] = await other.backend.queue.load([queueId])
      expect(queued).toMatchObject({ completes: true, has: [] })
      const { fields } = await arrived('ann@example.test', other)
      expect(fields.slice(2)).toEqual([
        'Received: by mx.example.test',
        'Date: Fri, 20 Nov 2026 00:00:00 +0000',
        `Message-ID: <${queueId}@mx.example.test>`,
        'From: <sender@remote.test>',
        'Subject: s',
      ])
      expect((await other.envelopes('ann@example.test'))[0]).toMatchObject({
        messageId: `<${queueId}@mx.example.test>`,
        from: [{ mailbox: 'sender' }],
      })
    })

    it('takes no more of the queue than one of a stranger where nothing is lacking', async () => {
      const other = createPipeline(store, clock, { set })
      const header =
        'Date: Fri, 20 Nov 2026 00:00:00 +0000\r\nMessage-ID: <a@b>\r\nFrom: a@b.test\r\n'
      const stored = async ({ accept }: Pipeline) => {
        const queueId = await accept(`${header}Subject: s\r\n\r\nx\r\n`, ['ann@example.test'])
        const item = await store.tables.queue.get(messageKey(queueId))
        // Of the due index it is in one partition or another, whose names have one digit or two.
        return item && itemBytes({ ...item, duePk: '' })
      }
      expect(await stored(other)).toBe(await stored(pipeline))
    })

    it('has an author also where its sender is the null one', async () => {
      const other = createPipeline(store, clock, { set })
      await other.accept('Subject: s\r\n\r\nx\r\n', ['ann@example.test'], {
        envelope: { sender: '' },
      })
      const { fields } = await arrived('ann@example.test', other)
      expect(fields).toContain('From: <MAILER-DAEMON@mx.example.test>')
    })

    it('is completed from anywhere with alwaysAddMissingHeaders, else not', async () => {
      for (const [always, from] of [
        ['yes', ['From: <sender@remote.test>']],
        ['no', []],
      ] as const) {
        const other = createPipeline(store, clock, {
          set: ['mynetworks=198.51.100.0/24', `alwaysAddMissingHeaders=${always}`],
        })
        const to = `${always}@example.test`
        await other.addAccount(to)
        await other.accept('Subject: s\r\n\r\nx\r\n', [to])
        const { fields } = await arrived(to, other)
        expect(fields.filter((field) => field.startsWith('From:'))).toEqual(from)
      }
    })
  })

  describe('with Delivered-To', () => {
    const states = async () =>
      (await Array.fromAsync(pipeline.backend.operator.list())).map(({ groups }) =>
        groups.map(({ state, recipients }) => [
          recipients.map(({ address }) => address).join(),
          state,
          recipients[0]?.last?.reply,
        ]),
      )

    it.each([
      ['alone', ''],
      ['upon a Received of another', received('mx.other.test')],
      ['below a Received of ours', `X: y\r\n`],
    ])('of a stranger is delivered: %s', async (_, below) => {
      const above = below === 'X: y\r\n' ? received() : ''
      const text = `${above}Delivered-To: ann@example.test\r\n${below}Subject: s\r\n\r\nx\r\n`
      await pipeline.accept(text, ['ann@example.test'])
      expect((await arrived()).message.endsWith(text)).toBe(true)
      expect(await states()).toEqual([])
    })

    it('of ours goes in circles: only who has it fails, and the sender is told why', async () => {
      await pipeline.addAccount('bob@example.test')
      const before = `Received: from y.test by z.test; x\r\nDelivered-To: Ann@example.test\r\n${received()}`
      await pipeline.accept(`${before}Subject: s\r\n\r\nx\r\n`, [
        'ann@example.test',
        'bob@example.test',
      ])
      await pipeline.settle()
      expect(await pipeline.inbox('ann@example.test')).toEqual([])
      expect(await pipeline.inbox('bob@example.test')).toHaveLength(1)
      expect(await states()).toEqual([])
      expect(pipeline.notices.failures()).toEqual([
        'ann@example.test 5.4.6 mail forwarding loop for ann@example.test',
      ])
    })

    it('is found again in what a reader here sends on as it stands, however it was folded', async () => {
      await pipeline.addAlias('team@example.test', ['ann@example.test'])
      await pipeline.addAlias('grüße@example.test', ['ann@example.test'])
      for (const to of ['team@example.test', 'grüße@example.test']) {
        await pipeline.accept('Subject: s\r\n\r\nx\r\n', [to], {
          envelope: { smtpUtf8: true },
          prepend: received().replace('\r\n\tby mx.example.test', ' by\r\n MX.Example.TEST'),
        })
        await pipeline.settle()
        const [message = ''] = (await pipeline.inbox('ann@example.test')).slice(-1)
        async function* again() {
          yield Buffer.from(`Received: from a.test by b.test; x\r\n${message}`, 'latin1')
        }
        const { spool } = pipeline
        const { deliveredTo } = await spool.receive(spool.newQueueId(), again())
        expect(deliveredTo).toEqual([to, 'ann@example.test'])
      }
    })
  })

  it('tells whom it was written to where that is not who gets it', async () => {
    await pipeline.backend.directory.domains.add('catch.test' as never)
    await pipeline.addAlias('@catch.test', ['bob@example.test'])
    await pipeline.addAccount('bob@example.test')
    await pipeline.accept('Subject: s\r\n\r\nx\r\n', ['any@catch.test'])
    expect((await arrived('bob@example.test')).fields.slice(0, 2)).toEqual([
      'X-Original-To: any@catch.test',
      'Delivered-To: bob@example.test',
    ])
    await pipeline.addAlias('team@example.test', ['ann@example.test'])
    await pipeline.accept('Subject: s\r\n\r\nx\r\n', ['Team@example.test'])
    const { fields } = await arrived()
    expect(fields.slice(0, 3)).toEqual([
      'X-Original-To: Team@example.test',
      'Delivered-To: ann@example.test',
      'Return-Path: <sender@remote.test>',
    ])
  })

  describe('for user+folder/below', () => {
    async function counts(to: readonly string[], folders: readonly string[]) {
      const detail = createPipeline(store, clock, { set: ['lmtpSaveToDetailMailbox=yes'] })
      const account = await detail.addAccount('dan@example.test')
      for (const path of folders) await detail.backend.mailbox.folders.create(account.id, path)
      for (const one of to) await detail.accept('Subject: s\r\n\r\nx\r\n', [one])
      await detail.settle()
      const tree = await detail.backend.mailbox.folders.tree(account.id)
      const full = tree.folders.filter((folder) => folder.exists)
      return Object.fromEntries(full.map((folder) => [tree.pathOf(folder), folder.exists]))
    }

    it('goes into that folder, spelled as addresses are', async () => {
      const to = ['dan+Sub/Deep@example.test', 'dan+sub/deep@example.test', 'dan+sub@example.test']
      expect(await counts(to, ['Sub/Deep'])).toEqual({ 'Sub/Deep': 2, Sub: 1 })
    })

    it('goes into INBOX where there is only the name', async () => {
      const detail = createPipeline(store, clock, { set: ['lmtpSaveToDetailMailbox=yes'] })
      const { id } = await detail.addAccount('dan@example.test')
      const { folders } = detail.backend.mailbox
      await folders.create(id, 'Sub/Deep')
      const folder = await folders.find(id, 'Sub')
      expect(folder && (await folders.remove(folder))).toEqual({ kind: 'name-stays' })
      await detail.accept('Subject: s\r\n\r\nx\r\n', ['dan+sub@example.test'])
      await detail.settle()
      expect((await detail.backend.mailbox.inbox(id)).exists).toBe(1)
    })

    it('goes into INBOX where there is none, or the name names none', async () => {
      const long = Array.from({ length: 30 }, () => 'a').join('/')
      const to = ['Sub/none', 'none/Deep', 'Sub//Deep', '/Sub', 'Sub/', '..', '../Sub', long]
      const addresses = to.map((detail) => `dan+${detail}@example.test`)
      expect(await counts(addresses, ['Sub/Deep'])).toEqual({ INBOX: to.length })
    })
  })
})
