// What becomes of a message by the scripts of its recipient: on a store and the services behind the listeners, every bell rung by hand.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  SAID_ON_THE_SPOT_MAX,
  STEPS_ON_THE_SPOT_MAX,
} from '#services/delivery/local/filtering/on-the-spot.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { addressKey } from '#shared/directory/records.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { NOTES_MAX } from '#shared/sieve/limits.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { run } from '#test/support/sieve.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const DAY_MS = 86_400_000
const resources = new AsyncDisposableStack()
const clock = manualClock()
let store: Store
let pipeline: Pipeline
let log: MemoryLog
let id: AccountId
let ann: string
const left: { from: string; to: readonly string[]; text: string }[] = []

beforeAll(async () => {
  const opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  store = opened.store
})
afterAll(() => resources.disposeAsync())

let count = 0
async function open(...set: readonly string[]): Promise<void> {
  log = new MemoryLog()
  pipeline = createPipeline(store, clock, {
    log,
    set,
    tellsSenders: true,
    deliverRemote: async (message, _route, recipients) => {
      const body = await Array.fromAsync(must(await store.objects.stream(message.object.key)))
      left.push({
        from: message.envelope.sender,
        to: recipients.map(({ address }) => address),
        text: message.prepend + Buffer.concat(body).toString('latin1'),
      })
      return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
    },
  })
}

beforeEach(async () => {
  left.length = 0
  await open()
  ann = `ann${++count}@example.test`
  id = (await pipeline.addAccount(ann)).id
})

const shelf = () =>
  createScriptShelf({
    scripts: pipeline.backend.directory.scripts,
    vocabulary,
    limits: { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 },
  })

async function script(text: string): Promise<void> {
  expect(await shelf().put(id, 'filter', Buffer.from(text))).toMatchObject({ kind: 'put' })
  expect(await shelf().activate(id, 'filter')).toMatchObject({ kind: 'activated' })
}

async function siteScript(name: string, text: string): Promise<void> {
  expect(await shelf().put(null, name, Buffer.from(text))).toMatchObject({ kind: 'put' })
}

async function deliver(
  subject: string,
  { fields = '', to = ann, from = 'bob@remote.test' } = {},
): Promise<void> {
  const message = `From: Bob <bob@remote.test>\r\nTo: ${ann}\r\nSubject: ${subject}\r\n${fields}\r\nHello.\r\n`
  await pipeline.accept(message, [to], { envelope: { sender: from } })
  await pipeline.settle()
}

/** Messages of a folder, with their flags; undefined where there is no such folder. */
async function folder(path: string): Promise<readonly (readonly string[])[] | undefined> {
  const { mailbox } = pipeline.backend
  const found = await mailbox.folders.find(id, path)
  if (found === undefined) return undefined
  const { messages } = await mailbox.snapshot(found)
  return messages.map(({ flags }) => flags)
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

const expectLogged = (fields: object) =>
  expect(log.lines.map((line) => line.fields)).toContainEqual(expect.objectContaining(fields))

const subjects = (all: readonly string[]) =>
  all.map((text) => /^Subject: (.*?)\r$/m.exec(text)?.[1])

describe('a script', () => {
  it('has nothing sent on while its mailbox is full, and all of it done once there is room', async () => {
    const full = `full${count}@example.test`
    id = (await pipeline.addAccount(full, { quotaBytes: 10 })).id
    await script('require "copy"; redirect :copy "far@away.test";')
    await deliver('x', { to: full })
    expect([await folder('INBOX'), left]).toEqual([[], []])
    await pipeline.backend.directory.accounts.set(must(parseAddress(full)), { quotaBytes: 0 })
    clock.advance(3_600_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(await folder('INBOX')).toEqual([[]])
    expect(left.map(({ to }) => to)).toEqual([['far@away.test']])
  })

  it('files what it names, with flags, and the rest stays in INBOX', async () => {
    await script(`require ["fileinto", "mailbox", "imap4flags"];
      if header :contains "subject" "work" { fileinto :create :flags "\\\\Flagged $Label1" "Work/New"; }
      elsif header :contains "subject" "read" { setflag "\\\\Seen"; }`)
    await deliver('About work')
    await deliver('Other')
    await deliver('read it')
    expect(await folder('Work/New')).toEqual([['\\Flagged', '$Label1']])
    expect(await folder('INBOX')).toEqual([[], ['\\Seen']])
  })

  it('files into INBOX where the folder is not there', async () => {
    await script('require "fileinto"; fileinto "Nowhere";')
    await deliver('x')
    expect(await folder('Nowhere')).toBeUndefined()
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('finds folders by what they are for and by their ids, and makes one for a use', async () => {
    const { folders } = pipeline.backend.mailbox
    const made = await folders.create(id, 'Papers')
    const mailboxId = made.kind === 'created' ? made.folder.mailboxId : ''
    await script(`require ["fileinto", "mailbox", "mailboxid", "special-use"];
      if header "subject" "id" { if mailboxidexists "${mailboxId}" {
        fileinto :mailboxid "${mailboxId}" "Elsewhere"; } }
      elsif header "subject" "use" { fileinto :specialuse "\\\\Flagged" :create "Starred"; }
      elsif header "subject" "none" { fileinto :specialuse "\\\\Invented" :create "Invented"; }
      elsif allof (specialuse_exists "Trash" "\\\\TRASH", not specialuse_exists "\\\\Invented") {
        fileinto :specialuse "\\\\trash" :create "Nowhere"; }`)
    await deliver('id')
    await deliver('use')
    await deliver('none')
    await deliver('trash')
    expect((await folders.find(id, 'Invented'))?.specialUses).toEqual([])
    expect(await folder('Papers')).toEqual([[]])
    expect((await folders.find(id, 'Starred'))?.specialUses).toEqual(['\\Flagged'])
    expect(await folder('Trash')).toEqual([[]])
  })

  it('asks lists: an address book of the account, and an alias of its domain', async () => {
    const { mailbox, directory } = pipeline.backend
    const entry = '/private/vendor/postwolke/addrbook/default'
    await mailbox.annotations.set({ accountId: id, id: null }, [
      { entry, value: Buffer.from('carol@remote.test\r\nBob@remote.test\r\n') },
    ])
    const domain = must(parseAddress(ann)).domain
    const targets = ['far@away.test', 'off@away.test'].map((each) => must(parseAddress(each)))
    await directory.aliases.add({ local: `team${count}`, domain }, targets)
    await script(`require ["extlists", "envelope", "imap4flags", "copy"];
      if header :list "from" ":addrbook:default" { setflag "known"; }
      if header :list "subject" "tag:example.test,2026:team${count}" {
        redirect :list :copy "tag:example.test,2026:team${count}"; }`)
    await deliver('off@away.test')
    await deliver('eve@away.test')
    expect(await folder('INBOX')).toEqual([['known'], ['known']])
    expect(left.flatMap(({ to }) => to).toSorted()).toEqual(['far@away.test', 'off@away.test'])
  })

  it('asks annotations, where it runs, and what policy found', async () => {
    await pipeline.backend.mailbox.annotations.set({ accountId: id, id: null }, [
      { entry: '/private/comment', value: Buffer.from('on leave') },
    ])
    await script(`require ["servermetadata", "environment", "spamtestplus", "imap4flags"];
      if servermetadata "/private/Comment" "on leave" { addflag "annotated"; }
      if environment "location" "MDA" { addflag "here"; }
      if spamtest :percent "100" { addflag "spam"; }`)
    await deliver('x', { fields: 'X-Spam: Yes\r\n' })
    expect(await folder('INBOX')).toEqual([['annotated', 'here', 'spam']])
  })

  it('discards, and the queue is empty', async () => {
    await script('discard;')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([])
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it('is asked for nothing once it is active no more', async () => {
    await script('discard;')
    const account = must(await pipeline.backend.directory.accounts.byId(id))
    expect(account.script).toMatchObject({ name: 'filter' })
    await shelf().activate(id, null)
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('that became active after cleanup found the recipient is asked at delivery', async () => {
    await script('discard;')
    // As if the address had been read before.
    const key = addressKey(must(parseAddress(ann)))
    await store.tables.directory.write({ update: key, changes: { remove: ['filtered'] } })
    await deliver('x')
    expect(await folder('INBOX')).toEqual([])
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it('knows what it saw before', async () => {
    await script('require "duplicate"; if duplicate { discard; }')
    await deliver('first', { fields: 'Message-ID: <one@remote.test>\r\n' })
    await deliver('again', { fields: 'Message-ID: <one@remote.test>\r\n' })
    await deliver('other', { fields: 'Message-ID: <two@remote.test>\r\n' })
    expect(subjects(await texts('INBOX'))).toEqual(['first', 'other'])
    clock.advance(8 * DAY_MS)
    await deliver('later', { fields: 'Message-ID: <one@remote.test>\r\n' })
    expect(subjects(await texts('INBOX'))).toEqual(['first', 'other', 'later'])
  })
})

describe('an account without a script', () => {
  /** Calls on the directory, the counters and the objects while one message is delivered. */
  async function calls(): Promise<object> {
    const counting = {
      directory: countingTable(store.tables.directory),
      counters: countingTable(store.tables.counters),
    }
    const reads: string[] = []
    const objects = new Proxy(store.objects, {
      get(target, name: string) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          reads.push(name)
          return value.apply(target, given)
        }
      },
    })
    const on = {
      ...store,
      queues: store.queues,
      objects,
      tables: {
        ...store.tables,
        directory: counting.directory.table,
        counters: counting.counters.table,
      },
    }
    const counted = createPipeline(on, clock)
    await counted.accept('Subject: x\r\n\r\nx\r\n', [ann])
    counting.directory.take()
    counting.counters.take()
    reads.length = 0
    await counted.settle()
    return { directory: counting.directory.take(), counters: counting.counters.take(), reads }
  }

  it('pays nothing for those of others', async () => {
    const { folders } = pipeline.backend.mailbox
    await folders.list(id)
    const before = await calls()
    // The address, its domain, and the account; whether the object is there: as always.
    expect(before).toEqual({ directory: ['batchGet', 'get'], counters: [], reads: ['size'] })
    await script('keep;')
    expect(await calls()).not.toEqual(before)
    await shelf().activate(id, null)
    expect(await calls()).toEqual(before)
  })
})

describe('where cleanup may read messages', () => {
  /** What is there when cleanup has had its turn, and nobody else. */
  async function afterCleanup() {
    const bells = await store.queues.incoming.receive({
      max: 10,
      visibilitySeconds: 60,
      waitSeconds: 0,
    })
    const { underWay } = await pipeline.workers.cleanup.handle(bells)
    await underWay
    await store.queues.incoming.acknowledge(bells.map(({ receipt }) => receipt))
    const [queueId] = bells.map(({ body }) => parseQueueId(body))
    return queueId === undefined ? undefined : await pipeline.backend.operator.show(queueId)
  }
  const accept = () => pipeline.accept('Subject: x\r\n\r\nx\r\n', [ann])

  it.each([
    ['keeps', 'keep;', 'INBOX'],
    ['finds nothing to do', 'if header "subject" "y" { discard; }', 'INBOX'],
    ['files', 'require "fileinto"; fileinto "Work"; keep;', 'Work'],
    ['makes a folder', 'require ["fileinto","mailbox"]; fileinto :create "New";', 'New'],
  ])('a script that %s has its mail on the spot, and no group', async (_, text, path) => {
    await pipeline.backend.mailbox.folders.create(id, 'Work')
    await script(text)
    await accept()
    expect(await afterCleanup()).toBeUndefined()
    expect(await folder(path)).toEqual([[]])
  })

  it.each([
    ['sends on', 'redirect "far@away.test";'],
    ['answers', 'require "vacation"; vacation "Away"; keep;'],
    ['refuses', 'require "reject"; reject "no";'],
    ['discards', 'discard;'],
    ['changes what it files', 'require "editheader"; addheader "X-A" "b";'],
    ['fails', 'require "ihave"; error "no";'],
  ])('a script that %s is left to delivery, as if it had not run', async (_, text) => {
    await script(text)
    await accept()
    expect((await afterCleanup())?.groups).toMatchObject([
      { state: 'waiting', attempts: 0, unreserved: true, recipients: [{ address: ann }] },
    ])
    expect(await folder('INBOX')).toEqual([])
    expect(log.lines.filter(({ fields }) => fields.to === ann)).toEqual([])
    await pipeline.settle()
    expect(log.lines.filter(({ fields }) => fields.to === ann)).not.toEqual([])
  })

  it.each([
    ['steps that are soon taken', 0, 'on the spot'],
    ['one more', 1, 'left'],
  ])('with %s it is %s', async (_, more, where) => {
    const ofKeys = (count: number) =>
      `if header :contains "subject" [${'"y",'.repeat(count - 1)}"y"] {}\n`
    const long = ofKeys(5_000).repeat(3)
    const { steps } = await run(`${long}${ofKeys(100)}`, { message: 'Subject: x\n\nx\n' })
    await script(`${long}${ofKeys(100 + STEPS_ON_THE_SPOT_MAX - steps + more)}`)
    await accept()
    expect((await afterCleanup()) === undefined ? 'on the spot' : 'left').toBe(where)
    await pipeline.settle()
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('what a script says is told once, and no more of it than is kept', async () => {
    for (const [count, isLeft] of [
      [SAID_ON_THE_SPOT_MAX, false],
      [SAID_ON_THE_SPOT_MAX + 1, true],
    ] as const) {
      log.lines.length = 0
      await script(`require "vnd.dovecot.debug";${'debug_log "a";'.repeat(count)}`)
      await accept()
      expect((await afterCleanup()) !== undefined).toBe(isLeft)
      await pipeline.settle()
      expect(log.lines.filter(({ message }) => message === 'script says')).toHaveLength(count)
    }
  })

  it('a script says no more of itself than somebody reads', async () => {
    await script(`require "vnd.dovecot.debug";${'debug_log "a";'.repeat(NOTES_MAX + 1)}`)
    await accept()
    await pipeline.settle()
    const said = log.lines.filter(({ message }) => message === 'script says')
    expect(said).toHaveLength(NOTES_MAX)
  })

  it('every script is left to delivery where cleanup may not, as on AWS', async () => {
    pipeline = createPipeline(store, clock, { log, cleanupReads: false })
    await script('keep;')
    await accept()
    expect((await afterCleanup())?.groups).toHaveLength(1)
    await pipeline.settle()
    expect(await folder('INBOX')).toEqual([[]])
  })
})

describe('redirect', () => {
  it('sends on, keeps a copy, and the message leaves once', async () => {
    await script('require "copy"; redirect :copy "far@away.test"; redirect :copy "FAR@away.test";')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
    expect(left.map(({ to }) => to)).toEqual([['FAR@away.test']])
    expect(left[0]?.from).toMatch(/^SRS0=.*=remote\.test=bob@/)
    expect(left[0]?.text).toMatch(
      new RegExp(`^X-Sieve-Redirected-From: ${ann}\r\nDelivered-To: ${ann}\r\n`),
    )
    expect(left[0]?.text).not.toContain('Return-Path')
  })

  it.each([
    ['to its recipient', '', () => ann],
    ['of what was sent on before', 'X-Sieve-Redirected-From', () => 'far@away.test'],
    ['of what came over too many hosts', 'Received', () => 'far@away.test'],
  ])('%s is not done: the message stays', async (_, name, to) => {
    await script(`redirect "${to()}";`)
    const fields =
      name === 'Received'
        ? 'Received: by x\r\n'.repeat(120)
        : name === ''
          ? ''
          : `${name}: ${ann}\r\n`
    await deliver('x', { fields })
    expect(left).toEqual([])
    expect(await folder('INBOX')).toEqual([[]])
    expectLogged({ scriptAction: 'redirect', scriptLine: 1 })
  })

  it('of unwanted mail is unwanted there, too', async () => {
    await script('redirect "dan@example.test";')
    id = (await pipeline.addAccount('dan@example.test')).id
    await pipeline.accept('Subject: x\r\n\r\nx\r\n', [ann], { junk: true })
    await pipeline.settle()
    expect([await folder('Junk'), await folder('INBOX')]).toEqual([[[]], []])
  })

  it('between two accounts ends with the second', async () => {
    const other = `bea${count}@example.test`
    const first = id
    await script(`redirect "${other}";`)
    id = (await pipeline.addAccount(other)).id
    await script(`redirect "${ann}";`)
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
    id = first
    expect(await folder('INBOX')).toEqual([])
  })

  it('among accounts that all send to each other does not make hundreds of one message', async () => {
    const all = Array.from({ length: 7 }, (_, n) => `c${count}-${n}@example.test`)
    for (const [n, address] of all.entries()) {
      id = (await pipeline.addAccount(address)).id
      // To four of them, and so to all in the end.
      const others = [1, 2, 3, 4].map((away) => must(all[(n + away) % all.length]))
      await script(others.map((other) => `redirect "${other}";`).join(' '))
    }
    await deliver('x', { to: must(all[0]) })
    const delivered = log.lines.filter(({ fields }) => String(fields.reply).startsWith('uid '))
    expect(delivered.length).toBeGreaterThan(0)
    expect(delivered.length).toBeLessThan(100)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it.each([
    ['', '', 1],
    // As anybody else of that alias has one.
    ['with a copy', ':copy', 2],
  ])('to an alias that leads back to its recipient %s ends there', async (_, copy, kept) => {
    const { aliases } = pipeline.backend.directory
    const domain = must(parseAddress(ann)).domain
    const targets = [ann, 'far@away.test'].map((each) => must(parseAddress(each)))
    await aliases.add({ local: `all${count}`, domain }, targets)
    await script(`require "copy"; redirect ${copy} "all${count}@example.test";`)
    await deliver('x')
    expect(await folder('INBOX')).toHaveLength(kept)
    // Its sender has nothing to be told.
    expect(left.map(({ to }) => to)).toEqual([['far@away.test']])
  })
})

describe('vacation', () => {
  const away = 'require "vacation"; vacation :days 3 :subject "Away" "Back on Monday.";'

  it('answers each sender once in its time, and keeps the message', async () => {
    await script(away)
    await deliver('one')
    await deliver('two')
    await deliver('three', { from: 'eve@remote.test' })
    expect(await folder('INBOX')).toHaveLength(3)
    expect(left.map(({ to }) => to)).toEqual([['bob@remote.test'], ['eve@remote.test']])
    expect(left[0]?.from).toBe('')
    expect(left[0]?.text).toMatch(/Auto-Submitted: auto-replied.*\r\n\r\nBack on Monday\.\r\n$/s)
    clock.advance(4 * DAY_MS)
    await deliver('four')
    expect(left).toHaveLength(3)
  })

  it.each([
    ['the null sender', { from: '' }],
    ['a list', { fields: 'List-Id: <l.remote.test>\r\n' }],
  ])('does not answer %s', async (_, given) => {
    await script(away)
    await deliver('x', given)
    expect(left).toEqual([])
    expect(await folder('INBOX')).toEqual([[]])
    expectLogged({ scriptAction: 'vacation' })
  })

  it.each([
    ['unwanted mail', { junk: true as const }, 'Junk'],
    [
      'whom a domain disowns',
      {
        prepend:
          'Authentication-Results: mx.example.test;\r\n\tspf=fail smtp.mailfrom=remote.test\r\n',
      },
      'INBOX',
    ],
  ])('does not answer %s of strangers: another may have that address', async (_, given, path) => {
    await script(away)
    const message = `From: bob@remote.test\r\nTo: ${ann}\r\nSubject: x\r\n\r\nHello.\r\n`
    await pipeline.accept(message, [ann], { envelope: { sender: 'bob@remote.test' }, ...given })
    await pipeline.settle()
    expect(left).toEqual([])
    expect(await folder(path)).toHaveLength(1)
    expectLogged({ scriptAction: 'vacation' })
  })

  it('leaves a copy where it is told to', async () => {
    await script(`require ["vacation", "fcc", "mailbox", "imap4flags"];
      vacation :fcc "Sent" :create :flags "\\\\Seen" :subject "Away" "Back on Monday.";`)
    await deliver('one')
    await deliver('two')
    expect(subjects(await texts('Sent'))).toEqual(['Away'])
    expect(await folder('Sent')).toEqual([['\\Seen']])
  })
})

describe('notify', () => {
  const pager = 'require "enotify"; notify :message "You have mail" "mailto:pager@far.test";'

  it('tells whom the script names, and keeps the message', async () => {
    await script(pager)
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
    expect(left.map(({ from, to }) => [from, ...to])).toEqual([[ann, 'pager@far.test']])
    expect(subjects([left[0]?.text ?? ''])).toEqual(['You have mail'])
    expect(left[0]?.text).toContain('Auto-Submitted: auto-notified')
  })

  it('tells nobody of what a program sent', async () => {
    await script(pager)
    await deliver('x', { fields: 'Auto-Submitted: auto-generated\r\n' })
    expect(left).toEqual([])
    expectLogged({ said: 'notify: a program wrote the message, nobody is told' })
  })
})

describe('a refusal', () => {
  it.each([
    ['reject', 'report-type=disposition-notification'],
    ['ereject', 'report-type=delivery-status'],
  ])('by %s reaches the sender, and nothing is kept', async (word, type) => {
    await script(`require "${word}"; ${word} "Not from you.";`)
    await deliver('x')
    expect(await folder('INBOX')).toEqual([])
    expect(left.map(({ from, to }) => [from, ...to])).toEqual([['', 'bob@remote.test']])
    expect(left[0]?.text).toContain(type)
    // The reply has a space for each fold of the report.
    expect(left[0]?.text.replace(/\r\n\s+/g, ' ')).toContain('Not from you.')
  })

  it('of what nobody sent reaches nobody', async () => {
    await script('require "reject"; reject "No.";')
    await deliver('x', { from: '' })
    expect(left).toEqual([])
    expect(await folder('INBOX')).toEqual([])
  })
})

describe('a script that goes wrong', () => {
  it('does nothing, keeps the message, and its owner is told once a day', async () => {
    await script(
      'require ["ihave", "fileinto", "copy"]; redirect :copy "far@away.test"; error "no";',
    )
    await deliver('one')
    await deliver('two')
    expect(left).toEqual([])
    const [first, notice = '', second, ...more] = await texts('INBOX')
    expect(subjects([first ?? '', second ?? ''])).toEqual(['one', 'two'])
    expect(more).toEqual([])
    expect(notice).toContain('MAILER-DAEMON@')
    expect(notice).toContain('filter')
    expectLogged({ script: 'filter', scriptLine: 1, reason: 'no' })
    clock.advance(DAY_MS + 1)
    await deliver('three')
    expect(await texts('INBOX')).toHaveLength(5)
  })

  it('by asking too much is ended', async () => {
    const all = Array.from({ length: 70 }, (_, n) => `"f${n}"`).join(', ')
    await script(
      `require "mailbox"; if not mailboxexists [${all}] { } if anyof (${Array.from(
        { length: 70 },
        (_, n) => `mailboxexists "g${n}"`,
      ).join(', ')}) { discard; }`,
    )
    await deliver('x')
    expect(subjects(await texts('INBOX'))[0]).toBe('x')
    expectLogged({ script: 'filter' })
  })
})

describe('site scripts', () => {
  const before = `require ["fileinto", "mailbox"];
    if header "subject" "spam" { fileinto :create "Caught"; }`
  const after = 'require "imap4flags"; addflag "late";'

  it('stand before and behind that of the account, as long as the message is kept', async () => {
    await siteScript('before', before)
    await siteScript('after', after)
    await open('sieveBefore=before', 'sieveAfter=after')
    await deliver('plain')
    await script('if header "subject" "gone" { discard; }')
    await deliver('spam')
    await deliver('gone')
    await deliver('fine')
    expect(await folder('Caught')).toEqual([[]])
    expect(subjects(await texts('INBOX'))).toEqual(['plain', 'fine'])
    expect(await folder('INBOX')).toEqual([['late'], ['late']])
  })

  it('keep as the script before them said, or have it elsewhere and nowhere besides', async () => {
    const caught = `require ["fileinto", "mailbox"];
      if header "subject" "spam" { fileinto :create "Caught"; }`
    await siteScript('catch', caught)
    await open('sieveAfter=catch')
    await script('require "imap4flags"; keep; keep :flags "mine";')
    await deliver('fine')
    await deliver('spam')
    expect(await folder('INBOX')).toEqual([['mine']])
    expect(await folder('Caught')).toEqual([['mine']])
  })

  it('are for those who have none, for a domain its own', async () => {
    await siteScript('usual', 'require "imap4flags"; addflag "usual";')
    await siteScript('domains', 'require "imap4flags"; addflag "domain";')
    await open('sieveDefault=usual')
    await deliver('one')
    await open('sieveDefault=usual', 'sieveDomainDefaults=example.test=domains')
    await deliver('two')
    await script('keep;')
    await deliver('three')
    expect(await folder('INBOX')).toEqual([['usual'], ['domain'], []])
  })

  it('that are not there do not matter', async () => {
    await open('sieveBefore=missing')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
  })
})
