// Files of the maildrop become messages of the queue, each once, wherever the server dies between the two.

import { chmod, link, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MaildropFolder } from '#services/pickup/maildrop-folder.ts'
import {
  createPickup,
  PICKED_UP_AT_ONCE_MAX,
  type Pickup,
  type PickupDeps,
} from '#services/pickup/pickup.ts'
import { encodeSubmission, type Submission } from '#shared/contracts/maildrop.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const uid = process.getuid?.() ?? 0
const submission: Submission = {
  sender: null,
  fullName: null,
  recipients: ['ann@example.test'],
  notify: [],
  dsnReturn: null,
  dsnEnvelopeId: null,
  body: '8BITMIME',
}
const text = 'Subject: hello\n\nbody\n'

describe('pickup', () => {
  const clock = manualClock()
  let resources: AsyncDisposableStack
  let opened: OpenedEmbedded
  let pipeline: Pipeline
  let folder: MaildropFolder
  let rung: QueueId[]
  let lines: (LogFields & { readonly message: string })[]
  let options: ReturnType<PickupDeps['options']>

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const place = resources.use(await temporaryFolder())
    opened = await openEmbedded({ clock })
    resources.defer(() => opened.close())
    pipeline = createPipeline(opened.store, clock)
    await pipeline.addAccount('ann@example.test')
    folder = await MaildropFolder.open(join(place.path, 'maildrop'))
    rung = []
    lines = []
    options = {
      hostname: 'mx.example.test',
      originDomain: 'example.test',
      contentFilter: '',
      messageSizeLimit: 1_000_000,
      authorizedSubmitUsers: ['static:anyone'],
    }
  })
  afterEach(() => resources.disposeAsync())

  function pickup(changes: Partial<PickupDeps> = {}): Pickup {
    const write = (fields: LogFields, message: string) => void lines.push({ ...fields, message })
    return createPickup({
      folder,
      spool: { ...pipeline.spool, accept: (message) => acceptWithoutRing(message) },
      queue: pipeline.backend.queue,
      objects: opened.store.objects,
      ring: (queueId) => void rung.push(queueId),
      userName: async () => 'joe',
      options: () => options,
      clock,
      log: { ...silentLog, info: write, error: write },
      ...changes,
    })
  }
  const acceptWithoutRing: PickupDeps['spool']['accept'] = (message) =>
    pipeline.spool.accept(message)

  async function leave(changes: Partial<Submission> = {}, message = text): Promise<string> {
    const path = join(folder.path, `file-${Math.random()}`)
    await writeFile(
      path,
      Buffer.concat([encodeSubmission({ ...submission, ...changes }), Buffer.from(message)]),
    )
    await chmod(path, 0o640)
    return path
  }

  const filesIn = async (name = '') => {
    const all = await readdir(join(folder.path, name))
    return all.filter((one) => one !== 'taken' && one !== 'corrupt').sort()
  }
  const queued = async (queueId = rung[0]) =>
    queueId && (await pipeline.backend.operator.show(queueId))?.message

  async function delivered(): Promise<readonly string[]> {
    // The doorbell is on its way; writes of one process keep their order.
    await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: String(Math.random()) } })
    await pipeline.settle()
    return pipeline.inbox('ann@example.test')
  }

  it('takes a message: from whom the file is, completed, and its file is gone', async () => {
    await leave({ recipients: ['ann', 'bob@far.test'], fullName: 'Joe "J" Döe' })
    expect(await pickup().takeAll()).toBe(1)
    expect(await queued()).toMatchObject({
      envelope: {
        sender: 'joe@example.test',
        recipients: [{ address: 'ann@example.test' }, { address: 'bob@far.test' }],
        body: '8BITMIME',
      },
      origin: { listener: 'local', account: null },
      completes: true,
    })
    expect([await filesIn(), await filesIn('taken')]).toEqual([[], []])
    const [message = ''] = await delivered()
    expect(message).toContain(
      `Received: by mx.example.test (Postwolke, from userid ${uid})\r\n\tid ${rung[0]}; `,
    )
    expect(message).toContain(
      'From: =?UTF-8?B?Sm9lICJKIiBEw7Zl?= <joe@example.test>\r\nSubject: hello\r\n\r\nbody\r\n',
    )
    expect(message).toMatch(/^Message-ID: <\w+@mx\.example\.test>\r$/m)
    expect(lines).toMatchObject([{ message: 'message accepted', uid, from: 'joe@example.test' }])
  })

  it('gives a message of the null sender no name', async () => {
    await leave({ sender: '', fullName: 'Joe' })
    await pickup().takeAll()
    expect((await queued())?.envelope.sender).toBe('')
    expect((await delivered())[0]).toContain('From: <MAILER-DAEMON@mx.example.test>\r\n')
  })

  it('ends lines with CRLF, the last one too, and keeps those that are so', async () => {
    await leave({}, 'Subject: x\r\n\na\r\nb\n\nlast')
    await pickup().takeAll()
    expect((await delivered())[0]).toMatch(/\r\nSubject: x\r\n\r\na\r\nb\r\n\r\nlast\r\n$/)
  })

  it('keeps Bcc out', async () => {
    await leave({}, 'Subject: x\nBcc: secret@far.test\n\n')
    await pickup().takeAll()
    expect((await delivered())[0]).not.toContain('secret')
  })

  it('takes very many', async () => {
    for (let i = 0; i < 150; i++) await leave()
    expect(await pickup().takeAll()).toBe(150)
    expect(new Set(rung).size).toBe(150)
    expect(await filesIn()).toEqual([])
  })

  it('leaves what is still written, and sets aside what nobody writes any more', async () => {
    const path = await leave()
    await chmod(path, 0o600)
    expect(await pickup().takeAll()).toBe(0)
    expect(await filesIn()).toHaveLength(1)
    await utimes(path, 0, 0)
    await pickup().takeAll()
    expect([await filesIn(), (await filesIn('corrupt')).length]).toEqual([[], 1])
  })

  it.each<[why: string, changes: Partial<Submission>, message: string, reason: RegExp]>([
    ['a recipient that is none', { recipients: ['a b'] }, text, /'a b' is no address/],
    ['a sender that is none', { sender: 'a b' }, text, /'a b' is no address/],
    ['more bytes than may be', {}, 'x'.repeat(1_000_001), /1000001 bytes, of 1000000/],
    ['an id that no command can have', { dsnEnvelopeId: '='.repeat(34) }, text, /not of sendmail/],
    ['an id of several lines', { dsnEnvelopeId: 'a\r\nb' }, text, /not of sendmail/],
  ])('sets aside, and loses nothing of, %s', async (_, changes, message, reason) => {
    await leave(changes, message)
    expect(await pickup().takeAll()).toBe(0)
    expect(lines).toMatchObject([
      { message: 'submitted file set aside', reason: expect.stringMatching(reason) },
    ])
    expect(await filesIn('corrupt')).toHaveLength(1)
  })

  it('takes nothing of users who may not submit', async () => {
    options = { ...options, authorizedSubmitUsers: ['!joe', 'static:anyone'] }
    await leave()
    expect(await pickup().takeAll()).toBe(0)
    expect(lines).toMatchObject([{ reason: 'user joe may not submit mail' }])
  })

  it('takes no file that has another name, no link, and none that sendmail did not write', async () => {
    const path = await leave()
    await link(path, `${folder.path}/../other-name`)
    await symlink('/etc/passwd', join(folder.path, 'link'))
    await writeFile(join(folder.path, 'alien'), 'hello\n', { mode: 0o640 })
    await chmod(join(folder.path, 'alien'), 0o640)
    expect(await pickup().takeAll()).toBe(0)
    expect(lines.map(({ reason }) => reason).sort()).toEqual([
      'it has several names',
      'its first line is not of sendmail',
    ])
    expect(await filesIn()).toEqual(['link'])
  })

  it('keeps nobody waiting for what cannot be taken, and takes no more at once for it', async () => {
    let underWay = 0
    let most = 0
    const userName = async () => {
      most = Math.max(most, ++underWay)
      await setImmediate()
      underWay--
      return 'joe'
    }
    const accept: PickupDeps['spool']['accept'] = async (message) => {
      const [first] = message.envelope.recipients
      if (first?.address.startsWith('never')) throw new Error('it cannot be stored')
      return acceptWithoutRing(message)
    }
    for (let i = 0; i < PICKED_UP_AT_ONCE_MAX; i++) await leave({ recipients: ['never@far.test'] })
    const one = pickup({ spool: { ...pipeline.spool, accept }, userName })
    expect(await one.takeAll()).toBe(0)
    for (let i = 0; i < PICKED_UP_AT_ONCE_MAX + 1; i++) await leave()
    expect(await one.takeAll()).toBe(PICKED_UP_AT_ONCE_MAX + 1)
    expect(most).toBeLessThanOrEqual(PICKED_UP_AT_ONCE_MAX)
    expect(await filesIn()).toEqual([])
    // They are tried again, all of them.
    const next = pickup()
    expect((await next.takeAll()) + (await next.takeAll())).toBe(PICKED_UP_AT_ONCE_MAX)
  })

  it('takes as many long addresses as a file can name', async () => {
    const recipients = Array.from({ length: 3_000 }, (_, i) => `${i}${'x'.repeat(300)}@far.test`)
    await leave({ recipients, dsnEnvelopeId: ' '.repeat(33) })
    expect(await pickup().takeAll()).toBe(1)
  })

  it('leaves all where it is while there is no room, and takes it later', async () => {
    await leave()
    const spool = { ...pipeline.spool, hasRoom: async () => false }
    expect(await pickup({ spool }).takeAll()).toBe(0)
    expect(await pickup().takeAll()).toBe(1)
  })

  describe('after a crash', () => {
    const dies = () => Promise.reject(new Error('killed'))

    it('takes what was claimed and is not in the queue', async () => {
      await leave()
      await pickup({ spool: { ...pipeline.spool, receive: dies } }).takeAll()
      expect(await filesIn('taken')).toHaveLength(1)
      const next = pickup()
      await next.recover()
      expect(await next.takeAll()).toBe(1)
      expect(await delivered()).toHaveLength(1)
    })

    it('does not take again what is in the queue: its file goes, and it is rung', async () => {
      await leave()
      const broken = Object.create(folder, { remove: { value: dies } })
      expect(await pickup({ folder: broken }).takeAll()).toBe(1)
      expect(rung).toEqual([])
      expect(await filesIn('taken')).toHaveLength(1)
      const next = pickup()
      await next.recover()
      expect(rung).toHaveLength(1)
      expect(await next.takeAll()).toBe(0)
      expect(await filesIn('taken')).toEqual([])
      expect(await delivered()).toHaveLength(1)
    })

    it('takes again what is in the queue and has no bytes', async () => {
      await leave()
      const broken = Object.create(folder, { remove: { value: dies } })
      await pickup({ folder: broken }).takeAll()
      const [queueId = ''] = await filesIn('taken')
      await opened.store.objects.delete(`mail/${queueId}`)
      const next = pickup()
      await next.recover()
      expect(await next.takeAll()).toBe(1)
      expect(await delivered()).toHaveLength(1)
    })

    it('in one process takes nothing twice whose file would not go', async () => {
      await leave()
      const broken = Object.create(folder, { remove: { value: dies } })
      const stubborn = pickup({ folder: broken })
      await stubborn.takeAll()
      await pipeline.settle()
      expect(await stubborn.takeAll()).toBe(0)
      expect(await delivered()).toHaveLength(1)
    })
  })
})
