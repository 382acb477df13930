import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuditTrail,
  createAuditTrail,
  REFUSED_RATE,
} from '#shared/administration/audit/audit.ts'
import { type AuditEntry, nobody } from '#shared/administration/audit/entries.ts'
import { type AuditLog, createAuditLog } from '#shared/administration/audit/reading.ts'
import { type AuditSeals, createAuditSeals } from '#shared/administration/audit/seals.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Table } from '#shared/storage/ports.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { must } from '#test/support/must.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const DAY = 86_400_000
const retentionMs = () => 30 * DAY

let opened: OpenedEmbedded
let table: Table
let clock: ManualClock
let trail: AuditTrail
let log: AuditLog
let seals: AuditSeals
let taken: number

beforeEach(async () => {
  clock = new ManualClock(Date.parse('2026-11-01T12:00:00Z'))
  opened = await openEmbedded({ clock })
  table = opened.store.tables.directory
  taken = 0
  const rates = { take: () => ++taken <= REFUSED_RATE.capacity }
  trail = createAuditTrail({ table, rates, retentionMs, clock, log: silentLog })
  log = createAuditLog({ table, retentionMs, clock })
  seals = createAuditSeals({ table, retentionMs, clock, log: silentLog })
})
afterEach(() => opened.close())

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: { ...nobody, accountId: 'olga', name: 'olga@a.test', role: 'owner', via: 'cookie' },
  from: { address: '192.0.2.1', client: 'console' },
  operation: 'accounts.update',
  object: 'accounts/ann@a.test',
  accountId: 'ann',
  domain: 'a.test',
  requestId: 'r_1',
  ...more,
})

const all = { extent: { kind: 'all' }, limit: 100 } as const

async function act(more: Partial<AuditEntry> = {}) {
  const record = await trail.begin(entry(more))
  await record.end({ code: 'ok', changes: [] })
}

describe('an act', () => {
  it('is in the record before it is done, and says when nobody knows its end', async () => {
    const record = await trail.begin(entry())
    const [begun] = (await log.page(all)).items
    expect(begun).toMatchObject({ result: null, endedMs: null, operation: 'accounts.update' })
    // The process ended here; whoever reads the store afterwards sees it.
    const again = createAuditLog({
      table: (await opened.reopen()).tables.directory,
      retentionMs,
      clock,
    })
    expect((await again.page({ ...all, result: 'unknown' })).items).toHaveLength(1)
    expect(record).toBeDefined()
  })

  it('is not done where it cannot be written, and stays done where its end cannot', async () => {
    const failing: Table = {
      ...table,
      write: () => Promise.reject(new Error('down')),
      transact: (writes) => table.transact(writes),
    }
    const broken = createAuditTrail({
      table: failing,
      rates: { take: () => true },
      retentionMs,
      clock,
      log: silentLog,
    })
    const record = await broken.begin(entry())
    await record.end({ code: 'ok', changes: [] })
    const refusing = { ...failing, transact: () => Promise.reject(new Error('down')) }
    const none = createAuditTrail({
      table: refusing,
      rates: { take: () => true },
      retentionMs,
      clock,
      log: silentLog,
    })
    await expect(none.begin(entry())).rejects.toThrow('down')
  })

  it('tells what changed, as much as fits, and is found by all that it changed', async () => {
    const record = await trail.begin(entry({ object: 'accounts', accountId: null, domain: null }))
    const changes = Array.from({ length: 900 }, (_, i) => ({
      what: 'account' as const,
      name: `u${i}@a.test`,
      before: null,
      after: { note: 'x'.repeat(200) },
    }))
    await record.end({ code: 'ok', changes })
    const found = must((await log.page({ ...all, object: 'accounts/u899@a.test' })).items[0])
    expect(found.changes.length + found.moreChanges).toBe(900)
    expect(found.moreChanges).toBeGreaterThan(0)
  })

  it('that was refused is in it so often for a network and no more', async () => {
    for (let i = 0; i < REFUSED_RATE.capacity + 20; i++)
      await trail.noteRefused(entry(), 'no-right', 'n')
    const { items } = await log.page({ ...all, limit: 200 })
    expect(items).toHaveLength(REFUSED_RATE.capacity)
  })
})

describe('the record', () => {
  it('is read the newest first, page by page, over days, each act once', async () => {
    for (let i = 0; i < 25; i++) {
      await act({ operation: `o${i}` })
      await clock.advance(i % 5 === 0 ? 3 * DAY : 0)
    }
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await log.page({ ...all, limit: 4, after })
      seen.push(...page.items.map(({ operation }) => operation))
      after = page.next
    } while (after !== undefined)
    expect(seen.toSorted()).toEqual(Array.from({ length: 25 }, (_, i) => `o${i}`).toSorted())
    expect(new Set(seen).size).toBe(25)
  })

  it('shows everybody what is his to see', async () => {
    await act()
    await act({ domain: 'b.test', object: 'accounts/bob@b.test', accountId: 'bob' })
    await act({
      domain: null,
      object: 'settings',
      accountId: null,
      actor: { ...nobody, name: 'root', via: 'local' },
    })
    const objects = async (query: Partial<Parameters<AuditLog['page']>[0]>) =>
      (await log.page({ ...all, ...query })).items.map(({ object }) => object).toSorted()
    const b = must(parseDomain('b.test'))
    expect(await objects({})).toHaveLength(3)
    expect(await objects({ extent: { kind: 'domains', domains: [b] } })).toEqual([
      'accounts/bob@b.test',
    ])
    const domains = { kind: 'domains', domains: [b] } as const
    expect(await objects({ extent: domains, object: 'accounts/ann@a.test' })).toEqual([])
    expect(await objects({ extent: domains, actor: 'olga' })).toEqual(['accounts/bob@b.test'])
    const self = (id: string) => ({ kind: 'self', accountId: must(parseAccountId(id)) }) as const
    expect(await objects({ extent: self('ann') })).toEqual(['accounts/ann@a.test'])
    expect(await objects({ extent: self('olga') })).toHaveLength(2)
    expect(await objects({ actor: 'root' })).toEqual(['settings'])
    const { id } = must((await log.page({ ...all, actor: 'root' })).items[0])
    expect(await log.get(id, domains)).toBeUndefined()
    expect(await log.get(id, { kind: 'all' })).toMatchObject({ object: 'settings' })
    expect(await log.get('a_1', { kind: 'all' })).toBeUndefined()
  })

  it('tells nobody from where others changed his account, and him from where he did', async () => {
    const from = { address: '198.51.100.7', client: 'curl' }
    await act({ from })
    const self = (id: string) => ({ kind: 'self', accountId: must(parseAccountId(id)) }) as const
    const page = async (extent: ReturnType<typeof self>) =>
      must((await log.page({ ...all, extent })).items[0])
    const hidden = { address: '', client: '' }
    const seen = await page(self('ann'))
    expect(seen).toMatchObject({ actor: { accountId: 'olga' }, from: hidden })
    expect(await log.get(seen.id, self('ann'))).toMatchObject({ from: hidden })
    expect(await page(self('olga'))).toMatchObject({ from })
    expect(await log.get(seen.id, { kind: 'all' })).toMatchObject({ from })
  })

  it('forgets what is older than it is kept', async () => {
    await act()
    await clock.advance(31 * DAY)
    expect((await log.page(all)).items).toEqual([])
  })
})

describe('a seal', () => {
  const states = async () =>
    (await seals.verify()).days.map(({ date, state }) => `${date} ${state}`)

  beforeEach(async () => {
    await act()
    await act()
    await clock.advance(DAY)
    expect(await seals.seal()).toBe(1)
    await act()
    await clock.advance(DAY)
    expect(await seals.seal()).toBe(1)
    expect(await seals.seal()).toBe(0)
    expect(await states()).toEqual(['2026-11-01 whole', '2026-11-02 whole'])
  })

  it('shows an act that was removed, changed, or put in afterwards', async () => {
    const { items } = await table.query({ pk: 'AUDIT#2026-11-01' })
    const first = must(items[0])
    await table.write({ delete: first })
    expect(await states()).toEqual(['2026-11-01 differs', '2026-11-02 whole'])
    await table.write({ put: { ...first, object: 'other' } })
    expect(await states()).toEqual(['2026-11-01 differs', '2026-11-02 whole'])
    await table.write({ put: first })
    expect(await states()).toEqual(['2026-11-01 whole', '2026-11-02 whole'])
    await table.write({ put: { ...first, sk: `${first.sk}0` } })
    expect(await states()).toEqual(['2026-11-01 differs', '2026-11-02 whole'])
  })

  it('shows a day that was sealed anew without those after it, and one that is gone', async () => {
    const key = { pk: 'AUDIT#SEALS', sk: '2026-11-01' }
    const seal = must(await table.get(key))
    await table.write({ put: { ...seal, digest: 'x' } })
    expect(await states()).toEqual(['2026-11-01 differs', '2026-11-02 differs'])
    await table.write({ put: seal })
    await clock.advance(DAY)
    await seals.seal()
    await table.write({ delete: { ...key, sk: '2026-11-02' } })
    expect(await states()).toEqual(['2026-11-01 whole', '2026-11-02 missing', '2026-11-03 differs'])
  })
})
