// Everything that administration stores, byte for byte: roles, factors, tokens, sessions, links, the record of what was done, jobs, figures,
// settings. The same holds as for stored-formats.test.ts: whoever changes a line of the fixture changes a format, and owes a reader of the
// one before and a test of it.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { operations } from '#services/api/operations/index.ts'
import { repeatable } from '#services/api/repeats.ts'
import { openApiKeys } from '#services/assembly/api-keys.ts'
import { createAuditTrail } from '#shared/administration/audit/audit.ts'
import { type AuditEntry, nobody } from '#shared/administration/audit/entries.ts'
import { createAuditSeals } from '#shared/administration/audit/seals.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type FactorsRecord, noFactors } from '#shared/directory/factors.ts'
import { noteRemoved } from '#shared/directory/removed-accounts.ts'
import { createSettingStore } from '#shared/directory/stored-settings.ts'
import { createWordIndex } from '#shared/directory/word-index.ts'
import { createFigureKeeper } from '#shared/figures/keeper.ts'
import { createLinks } from '#shared/identity/links.ts'
import { createPasskeySite } from '#shared/identity/passkey-site.ts'
import { createPending } from '#shared/identity/pending.ts'
import { noSecondFactors } from '#shared/identity/second-factors.ts'
import { createSessions } from '#shared/identity/sessions.ts'
import { createSignIns } from '#shared/identity/sign-in.ts'
import { createTokens } from '#shared/identity/tokens.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import { createJobRunner } from '#shared/jobs/runner.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'
import { dumpOf, recordKeys } from '#test/support/stored-items.ts'

type TurnedClock = ReturnType<typeof manualClock>

const DAY_MS = 86_400_000
const domain = 'example.test' as Domain
const ann = { local: 'ann', domain }
const bob = { local: 'bob', domain }
const made = { local: 'made', domain }
const place = { address: '192.0.2.1', client: 'Browser/1' }
/** As many bytes as are asked for, other ones each time. */
const counting = () => {
  let last = 0
  return (count: number) => new Uint8Array(count).fill(++last)
}

let opened: OpenedEmbedded
let ran: string

beforeAll(async () => {
  const clock = manualClock()
  opened = await openEmbedded({ clock })
  const keys = recordKeys(opened.store)
  const pipeline = createPipeline(opened.store, clock)
  const names = new Map<string, string>()
  const idOf = async (address: Address) => {
    const account = await pipeline.backend.directory.accounts.get(address)
    if (account === undefined) throw new Error(formatAddress(address))
    names.set(account.id, address.local)
    return account.id
  }
  await pipeline.addAccount('ann@example.test')
  await pipeline.addAccount('bob@example.test')
  const [annId, bobId] = [await idOf(ann), await idOf(bob)]
  const seen = new Set<string>()
  const look = async () => {
    for (const item of await dumpOf(opened.store, keys)) {
      if (!item.startsWith('mail ')) seen.add(named(item, names))
    }
  }
  await rolesAndFactors(pipeline, annId, bobId)
  await idOf(made)
  await identities(pipeline, annId)
  await record(pipeline, annId, clock)
  names.set(await work(pipeline, annId), 'job')
  await rest(pipeline, annId)
  await repeats(pipeline)
  // Before what is short-lived ends.
  await look()
  const { counters } = opened.store.tables
  const keeper = createFigureKeeper({
    table: counters,
    counter: { take: () => new Map([['messagesAccepted', 2]]), putBack: () => undefined },
    measure: async () => new Map([['queueAge/max', 3]]),
    clock,
    log: silentLog,
  })
  await keeper.keep()
  clock.advance(3_600_000)
  await keeper.keep()
  await look()
  ran = [...seen].sort().join('\n')
})
afterAll(() => opened.close())

async function rolesAndFactors({ backend }: Pipeline, annId: AccountId, bobId: AccountId) {
  const { accounts, roles, factors } = backend.directory
  await accounts.set(ann, { displayName: 'Änn Example' })
  await accounts.freeze(bobId, 'spam run', { isContained: true })
  await accounts.addAll([{ address: made, passwordHash: '!', scramVerifier: null, madeBy: 'j1' }])
  await roles.set(annId, { name: 'owner', domains: [] })
  await roles.set(bobId, { name: 'domain-admin', domains: [domain] })
  // A role that is narrowed.
  await roles.set(bobId, { name: 'domain-admin', domains: [] })
  await factors.change(annId, () => ({ next: allFactors, result: undefined }))
  // All of it taken away again.
  const next = { ...allFactors, identities: [] }
  await factors.change(bobId, () => ({ next, result: undefined }))
  await factors.change(bobId, () => ({ next: noFactors, result: undefined }))
}

const allFactors: FactorsRecord = {
  appPasswords: [
    {
      id: '0011223344556677',
      name: 'phone',
      hash: Uint8Array.of(1),
      scopes: ['imap', 'smtp'],
      createdMs: 1_000,
      expiresMs: 2_000,
      storedKey: Uint8Array.of(2),
      serverKey: Uint8Array.of(3),
    },
  ],
  salt: { salt: Uint8Array.of(4), iterations: 4_096 },
  totp: { secret: Uint8Array.of(5), lastStep: 6, sinceMs: 3_000 },
  recovery: { hashes: [Uint8Array.of(7), Uint8Array.of(8)], madeMs: 4_000 },
  passkeys: [
    {
      id: 'key',
      name: 'laptop',
      publicKey: Uint8Array.of(9),
      counter: 10,
      rpId: 'mx.example.test',
      transports: ['internal'],
      isBackedUp: true,
      createdMs: 5_000,
      lastUsedMs: null,
    },
  ],
  identities: [{ issuer: 'https://issuer.example', subject: 'sub', sinceMs: 6_000 }],
}

async function identities({ backend }: Pipeline, annId: AccountId): Promise<void> {
  const { store, clock, settings, directory, rates } = backend
  const { counters } = store.tables
  const given = { counters, directory: store.tables.directory, settings, clock }
  const account = await directory.accounts.byId(annId)
  if (account === undefined) throw new Error(annId)
  const sessions = createSessions({ ...given, random: counting() })
  const { session } = await sessions.begin(account, ['password'], place)
  await sessions.stepUp(session, 'totp')
  const tokens = createTokens({ ...given, random: counting() })
  const token = { accountId: annId, roleEpoch: 0, expiresMs: clock.now() + DAY_MS }
  await tokens.add({ ...token, name: 'never used', scopes: ['directory.read'] })
  const added = await tokens.add({ ...token, name: 'used', scopes: [] })
  if (added.kind === 'ok') await tokens.find(added.text, place.address)
  const links = createLinks({ ...given, random: counting() })
  await links.make({ kind: 'first-owner', accountId: null, by: 'root' })
  await links.make({
    ...{ kind: 'password', accountId: annId },
    ...{ by: 'bob@example.test', byAccount: annId },
  })
  const about = 'ann@elsewhere.test'
  await links.make({ kind: 'recovery-address', accountId: annId, by: 'ann@example.test', about })
  await directory.recoveryAddresses.set(annId, { local: 'ann', domain: 'elsewhere.test' as Domain })
  await createPending(counters, clock).put('name', 'value')
  const site = createPasskeySite(store.tables.directory, settings)
  await site.settle(await site.site())
  const { address } = account
  const { sessionsEpoch } = account
  const signIns = createSignIns({
    authenticator: {
      authenticate: async () => ({
        kind: 'authenticated',
        account: { id: annId, login: formatAddress(address), sessionsEpoch },
      }),
    },
    accounts: directory.accounts,
    sessions,
    factors: { ...noSecondFactors, methodsOf: async () => ['totp'] },
    counters,
    rates,
    clock,
    random: counting(),
    log: silentLog,
  })
  const password = Buffer.from('right')
  const needed = await signIns.withPassword({ login: 'ann@example.test', password, from: place })
  if (needed.kind !== 'needs-factor') throw new Error(needed.kind)
  const answer = { method: 'totp', answer: '000000' } as const
  await signIns.withFactor({ ticket: needed.ticket, answer, from: place })
}

/** One act that ended, one of which nobody knows how, one that was refused, and the seal of their day. */
async function record({ backend }: Pipeline, annId: AccountId, clock: TurnedClock): Promise<void> {
  const { store, rates } = backend
  const given = { table: store.tables.directory, retentionMs: () => DAY_MS, clock, log: silentLog }
  const trail = createAuditTrail({ ...given, rates })
  const entry: AuditEntry = {
    actor: {
      accountId: annId,
      name: 'ann@example.test',
      role: 'owner',
      via: 'cookie',
      token: null,
      steppedUp: true,
    },
    from: place,
    operation: 'accounts.add',
    object: 'accounts/new@example.test',
    accountId: annId,
    domain,
    requestId: 'r1',
  }
  const act = await trail.begin(entry)
  clock.advance(1)
  const change = { what: 'account', name: 'new@example.test', before: null, after: {} } as const
  await act.end({
    code: 'ok',
    changes: [change, { ...change, what: 'alias', name: 'other@example.test' }],
  })
  await trail.begin({ ...entry, operation: 'accounts.remove', accountId: null })
  clock.advance(1)
  await trail.noteRefused({ ...entry, actor: nobody, domain: null }, 'forbidden', '192.0.2.0')
  const seals = createAuditSeals({
    ...given,
    clock: { ...clock, now: () => clock.now() + DAY_MS + 3_600_000 },
  })
  await seals.seal()
}

/** A job that ended with rows that failed and something that it made, and one that waits with its text. */
async function work({ backend }: Pipeline, annId: AccountId): Promise<string> {
  const { store, clock, jobs } = backend
  const kind: JobKind = {
    name: 'thing',
    async *run() {
      yield {
        cursor: 'c',
        done: 1,
        failed: 1,
        total: 3,
        counts: { added: 1 },
        errors: [{ line: 2, key: 'x', refusal: { kind: 'exists' } }],
        output: Uint8Array.of(1),
      }
    },
  }
  const begun = await jobs.begin({
    kind: 'thing',
    input: { a: 1 },
    about: { domain },
    owner: { accountId: annId, name: 'ann@example.test' },
    total: 2,
  })
  const kinds = new Map([[kind.name, kind]])
  const runner = createJobRunner({ table: store.tables.counters, kinds, clock, log: silentLog })
  await runner.run({ signal: new AbortController().signal })
  await jobs.begin({
    kind: 'other',
    input: null,
    owner: { accountId: null, name: 'root' },
    text: Buffer.from('rows'),
  })
  return begun.id
}

async function rest({ backend }: Pipeline, annId: AccountId): Promise<void> {
  const { store, clock, devices } = backend
  const { directory } = store.tables
  const seen = { service: 'imap', remoteAddress: '192.0.2.1' } as const
  await devices.note(annId, { ...seen, means: undefined, client: 'Program 1' })
  await devices.note(annId, { ...seen, means: { kind: 'app-password', id: '0011223344556677' } })
  const settings = createSettingStore({ table: directory, signals: store.signals, clock })
  await settings.change({ messageSizeLimit: '10MB', logLevel: 'debug' })
  await settings.change({ logLevel: null })
  await directory.transact([noteRemoved(annId, clock.now())])
  await scripts(backend, annId)
  await openApiKeys(directory)
  await createWordIndex(directory).complete()
}

/** The active one of an account, another that was renamed, and one of all. */
async function scripts({ directory }: Pipeline['backend'], annId: AccountId): Promise<void> {
  const text = Buffer.from('keep;')
  const put = [
    { name: 'work', text },
    { name: 'old', text },
  ]
  const done = { result: undefined }
  await directory.scripts.change(annId, () => ({ change: { put, active: 'work' }, ...done }))
  const rename = { from: 'old', to: 'Ferien/Änn' }
  await directory.scripts.change(annId, () => ({ change: { rename }, ...done }))
  await directory.scripts.change(null, () => ({
    ...{ change: { put: [{ name: 'spam', text }] }, ...done },
  }))
}

async function repeats({ backend }: Pipeline): Promise<void> {
  const { store, clock } = backend
  const [operation] = operations
  if (operation === undefined) throw new Error('no operation')
  const headers = { 'idempotency-key': 'k' }
  const request = new Request('https://mx.example.test/', { method: 'POST', headers })
  const input = { params: {}, query: {}, body: {} }
  await repeatable(
    { counters: store.tables.counters, clock },
    { operation: { ...operation, id: 'noun.verb' }, request, actor: null, input, requestId: 'r1' },
    async () => new Response('{}', { status: 201, headers: { location: '/there' } }),
    () => undefined,
  )
}

/** Ids are random and get names, and so does what is made of them. */
function named(text: string, names: ReadonlyMap<string, string>): string {
  let all = text
  for (const [id, name] of names) all = all.replaceAll(id, `<${name}>`)
  return all
    .replaceAll(/(?<=\d{13}#)[0-9a-f]{12}\b/g, '<random>')
    .replaceAll(/\bj[0-9a-f]{21}\b/g, '<other job>')
    .replaceAll(/(?<=digest: ")[0-9a-f]{64}/g, '<digest>')
    .replaceAll(/(?<=part: bytes )[0-9a-f]{64}/g, '<sealed>')
    .replaceAll(/(?<=textKey: bytes )[0-9a-f]{64}/g, '<key>')
    .replaceAll(/(?<=cursor: bytes )[0-9a-f]{64}/g, '<key>')
}

it('are as they were', async () => {
  await expect(ran).toMatchFileSnapshot('../fixtures/stored-formats-of-administration.txt')
})
