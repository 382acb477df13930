// Who may what and how they got in, and what is remembered of it, on any driver's tables: roles, sessions, tokens, links, factors, the record,
// jobs, and settings that are stored.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAuditLog, assembleAuditTrail } from '#services/assembly/audit.ts'
import { type AuditEntry, nobody } from '#shared/administration/audit/entries.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { createSettingStore } from '#shared/directory/stored-settings.ts'
import { createLinks } from '#shared/identity/links.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import { createJobRunner } from '#shared/jobs/runner.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { aHash } from '#test/support/administration.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, type Pipeline } from '#test/support/pipeline.ts'
import type { Open } from '#test/support/storage.ts'

const HOUR_MS = 3_600_000

export function describeIdentity(driver: string, open: Open): void {
  describe(`${driver}: identity`, () => {
    // True to the table's own clock, which takes away what is over.
    const clock = new ManualClock(Date.now())
    const domain = must(parseDomain('ours.test'))
    let backend: Pipeline['backend']
    let close: () => Promise<void>

    beforeAll(async () => {
      const opened = await open()
      close = opened.close
      backend = createPipeline(opened.store, clock).backend
      await backend.directory.domains.add(domain)
    })
    afterAll(async () => await close())

    async function account(local: string): Promise<AccountRecord> {
      const address = must(parseAddress(`${local}@ours.test`))
      const added = await backend.directory.accounts.add({ address, passwordHash: aHash })
      if (added.kind !== 'ok') throw new Error(added.kind)
      return added.account
    }
    const again = async ({ id }: AccountRecord) => must(await backend.directory.accounts.byId(id))

    it('keeps an owner, whoever takes roles away at once', async () => {
      const { roles } = backend.directory
      const both = [await account('olga'), await account('olaf')]
      for (const { id } of both) await roles.set(id, { name: 'owner', domains: [] })
      expect(await roles.owners()).toBe(2)
      const taken = await Promise.all(both.map(({ id }) => roles.set(id, null)))
      expect(taken.map(({ kind }) => kind).toSorted()).toEqual(['last-owner', 'ok'])
      expect(await roles.owners()).toBe(1)
      const hans = await account('hans')
      await roles.set(hans.id, { name: 'help-desk', domains: [domain] })
      expect(await again(hans)).toMatchObject({ role: { name: 'help-desk', domains: [domain] } })
      await roles.set(hans.id, null)
      expect(await again(hans)).toMatchObject({ role: null, roleEpoch: 1 })
      expect(await roles.list()).toHaveLength(1)
    })

    it('lets a session go on by its newest secret, and ends them', async () => {
      const { webSessions } = backend
      const ann = await account('ann')
      const from = { address: '192.0.2.1', client: 'x' }
      const { cookie, session } = await webSessions.begin(ann, ['password'], from)
      expect(await webSessions.find(cookie)).toEqual(session)
      const stepped = must(await webSessions.stepUp(session, 'password'))
      expect(await webSessions.find(stepped.cookie)).toMatchObject({ id: stepped.session.id })
      await webSessions.begin(ann, ['password'], from)
      expect(await webSessions.list(ann.id)).toHaveLength(2)
      expect(await webSessions.endAll(ann.id, { except: stepped.session.id })).toBe(1)
      expect(await webSessions.end(ann.id, stepped.session.id)).toBe(true)
      expect(await webSessions.find(stepped.cookie)).toBeUndefined()
    })

    it('finds a token by its text, lists all page by page, and none once it is gone', async () => {
      const { tokens } = backend
      const owners = [await account('tom'), await account('tim')]
      const texts: string[] = []
      for (const { id: accountId, roleEpoch } of owners) {
        const expiresMs = clock.now() + HOUR_MS
        const wanted = {
          accountId,
          roleEpoch,
          name: 't',
          scopes: ['queue.read'],
          expiresMs,
        } as const
        const made = await tokens.add(wanted)
        if (made.kind === 'ok') texts.push(made.text)
      }
      const [text = ''] = texts
      const found = must(await tokens.find(text, '192.0.2.1'))
      expect(found).toMatchObject({ name: 't', usedFrom: expect.any(String) })
      expect(await tokens.find(`${text.slice(0, -1)}x`, '192.0.2.1')).toBeUndefined()
      const first = await tokens.page({ limit: 1 })
      const second = await tokens.page({ limit: 1, ...(first.next && { after: first.next }) })
      const ids = [...first.items, ...second.items].map(({ accountId }) => accountId)
      expect(new Set(ids)).toEqual(new Set(owners.map(({ id }) => id)))
      expect(await tokens.remove(found.id)).toBe(true)
      expect(await tokens.removeAll(must(owners[1]).id)).toBe(1)
      expect(await tokens.find(text, '192.0.2.1')).toBeUndefined()
    })

    it('gives a link to one of two who use it at once', async () => {
      const { counters } = backend.store.tables
      const links = createLinks({ counters, clock, random: systemRandom })
      const { id: accountId } = await account('lena')
      const { secret } = await links.make({ kind: 'password', accountId, by: 'hans' })
      expect(await links.find(secret)).toMatchObject({ accountId, by: 'hans' })
      const taken = await Promise.all([links.take(secret), links.take(secret)])
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1)
    })

    it('changes factors of one account one after the other', async () => {
      const { factors } = backend.directory
      const { id } = await account('fred')
      const passkey = (name: string) => ({
        ...{ id: name, name, publicKey: new Uint8Array([1]), counter: 0, transports: [] },
        ...{ rpId: 'mx.example.test', isBackedUp: false, createdMs: 1, lastUsedMs: null },
      })
      const names = ['a', 'b', 'c']
      await Promise.all(
        names.map((name) =>
          factors.change(id, (before) => ({
            next: { ...before, passkeys: [...before.passkeys, passkey(name)] },
            result: name,
          })),
        ),
      )
      const { passkeys } = await factors.of(id)
      expect(passkeys.map(({ name }) => name).toSorted()).toEqual(names)
      expect(await again({ id } as AccountRecord)).toMatchObject({ factors: { second: true } })
    })

    it('finds what was done by its object, with its end or none', async () => {
      const trail = assembleAuditTrail(backend)
      const log = assembleAuditLog(backend)
      const entry = (object: string): AuditEntry => ({
        actor: nobody,
        from: { address: '192.0.2.1', client: 'x' },
        operation: 'accounts.update',
        object,
        accountId: null,
        domain,
        requestId: 'r',
      })
      const begun = await trail.begin(entry('accounts/x@ours.test'))
      const name = 'y@ours.test'
      await begun.end({
        code: 'ok',
        changes: [{ what: 'account', name, before: null, after: { enabled: true } }],
      })
      clock.advance(1)
      await trail.begin(entry('accounts/x@ours.test'))
      const of = async (object: string) =>
        (await log.page({ extent: { kind: 'all' }, object, limit: 10 })).items
      const all = await of('accounts/x@ours.test')
      expect(all).toHaveLength(2)
      expect(all.filter(({ changes }) => changes.length === 1)).toHaveLength(1)
      expect(await of(`accounts/${name}`)).toHaveLength(1)
    })

    it('does a job to its end, however often it is looked for', async () => {
      const { jobs, store } = backend
      const counting: JobKind = {
        name: 'count',
        async *run({ cursor, text }) {
          const most = Number(Buffer.from(await text()).toString())
          for (let n = Number(cursor); n < most; n++) {
            yield { cursor: String(n + 1), done: 1, total: most, output: Buffer.from([n]) }
          }
        },
      }
      const owner = { accountId: null, name: 'root' }
      const begun = await jobs.begin({ kind: 'count', input: {}, owner, text: Buffer.from('3') })
      const runner = () =>
        createJobRunner({
          table: store.tables.counters,
          kinds: new Map([['count', counting]]),
          ...{ clock, log: silentLog, onChange: () => {} },
        })
      const { signal } = new AbortController()
      await Promise.all([runner().run({ signal }), runner().run({ signal })])
      expect(await jobs.get(begun.id)).toMatchObject({ state: 'done', done: 3 })
      const parts: number[] = []
      for await (const part of jobs.output(begun.id)) parts.push(...part)
      expect(parts).toEqual([0, 1, 2])
    })

    it('keeps settings that were changed while it ran', async () => {
      const { tables, signals } = backend.store
      const stored = createSettingStore({ table: tables.directory, signals, clock })
      await stored.change({ greylisting: 'true', maxIdle: '10s' })
      await stored.change({ greylisting: null })
      expect(await stored.read()).toEqual({ maxIdle: '10s' })
    })
  })
}
