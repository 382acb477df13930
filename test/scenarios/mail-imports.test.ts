// Mail of another server brought by a job of the API: who may, what becomes of each mailbox, and what happens when it is stopped, forbidden or
// cut off in the midst of it. The other server is in memory here; mail-imports-dovecot.test.ts has a real one, test/cdk/emulated/api.test.ts the function on AWS.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assembleJobRunner } from '#services/assembly/jobs.ts'
import type { MailServers } from '#shared/administration/jobs/mail-import.ts'
import {
  MAIL_IMPORT_ACCOUNTS_MAX,
  MAIL_IMPORT_PARALLEL_MAX,
} from '#shared/administration/jobs/mail-import-input.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { createReach } from '#shared/moving/mailboxes/imap/reach.ts'
import { SourceAway, SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { memorySource } from '#test/support/memory-source.ts'
import { must } from '#test/support/must.ts'
import { tableLike } from '#test/support/table-like.ts'

const MESSAGES = 70
const texts = Array.from({ length: MESSAGES }, (_, n) => `Subject: ${n}\r\n\r\nmessage ${n}\r\n`)
const host = 'imap.example.com'
const resolver = createFakeResolver({
  [host]: { a: ['192.0.2.7'] },
  'inside.example.com': { a: ['10.0.0.1'], aaaa: ['::1'] },
  'lame.example.com': 'failure',
})

let administered: Administered
let api: TestApi
let admin: Actor
let round = 0
let addresses: readonly string[]

/** Before a message of anybody is read. */
let beforeRead: (signal: AbortSignal) => Promise<void>
let logins: string[]
/** What the last one opened is to make of labels. */
let labelsAs: string

const mailServers: MailServers = {
  reach: createReach({ resolver, networks: [] }),
  async openImap({ login: { user, secret }, labels, signal }) {
    labelsAs = labels
    const password = secret.kind === 'token' ? secret.token : secret.password
    logins.push(`${user} ${password}`)
    if (password === 'away') throw new SourceAway('imap.example.com does not answer')
    if (password !== 'right secret') {
      throw new SourceFailure(`the login is refused: no\r\n${'x'.repeat(2_000)}`)
    }
    return memorySource({
      identity: `imap:${host}:${user}`,
      folders: { INBOX: texts, 'Work/2024': texts.slice(0, 3) },
      beforeRead: () => beforeRead(signal),
    })
  },
}

const backend = () => administered.pipeline.backend

async function work(
  signal = new AbortController().signal,
  on: ReturnType<typeof backend> = backend(),
): Promise<void> {
  administered.clock.advance(1_000)
  await assembleJobRunner(on, { mailServers }).run({ signal })
}

const asked = (more: object = {}) => ({
  source: { kind: 'imap', host },
  accounts: addresses.map((address) => ({ address, password: 'right secret' })),
  ...more,
})

async function begin(body: object, as: Actor = owner) {
  const begun = await api.ask('POST /mail-imports', body, { as })
  expect(begun, JSON.stringify(begun.body)).toMatchObject({ status: 202 })
  return String(begun.body.id)
}

const job = async (id: string) => (await api.ask(`GET /jobs/${id}`)).body
const errors = async (id: string) => (await api.ask(`GET /jobs/${id}/errors`)).body.data
async function report(id: string) {
  const { body, headers } = await api.ask(`GET /jobs/${id}/output`)
  expect(headers.get('content-disposition')).toContain('.ndjson"')
  const lines = String(body).split('\n').filter(Boolean)
  return lines.map((line): ReturnType<typeof JSON.parse> => JSON.parse(line))
}

/** Subjects by folder, in the order of their uids. */
async function mail(address: string): Promise<Record<string, readonly number[]>> {
  const { directory, mailbox } = backend()
  const { id } = must(await directory.accounts.get(must(parseAddress(address))))
  const found: Record<string, readonly number[]> = {}
  for (const path of ['INBOX', 'Work/2024']) {
    const folder = await mailbox.folders.find(id, path)
    if (folder === undefined) continue
    const { messages } = await mailbox.snapshot(folder)
    if (messages.length > 0) found[path] = messages.map(({ uid }) => uid)
  }
  return found
}
const uids = (count: number) => Array.from({ length: count }, (_, n) => n + 1)
const all = { INBOX: uids(MESSAGES), 'Work/2024': uids(3) }

beforeAll(async () => {
  administered = await openAdministration()
  api = openApi(backend())
  const { administration } = administered
  for (const domain of ['example.org', 'example.net']) await administration.domains.add({ domain })
  const [address, boss] = ['admin@example.org', 'boss@example.org']
  for (const one of [address, boss]) {
    await administration.accounts.add({ address: one, secret: hashOfA })
  }
  await administration.roles.set({ address: boss, role: 'owner' })
  const domains = ['example.org']
  await administration.roles.set({ address, role: 'domain-admin', domains })
  const account = must(await backend().directory.accounts.get(must(parseAddress(address))))
  const own = domains.map((domain) => must(parseDomain(domain)))
  admin = { ...owner, role: 'domain-admin', accountId: account.id, name: address, domains: own }
})
afterAll(() => administered[Symbol.asyncDispose]())

beforeEach(async () => {
  round++
  beforeRead = async () => {}
  logins = []
  addresses = ['a', 'b', 'c'].map((name) => `${name}${round}@example.org`)
  for (const address of addresses) {
    await administered.administration.accounts.add({ address, secret: hashOfA })
  }
})

describe('an import of mail', () => {
  it('brings mailboxes, tells how far it is, and goes on where one fails', async () => {
    const accounts = [
      ...addresses.map((address, n) => ({
        address,
        login: `old${n}`,
        password: n === 1 ? 'wrong secret' : 'right secret',
      })),
      { address: 'nobody@example.org', token: 'right secret' },
    ]
    const before = administered.lines.length
    const id = await begin(asked({ accounts }), admin)
    expect(await job(id)).toMatchObject({ kind: 'mail-import', state: 'waiting', total: 4 })
    await work()
    const ended = await job(id)
    expect(ended).toMatchObject({
      ...{ state: 'done', done: 2, failed: 2, total: 4, startedBy: 'admin@example.org' },
      about: { host, dryRun: false, verify: false },
      counts: { messages: 2 * (MESSAGES + 3), folders: 4 },
    })
    const rows: readonly { key: string; refusal: object }[] = await errors(id)
    expect(rows.toSorted((one, other) => (one.key < other.key ? -1 : 1))).toMatchObject([
      {
        key: addresses[1],
        refusal: {
          kind: 'source-refuses',
          reason: expect.stringMatching(/^the login is refused: no x{200,}$/),
        },
      },
      { key: 'nobody@example.org', refusal: { kind: 'no-such-account' } },
    ])
    const told = await report(id)
    expect(told).toHaveLength(4)
    expect(told.find(({ account }) => account === addresses[0])).toMatchObject({
      identity: `imap:${host}:old0`,
      folders: [
        { path: 'INBOX', brought: MESSAGES, uids: 'kept', failure: null },
        { path: 'Work/2024', brought: 3 },
      ],
    })
    expect(await mail(must(addresses[0]))).toEqual(all)
    expect(await mail(must(addresses[1]))).toEqual({})
    // Who began it, from where and for how many; of secrets nothing, wherever it is told.
    const record = api.audited.findLast(({ operation }) => operation === 'mailImports.create')
    expect(record?.changes).toEqual([
      { what: 'mail-import', name: id, before: null, after: { from: host, accounts: 4 } },
    ])
    const everything = [ended, rows, told, api.audited, administered.lines.slice(before)]
    expect(JSON.stringify(everything)).not.toMatch(/(?:right|wrong) secret/)
    const kept = await backend().store.tables.counters.query({ pk: `JOB#${id}` })
    expect(Buffer.from(JSON.stringify(kept)).toString()).not.toMatch(/(?:right|wrong) secret/)
  })

  it('brings only what is new when it is begun again, and compares when it is asked to', async () => {
    await begin(asked())
    await work()
    expect(labelsAs).toBe('folders')
    const more = { parallel: MAIL_IMPORT_PARALLEL_MAX, labels: 'keywords' }
    const again = await begin(asked(more))
    await work()
    expect(labelsAs).toBe('keywords')
    expect((await job(again)).counts).toMatchObject({ already: 3 * (MESSAGES + 3), folders: 6 })
    expect((await job(again)).counts.messages).toBeUndefined()
    const compared = await begin(asked({ verify: true, folders: ['Work/2024'] }))
    await work()
    expect(await job(compared)).toMatchObject({ done: 3, counts: { messages: 9, equal: 9 } })
    expect((await report(compared))[0].folders).toMatchObject([{ path: 'Work/2024', equal: 3 }])
    const { directory, mailbox } = backend()
    const { id } = must(await directory.accounts.get(must(parseAddress(must(addresses[2])))))
    const folder = must(await mailbox.folders.find(id, 'Work/2024'))
    await mailbox.expunge(folder, [must((await mailbox.snapshot(folder)).messages[0]).uid])
    const differing = await begin(asked({ verify: true }))
    await work()
    expect(await job(differing)).toMatchObject({ done: 2, failed: 1, counts: { differences: 1 } })
    expect(await errors(differing)).toMatchObject([
      { key: addresses[2], refusal: { kind: 'not-the-same', differences: 1 } },
    ])
  })

  it('writes nothing when it is a rehearsal, and says what would come', async () => {
    const rehearsed = await api.ask('POST /mail-imports?dryRun=true', asked())
    expect(rehearsed.body).toMatchObject({ dryRun: true, result: { kind: 'mail-import' } })
    const other = await begin(asked({ rehearse: true }))
    await work()
    for (const id of [String(rehearsed.body.result.id), other]) {
      expect(await job(id)).toMatchObject({
        ...{ state: 'done', done: 3, about: { dryRun: true } },
        counts: { messages: 3 * (MESSAGES + 3) },
      })
    }
    for (const address of addresses) expect(await mail(address)).toEqual({})
  })

  it('ends between two batches when it is cancelled', async () => {
    let read = 0
    const id = await begin(asked({ parallel: 1 }))
    beforeRead = async (signal) => {
      if (++read !== 10) return
      await api.ask(`POST /jobs/${id}:cancel`, {})
      await cutOff(signal)
    }
    await work()
    expect(await job(id)).toMatchObject({ state: 'cancelled', done: 0, failed: 0 })
    expect(logins).toHaveLength(1)
  })

  it('goes on where it was when its process ends, also where nothing was kept of what it did', async () => {
    const id = await begin(asked({ parallel: 1 }))
    const stopping = new AbortController()
    let read = 0
    beforeRead = async () => {
      if (++read === 100) stopping.abort()
    }
    await work(stopping.signal)
    expect(await job(id)).toMatchObject({ state: 'running', done: 1 })
    const { counters } = backend().store.tables
    const lossy = tableLike(counters, {
      async transact(writes) {
        const isSlice = writes.some((one) => 'update' in one && one.changes.set?.cursor)
        if (isSlice) throw new TemporaryFailure('no')
        await counters.transact(writes)
      },
    })
    const tables = { ...backend().store.tables, counters: lossy }
    const cut = new AbortController()
    beforeRead = async () => {
      if (++read === 180) cut.abort()
    }
    await work(cut.signal, { ...backend(), store: { ...backend().store, tables } })
    beforeRead = async () => {}
    // The lease of who kept nothing.
    administered.clock.advance(20 * 60_000)
    await work()
    expect(await job(id)).toMatchObject({ state: 'done', done: 3, failed: 0, total: 3 })
    for (const address of addresses) expect(await mail(address)).toEqual(all)
    expect(await report(id)).toHaveLength(3)
    // What is over is not looked at again.
    expect(logins.filter((login) => login.startsWith(must(addresses[0])))).toHaveLength(1)
  })

  it('gives a server up that does not answer, and says so', async () => {
    const many = Array.from({ length: 30 }, (_, n) => `many${n}@example.org`)
    for (const address of many) {
      await administered.administration.accounts.add({ address, secret: hashOfA })
    }
    const accounts = many.map((address) => ({ address, password: 'away' }))
    const id = await begin(asked({ accounts }))
    await work()
    expect(await job(id)).toMatchObject({ state: 'failed', failure: { kind: 'source-away', host } })
    expect(logins.length).toBeLessThan(30)
  })

  it.each([
    ['inside.example.com', 'source-not-public'],
    ['127.0.0.1', 'source-not-public'],
    ['169.254.169.254', 'source-not-public'],
    ['::ffff:10.0.0.1', 'source-not-public'],
    ['64:ff9b::7f00:1', 'source-not-public'],
    ['localhost.', 'source-no-such-host'],
    ['gone.example.com', 'source-no-such-host'],
  ])('connects to nothing at %s', async (inside, kind) => {
    const id = await begin(asked({ source: { kind: 'imap', host: inside } }))
    await work()
    expect(await job(id)).toMatchObject({ state: 'failed', failure: { kind, host: inside } })
    expect(logins).toEqual([])
  })

  it('sends no password without TLS to whoever is outside, and waits for a name server', async () => {
    const clear = await begin(asked({ source: { kind: 'imap', host, port: 1143, tls: 'none' } }))
    const lame = await begin(asked({ source: { kind: 'imap', host: 'lame.example.com' } }))
    await work()
    expect(await job(clear)).toMatchObject({ failure: { kind: 'source-clear-text' } })
    expect(await job(lame)).toMatchObject({ state: 'running', failure: null })
    await api.ask(`POST /jobs/${lame}:cancel`, {})
    await work()
    expect(logins).toEqual([])
  })
})

describe('who may bring mail', () => {
  const foreign = ['admin@example.net', 'nobody@example.net', 'nobody@example.invalid']

  it('is told of other domains nothing but that there is no such account', async () => {
    await administered.administration.accounts.add({ address: must(foreign[0]), secret: hashOfA })
    for (const address of foreign) {
      const accounts = [...asked().accounts, { address, password: 'right secret' }]
      const refused = await api.ask('POST /mail-imports', asked({ accounts }), { as: admin })
      expect(refused).toMatchObject({ status: 422, body: { code: 'no-such-account' } })
      expect(refused.body.errors).toMatchObject([{ pointer: '/accounts', value: address }])
    }
  })

  it('does not bring it to somebody with more rights', async () => {
    const [address = ''] = addresses
    await administered.administration.roles.set({ address, role: 'owner' })
    const refused = await api.ask('POST /mail-imports', asked(), { as: admin })
    expect(refused).toMatchObject({ status: 403, body: { code: 'more-rights' } })
    await administered.administration.roles.set({ address, role: 'holder' })
    // Who gets them after it was begun is left out.
    const id = await begin(asked(), admin)
    await administered.administration.roles.set({ address, role: 'owner' })
    await work()
    expect(await errors(id)).toMatchObject([{ key: address, refusal: { kind: 'more-rights' } }])
    expect(await job(id)).toMatchObject({ done: 2, failed: 1 })
    await administered.administration.roles.set({ address, role: 'holder' })
  })

  it('is asked again while it runs: without his role it ends', async () => {
    const id = await begin(asked(), admin)
    const { roles } = administered.administration
    let read = 0
    beforeRead = async (signal) => {
      if (++read !== 20) return
      await roles.set({ address: admin.name, role: 'holder' })
      await cutOff(signal)
    }
    await work()
    expect(await job(id)).toMatchObject({ state: 'failed', failure: { kind: 'maker-may-not' } })
    for (const address of addresses) expect(await mail(address)).not.toEqual(all)
    const domains = ['example.org']
    await roles.set({ address: admin.name, role: 'domain-admin', domains })
  })

  it('is asked again for each mailbox: of one that is under way when the domain is taken away the rest stays there', async () => {
    const { roles } = administered.administration
    const domains = ['example.org', 'example.net']
    await roles.set({ address: admin.name, role: 'domain-admin', domains })
    const own = domains.map((domain) => must(parseDomain(domain)))
    const id = await begin(asked({ parallel: 1 }), { ...admin, domains: own })
    let read = 0
    beforeRead = async (signal) => {
      if (++read !== 20) return
      const only = ['example.net']
      await roles.set({ address: admin.name, role: 'domain-admin', domains: only })
      await aborted(signal)
    }
    await work()
    expect(await job(id)).toMatchObject({ state: 'done', done: 0, failed: 3 })
    expect(await errors(id)).toMatchObject(
      addresses.map((key) => ({ key, refusal: { kind: 'no-such-account' } })),
    )
    expect(logins).toHaveLength(1)
    await roles.set({ address: admin.name, role: 'domain-admin', domains: ['example.org'] })
  })
})

describe('what an import of mail is asked for', () => {
  it.each([
    ['a port of another service', { source: { kind: 'imap', host, port: 25 } }],
    ['a host with a path', { source: { kind: 'imap', host: 'imap.example.com/x' } }],
    ['no accounts', { accounts: [] }],
    ['no whole address', { accounts: [{ address: 'ann', password: 'right secret' }] }],
    ['no secret', { accounts: [{ address: 'ann@example.org' }] }],
    [
      'two secrets',
      { accounts: [{ address: 'a@example.org', password: 'right secret', token: 'x' }] },
    ],
    [
      'the same mailbox twice',
      {
        accounts: ['A@example.org', 'a@example.org'].map((address) => ({
          ...{ address, login: 'ann', password: 'right secret' },
        })),
      },
    ],
    ['too many at once', { parallel: MAIL_IMPORT_PARALLEL_MAX + 1 }],
    [
      'too many accounts',
      {
        admin: { login: 'root', password: 'right secret' },
        accounts: Array.from({ length: MAIL_IMPORT_ACCOUNTS_MAX + 1 }, (_, n) => ({
          address: `n${n}@example.org`,
        })),
      },
    ],
  ])('is refused with %s, and no secret is told back', async (_, more) => {
    const refused = await api.ask('POST /mail-imports', asked(more))
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(JSON.stringify(refused.body)).not.toContain('right secret')
  })

  it('may be as many accounts as a job has, which somebody there reads for', async () => {
    const admin = { login: 'root', password: 'right secret' }
    const [address = '', ...others] = addresses
    const nobody = Array.from({ length: MAIL_IMPORT_ACCOUNTS_MAX - 3 }, (_, n) => ({
      address: `n${n}@example.org`,
    }))
    const accounts = [{ address }, ...others.map((one) => ({ address: one })), ...nobody]
    const id = await begin(asked({ admin, accounts }))
    await work()
    expect(await job(id)).toMatchObject({ state: 'done', done: 3, failed: nobody.length })
    expect(await mail(address)).toEqual(all)
    expect(logins).toContain(`${address} right secret`)
  })
})

/** What is under way is stopped. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

/** And the session breaks off, as that of a client does which is closed. */
async function cutOff(signal: AbortSignal): Promise<never> {
  await aborted(signal)
  throw new SourceAway('ended')
}
