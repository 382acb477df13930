// Everything that is stored, byte for byte, as one fixed run of the system leaves it. Data folders and tables outlive versions: whoever
// changes a line of test/fixtures/stored-formats.txt changes a format, and owes a reader of the one before and a test of it
// (docs/ARCHITECTURE.md, "Data").

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import { createReportRecords } from '#services/authentication/report-records.ts'
import { createGreylist } from '#services/policy/greylist/greylist.ts'
import { createRecentLogins } from '#shared/auth/pop-before-smtp.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { accessKeyOf } from '#shared/directory/access-key.ts'
import { createSrsSecrets } from '#shared/directory/srs-secrets.ts'
import { createSettingStore } from '#shared/directory/stored-settings.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { noRights, parseRights, userGrantee } from '#shared/mailbox/rights.ts'
import { dueAt, heldAt } from '#shared/queue/keys.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { authenticated } from '#test/support/authenticated.ts'
import { blob } from '#test/support/blob.ts'
import { envelope } from '#test/support/content.ts'
import { decidedRecipient, refused, taken } from '#test/support/decisions.ts'
import { createFakeNotices, mute } from '#test/support/fake-notices.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { known } from '#test/support/policy-facts.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'
import { dumpOf, recordKeys } from '#test/support/stored-items.ts'

const fixture = '../fixtures/stored-formats.txt'

const message = [
  'Date: Mon, 1 Jan 2024 10:00:00 +0100',
  'From: "Sender, The" <sender@far.example>',
  'To: ann@example.test, Team: bob@example.test;',
  'Message-ID: <1@far.example>',
  'References: <0@far.example>',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=C3=BC=C3=9Fe',
  '--b',
  'Content-Type: message/rfc822',
  'Content-Disposition: attachment; filename="a b.eml"',
  '',
  'Subject: inner',
  '',
  'text',
  '--b--',
  '',
].join('\r\n')

let opened: OpenedEmbedded
let ran: string

beforeAll(async () => {
  const clock = manualClock()
  opened = await openEmbedded({ clock })
  const keys = recordKeys(opened.store)
  const pipeline = createPipeline(opened.store, clock, {
    set: ['policyPreset=open'],
    notices: createFakeNotices(mute),
    deliverRemote: async (_message, _hop, recipients) =>
      recipients.map(({ address }) =>
        address.startsWith('never')
          ? { kind: 'failed', status: '5.1.1', reply: '550 5.1.1 nobody' }
          : { kind: 'deferred', status: '4.4.1', reply: 'connect: refused' },
      ),
  })
  const names = new Map<string, string>()
  const seen = new Set<string>()
  let all = ''
  /** What is new or changed since the last time. */
  const dump = async (when: string) => {
    for (const [id, name] of await namesOf(pipeline)) names.set(id, name)
    const items = (await dumpOf(opened.store, keys)).map((item) => named(item, names)).sort()
    all += `== ${when}\n\n${items.filter((item) => !seen.has(item)).join('\n')}\n\n`
    for (const item of items) seen.add(item)
  }
  await directory(pipeline)
  const first = await pipeline.accept(message, ['ann@example.test', 'team@example.test'])
  names.set(first, 'first')
  const second = await pipeline.accept(message, ['x@far.example', 'never@far.example'], {
    junk: true,
    origin: {
      ...origin(null),
      helo: 'bücher.example',
      tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    },
    envelope: {
      body: '8BITMIME',
      smtpUtf8: true,
      requireTls: true,
      dsnReturn: 'HDRS',
      dsnEnvelopeId: 'e',
    },
  })
  names.set(second, 'second')
  const filtered = await pipeline.accept(message, ['x@far.example', 'ann@example.test'], {
    filter: 'scan:[127.0.0.1]:10025',
  })
  names.set(filtered, 'filtered')
  const forwarded = await pipeline.accept(message, ['on@example.test'])
  names.set(forwarded, 'forwarded')
  const quarantined = await pipeline.accept(message, ['ann@example.test', 'bob@example.test'], {
    held: 'spam',
  })
  names.set(quarantined, 'quarantined')
  await dump('accepted')
  await pipeline.backend.operator.releaseFor(quarantined, ['ann@example.test'])
  await dump('released to some')
  await pipeline.settle()
  await dump('delivered, deferred, failed')
  await mailboxes(pipeline)
  const login = { id: await accountId(pipeline, 'ann@example.test'), login: 'ann@example.test' }
  await assemblePolicy(pipeline.backend).message({
    queueId: second,
    origin: origin(login),
    envelope: {
      sender: login.login,
      recipients: [],
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
    },
    bytes: 100,
    receivedFields: 0,
    from: [],
    sender: [],
  })
  await comeAgain(pipeline)
  await decide(pipeline, second)
  await createRecentLogins({
    counters: opened.store.tables.counters,
    accounts: pipeline.backend.directory.accounts,
    options: pipeline.backend.settings,
    clock: pipeline.backend.clock,
  }).note('2001:db8:1:2::3', { ...login, sessionsEpoch: 0 })
  const { counters } = opened.store.tables
  const reports = createReportRecords({ counters, clock, log: silentLog })
  await reports.note(authenticated('author.example', { override: 'mailing_list' }))
  await reports.claim('2026-11-19', 'author.example')
  await dump('worked on')
  await watched(pipeline, login)
  await dump('watched and frozen')
  await broughtIn(pipeline)
  await dump('brought from another system')
  ran = all
})
afterAll(() => opened.close())

/** Kept of one that filters looked at. */
async function decide({ backend }: Pipeline, queueId: QueueId): Promise<void> {
  const recorder = assembleRecorder(backend)
  const said = {
    permit_mynetworks: { kind: 'dunno' },
    classy: { kind: 'list', restrictions: [] },
    reject: { kind: 'reject', reply: { code: 554, status: '5.7.1', text: 'no' } },
  } as const
  const recipient = decidedRecipient({ queueId, said, verdict: refused })
  recorder.note(recipient)
  const { origin } = recipient.request
  recorder.note({
    ask: 'content',
    request: { queueId, origin, envelope },
    trail: [],
    content: [{ step: 'clamd', verdict: 'accept', found: 'OK', ms: 3 }],
    lookups: {},
    verdict: taken,
  })
  await recorder.settle()
}

/** One that is greylisted and comes again in time, and one that does not. */
async function comeAgain({ backend }: Pipeline): Promise<void> {
  const { store, settings, clock, log } = backend
  const after = (ms: number) =>
    createGreylist({
      counters: store.tables.counters,
      clock: { ...clock, now: () => clock.now() + ms },
      log,
      options: { ...settings, postgreyPrivacy: false },
    })
  await after(0).decide(known())
  await after(settings.postgreyDelay).decide(known())
  await after(0).decide(known({ sender: 'never@remote.test' }))
}

async function directory(pipeline: Pipeline): Promise<void> {
  await pipeline.addAccount('ann@example.test', { quotaBytes: 1_000_000 })
  await pipeline.addAccount('bob@example.test', { enabled: true })
  await pipeline.addAccount('off@example.test', { enabled: false })
  await pipeline.addAlias('team@example.test', ['ann@example.test', 'bob@example.test'])
  await pipeline.addAlias('@example.test', ['ann@example.test'])
  const { address } = await pipeline.addAccount('on@example.test')
  const to = [{ local: 'x', domain: 'far.example' as Domain }]
  await pipeline.backend.directory.accounts.set(address, { forward: { to, keep: true } })
  const { store, clock } = pipeline.backend
  const secrets = createSrsSecrets({
    table: store.tables.directory,
    clock,
    randomBytes: (count) => new Uint8Array(count),
  })
  await secrets.rotate()
  await secrets.rotate()
  const entries = Object.entries({
    'Far.example': 'OK',
    '192.0.2.0/24': 'REJECT no mail from here',
    '2001:db8::1': 'DUNNO',
  })
  await pipeline.backend.directory.accessEntries.set(
    'clients',
    entries.map(([key, result]) => ({ key: accessKeyOf(key), result })),
  )
  await createSettingStore({ table: store.tables.directory, signals: store.signals, clock }).change(
    {
      delayWarningTime: '3h',
    },
  )
  const key = {
    algorithm: 'rsa',
    privateKey: Uint8Array.from([1, 2, 3]),
    publicKey: 'AQID',
    createdMs: 1_000,
    seenMs: 2_000,
  } as const
  await pipeline.backend.directory.signingKeys.change('example.test' as Domain, () => [
    { ...key, selector: 'old', state: 'active', sinceMs: 3_000, forced: true, imported: true },
    { ...key, selector: 'new', state: 'waiting', sinceMs: 1_000, ...notSeen },
  ])
}

const notSeen = { seenMs: null, forced: false, imported: false } as const

async function accountId(pipeline: Pipeline, login: string): Promise<AccountId> {
  for await (const { id, address } of pipeline.backend.directory.accounts.list()) {
    if (`${address.local}@${address.domain}` === login) return id
  }
  throw new Error(login)
}

async function mailboxes(pipeline: Pipeline): Promise<void> {
  const { mailbox } = pipeline.backend
  const ann = await accountId(pipeline, 'ann@example.test')
  const inbox = await mailbox.inbox(ann)
  const work = await made(mailbox, ann, 'Work/Deep')
  const given = { internalDateMs: 1_000, prepend: 'X-Mine: 1\r\n', once: false }
  await mailbox.append(inbox, { ...given, blob: blob('one'), flags: flagSet(['\\Seen', '$label']) })
  await mailbox.append(inbox, { ...given, blob: blob('two'), flags: flagSet(['\\Flagged']) })
  const { messages } = await mailbox.snapshot(inbox)
  const uids = messages.map(({ uid }) => uid)
  await mailbox.copy(inbox, uids.slice(0, 2), work)
  await mailbox.expunge(inbox, uids.slice(1, 2))
  // The last reference to a blob.
  await mailbox.expunge(inbox, uids.slice(2, 3))
  await mailbox.subscriptions.subscribe(ann, 'Work/Deep')
  await mailbox.annotations.set(work, [{ entry: '/private/comment', value: Buffer.from('mine') }])
  const rights = parseRights('lr') ?? noRights
  const bob = userGrantee(await accountId(pipeline, 'bob@example.test'))
  await mailbox.access.change(work, bob, () => rights)
  await mailbox.access.change(work, 'anyone', () => rights)
}

/** What is kept of how an account behaves, and that it is frozen. */
async function watched(
  { backend }: Pipeline,
  login: { id: AccountId; login: string },
): Promise<void> {
  await backend.suspicion.noteRecipients(login, ['x@far.example'])
  await backend.suspicion.noteBounces(login, 1)
  await backend.suspicion.noteCountry(login, 'DE')
  await backend.directory.accounts.freeze(login.id, 'by hand')
}

/** A folder of another system, with what POP3 called one of its messages. */
async function broughtIn(pipeline: Pipeline): Promise<void> {
  const { mailbox } = pipeline.backend
  const bob = await accountId(pipeline, 'bob@example.test')
  const old = await made(mailbox, bob, 'Old')
  await mailbox.foreign.adopt(old, { uidValidity: 1_234_567, highestModSeq: 99 })
  const given = { internalDateMs: 1_000, saveDateMs: undefined, unended: false }
  await mailbox.foreign.bringIn(old, { source: '0123456789abcdef', batch: 3 }, [
    { ...given, key: '7.5', blob: blob('old5'), flags: flagSet(['\\Seen']), uid: 5, popId: 'name' },
    { ...given, key: '7.9', blob: blob('old9'), flags: flagSet([]), uid: 9, popId: undefined },
  ])
  await mailbox.foreign.noteSourceState(old, '0123456789abcdef', '7.10.99.2')
}

async function made(mailbox: Mailbox, account: AccountId, path: string) {
  const created = await mailbox.folders.create(account, path)
  if (created.kind !== 'created') throw new Error(created.kind)
  return created.folder
}

/** Ids are random and get names; so do times with a random part, and the partition of a due item, which is made of its id. */
function named(text: string, names: ReadonlyMap<string, string>): string {
  let all = text
  for (const [id, name] of names) {
    all = all.replaceAll(id, `<${name}>`).replaceAll(hexOf(id), `<${name} in hex>`)
  }
  return (
    all
      .replaceAll(/DUE#\d+/g, 'DUE#<shard>')
      .replaceAll(/(?<=DECISION#[\d-]+#)\w(?= )/g, '<shard>')
      .replaceAll(/\d{15}(?=#<)/g, '<15 digits>')
      .replaceAll(/(?<=dueMs: )\d+/g, '<ms>')
      // The fingerprint of an account, whose id is random, before that of x@far.example.
      .replaceAll(/(?<=reached: bytes )[0-9a-f]{16}(?=9e2d315bbbbb6c62)/g, '<account>')
      // Here of that account alone, and the group that is made of it.
      .replaceAll(/(?<=reached: bytes )[0-9a-f]{16}(?=\n|$)/g, '<account>')
      .replaceAll(/(?<=T#\d{15}#)[0-9a-f]{8}/g, '<group>')
      .replaceAll(/J#(\d{4}-\d\d-\d\d)#\d+/g, 'J#$1#<shard>')
      // When it is tried next, behind what was said.
      .replaceAll(/(?<=\]\],)\d{13}(?=,\[)/g, '<ms>')
  )
}

const hexOf = (id: string) => Buffer.from(id, 'latin1').toString('hex')

async function namesOf(pipeline: Pipeline): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  for await (const { id, address } of pipeline.backend.directory.accounts.list()) {
    const tree = await pipeline.backend.mailbox.folders.tree(id)
    for (const folder of tree.folders)
      names.set(folder.id, `${address.local} ${tree.pathOf(folder)}`)
    names.set(id, address.local)
  }
  return names
}

it('are as they were', async () => {
  await expect(ran).toMatchFileSnapshot(fixture)
})

it('keys of the due index are sharded by the last character of the queue id, as they were', () => {
  const id = '01KAF0ZW00ABCDEFGH' as QueueId
  expect(dueAt(id, 'g/0', 1_700_000_000_000)).toEqual({
    duePk: 'DUE#8',
    dueSk: '001700000000000#01KAF0ZW00ABCDEFGH#g/0',
  })
  expect(heldAt(id, 'g/0')).toEqual({ listPk: 'HELD', listSk: '01KAF0ZW00ABCDEFGH#g/0' })
})

it('the marker of a data folder is as it was', async () => {
  const marker = JSON.parse(await readFile(join(opened.directory, 'store.json'), 'utf8'))
  expect(marker).toEqual({ store: expect.stringMatching(/^[0-9a-f-]{36}$/), format: 1 })
  expect((await readdir(opened.directory)).sort()).toContain('store.mdb')
})
