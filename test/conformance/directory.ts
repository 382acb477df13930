// What the directory promises, on any driver's Table.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AccountChanges } from '#shared/directory/accounts.ts'
import {
  createDirectory,
  type Directory,
  type DirectorySettings,
} from '#shared/directory/directory.ts'
import { guestId } from '#shared/directory/guests.ts'
import { type ListCursor, type ListPage, parseListCursor } from '#shared/directory/listing.ts'
import { type AliasName, firstAccountKey } from '#shared/directory/records.ts'
import type { ScriptChange } from '#shared/directory/scripts.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Table } from '#shared/storage/ports.ts'
import { hostNames } from '#test/support/host-names.ts'
import type { Open } from '#test/support/storage.ts'

export function describeDirectory(driver: string, open: Open): void {
  describe(`${driver}: directory`, () => {
    let table: Table
    let directory: Directory
    let close: () => Promise<void>

    beforeAll(async () => {
      const opened = await open()
      close = opened.close
      table = opened.store.tables.directory
      directory = openDirectory(table)
    })
    afterAll(async () => await close())

    beforeEach(async () => {
      await removeAll(directory)
      await directory.domains.add(ours)
    })

    describe('scripts', () => {
      const text = Buffer.from('keep;')
      const change = (owner: AccountId | null, change: ScriptChange) =>
        directory.scripts.change(owner, () => ({ change, result: 'done' }))
      const mark = async () => (await directory.accounts.get(address('ann@ours.test')))?.script
      const isFiltered = async () =>
        (await directory.expand([address('ann@ours.test')])).local[0]?.filtered

      it('are text and catalogue in one step, and the account and its address say which one is active', async () => {
        const { id } = await add('ann@ours.test')
        expect(await mark()).toBeNull()
        const put = [{ name: 'a', text }]
        expect(await change(id, { put, active: 'a' })).toBe('done')
        const [script] = (await directory.scripts.catalogue(id)).scripts
        expect(script).toMatchObject({ name: 'a', bytes: 5 })
        expect(await mark()).toEqual({ name: 'a', version: script?.version })
        expect(await isFiltered()).toBe(true)
        expect(await directory.scripts.read(id, 'a')).toMatchObject({ version: script?.version })
        await change(id, { rename: { from: 'a', to: 'b' } })
        expect((await mark())?.name).toBe('b')
        expect(await directory.scripts.read(id, 'a')).toBeUndefined()
        expect(Buffer.from((await directory.scripts.read(id, 'b'))?.text ?? []).toString()).toBe(
          'keep;',
        )
        await change(id, { active: null })
        expect([await mark(), await isFiltered()]).toEqual([null, false])
      })

      it('have another version each time, also one that was removed and put again', async () => {
        const { id } = await add('ann@ours.test')
        const version = async () => (await directory.scripts.read(id, 'a'))?.version ?? 0
        await change(id, { put: [{ name: 'a', text }] })
        const first = await version()
        await change(id, { remove: ['a'] })
        await change(id, { put: [{ name: 'a', text }] })
        expect(await version()).toBeGreaterThan(first)
      })

      it('that are put at the same time are all kept', async () => {
        const { id } = await add('ann@ours.test')
        const names = ['a', 'b', 'c', 'd']
        await Promise.all(names.map((name) => change(id, { put: [{ name, text }] })))
        const { scripts } = await directory.scripts.catalogue(id)
        expect(scripts.map(({ name }) => name)).toEqual(names)
        const versions = scripts.map((script) => script.version)
        expect(new Set(versions).size).toBe(names.length)
        for (const { name, version } of scripts) {
          expect(await directory.scripts.read(id, name)).toMatchObject({ version })
        }
      })

      it('go with their account, and none is put for one that is gone', async () => {
        const { id } = await add('ann@ours.test')
        await change(id, { put: [{ name: 'a', text }], active: 'a' })
        await directory.accounts.remove(address('ann@ours.test'))
        expect(await directory.scripts.read(id, 'a')).toBeUndefined()
        expect(await directory.scripts.catalogue(id)).toEqual({ scripts: [], active: null })
        expect(await change(id, { put: [{ name: 'a', text }] })).toBe('gone')
        expect(await directory.scripts.read(id, 'a')).toBeUndefined()
      })

      it('of all are apart from those of accounts', async () => {
        const { id } = await add('ann@ours.test')
        await change(null, { put: [{ name: 'site', text }] })
        expect((await directory.scripts.catalogue(id)).scripts).toEqual([])
        expect(await directory.scripts.read(null, 'site')).toBeDefined()
        await change(null, { remove: ['site'] })
        expect((await directory.scripts.catalogue(null)).scripts).toEqual([])
      })
    })

    describe('addresses that every domain has', () => {
      const second = domain('second.test')
      /** Where mail for an address ends. */
      async function ends(text: string, settings: Parameters<typeof openDirectory>[1] = {}) {
        const { local, remote, failed } = await openDirectory(table, settings).expand([
          address(text),
        ])
        return [
          ...local.map(({ accountId }) => `account ${accountId}`),
          ...remote.map((end) => formatAddress(end.address)),
          ...failed.map((end) => end.reason),
        ]
      }
      const unknown = ['unknown']

      beforeEach(async () => {
        await directory.domains.add(second)
      })

      it('lead to the first account that was ever made (RFC 5321 §4.5.1)', async () => {
        expect(await ends('postmaster@ours.test')).toEqual(unknown)
        const { id: first } = await add('carol@second.test')
        await add('alice@ours.test')
        const carol = [`account ${first}`]
        for (const text of ['postmaster@ours.test', 'PostMaster@second.test']) {
          expect(await ends(text)).toEqual(carol)
          expect(await directory.resolve(address(text))).toMatchObject({ kind: 'alias' })
        }
        await directory.accounts.remove(address('carol@second.test'))
        await add('bob@ours.test')
        expect(await ends('postmaster@ours.test')).toEqual(unknown)
      })

      it('are nobody in a store that has no first account, which older ones have not', async () => {
        await add('carol@ours.test')
        await table.write({ delete: firstAccountKey })
        await add('dave@ours.test')
        expect(await ends('postmaster@ours.test')).toEqual(unknown)
        expect(await directory.resolve(address('postmaster@ours.test'))).toEqual({
          kind: 'unknown',
        })
      })

      it('have a new first account when there was none left', async () => {
        await add('carol@ours.test')
        await directory.accounts.remove(address('carol@ours.test'))
        const { id } = await add('dave@second.test')
        expect(await ends('postmaster@ours.test')).toEqual([`account ${id}`])
      })

      it('lead to postmasterAddress where it is set', async () => {
        await add('carol@ours.test')
        const settings = { postmasterAddress: 'root@remote.test' }
        expect(await ends('postmaster@ours.test', settings)).toEqual(['root@remote.test'])
      })

      it('lead to the postmaster of the home domain, which may be an alias', async () => {
        await add('carol@ours.test')
        await alias('postmaster@second.test', 'root@remote.test')
        const settings = { defaultDomain: 'second.test' }
        expect(await ends('postmaster@ours.test', settings)).toEqual(['root@remote.test'])
        expect(await ends('postmaster@ours.test', { hostname: 'mx.second.test' })).toEqual([
          'root@remote.test',
        ])
      })

      it('are whoever the domain says, by an account, an alias or a catch-all', async () => {
        await add('carol@ours.test')
        const { id } = await add('postmaster@second.test')
        expect(await ends('postmaster@second.test')).toEqual([`account ${id}`])
        await alias('@ours.test', 'all@remote.test')
        expect(await ends('postmaster@ours.test')).toEqual(['all@remote.test'])
        await alias('postmaster@ours.test', 'one@remote.test')
        expect(await ends('postmaster@ours.test')).toEqual(['one@remote.test'])
      })

      it('are further names by postmasterAliases, which follow the postmaster of their domain', async () => {
        await add('carol@ours.test')
        await alias('postmaster@second.test', 'root@remote.test')
        expect(await ends('abuse@second.test')).toEqual(unknown)
        const settings = { postmasterAliases: ['abuse', 'security'] }
        expect(await ends('Abuse@second.test', settings)).toEqual(['root@remote.test'])
        expect(await ends('security@second.test', settings)).toEqual(['root@remote.test'])
        expect(await ends('webmaster@second.test', settings)).toEqual(unknown)
        expect(await ends('postmaster@remote.test', settings)).toEqual(['postmaster@remote.test'])
      })

      it('end when a postmaster leads to itself', async () => {
        const settings = { postmasterAddress: 'postmaster@ours.test' }
        expect(await ends('postmaster@ours.test', settings)).toEqual(['loop'])
        expect(await ends('postmaster@second.test', settings)).toEqual(['loop'])
      })
    })

    describe('names of this host', () => {
      const settings = { hostname: 'mx.ours.test', mydestination: ['localhost', 'old.test'] }
      const resolve = (text: string, changed = {}) =>
        openDirectory(table, { ...settings, ...changed }).resolve(address(text))

      it('stand for the home domain (mydestination)', async () => {
        const { id: accountId } = await add('bob@ours.test')
        for (const host of ['mx.ours.test', 'localhost', 'localhost.ours.test', 'old.test']) {
          expect(await resolve(`bob@${host}`)).toMatchObject({ kind: 'account', accountId })
          expect(await resolve(`bob+x@${host}`)).toMatchObject({ extension: 'x' })
          expect(await resolve(`nobody@${host}`)).toEqual({ kind: 'unknown' })
          expect(await resolve(`postmaster@${host}`)).toMatchObject({ kind: 'alias' })
        }
        expect(await resolve('bob@ours2.test')).toEqual({ kind: 'remote' })
        expect(await resolve('bob@sub.mx.ours.test')).toEqual({ kind: 'remote' })
      })

      it('are domains like others when they are in the directory', async () => {
        await add('bob@ours.test')
        await directory.domains.add(domain('mx.ours.test'))
        expect(await resolve('bob@mx.ours.test')).toEqual({ kind: 'unknown' })
      })

      it('have nobody where the home domain is not ours', async () => {
        const elsewhere = { hostname: 'mx.elsewhere.test', defaultDomain: 'elsewhere.test' }
        expect(await resolve('bob@mx.elsewhere.test', elsewhere)).toEqual({ kind: 'unknown' })
        // A host of two labels has no domain of its own: what follows its dot is everybody's.
        expect(await resolve('bob@localhost.test', { hostname: 'ours.test' })).toEqual({
          kind: 'remote',
        })
      })
    })

    describe('domains', () => {
      it('are added once and listed', async () => {
        expect(await directory.domains.add(domain('second.test'))).toMatchObject({ kind: 'ok' })
        expect(await directory.domains.add(domain('Second.TEST'))).toEqual({ kind: 'exists' })
        expect((await all(directory.domains.list())).map((d) => d.domain)).toEqual([
          'ours.test',
          'second.test',
        ])
      })

      it('count their accounts and aliases', async () => {
        await add('bob@ours.test')
        await alias('carol@ours.test', 'bob@ours.test')
        await alias('@ours.test', 'bob@ours.test')
        expect(await directory.domains.get(ours)).toMatchObject({ accounts: 1, aliases: 2 })
        await directory.aliases.remove(name('@ours.test'))
        await directory.accounts.remove(address('bob@ours.test'))
        expect(await directory.domains.get(ours)).toMatchObject({ accounts: 0, aliases: 1 })
      })

      it('are not removed while they have addresses', async () => {
        await alias('bob@ours.test', 'bob@remote.test')
        expect(await directory.domains.remove(ours)).toEqual({
          kind: 'not-empty',
          accounts: 0,
          aliases: 1,
        })
        await directory.aliases.remove(name('bob@ours.test'))
        expect(await directory.domains.remove(ours)).toEqual({ kind: 'ok', accounts: [] })
        expect(await directory.domains.remove(ours)).toEqual({ kind: 'no-such-domain' })
      })

      it('take everything with them when forced, and tell whose mail is left', async () => {
        const { id } = await add('bob@ours.test')
        await alias('bob@ours.test', 'bob@ours.test')
        await alias('@ours.test', 'bob@ours.test')
        await add('carol@ours.test')
        await add('dave@ours.test')
        const removed = await directory.domains.remove(ours, { force: true })
        if (removed.kind !== 'ok') throw new Error(removed.kind)
        expect(removed.accounts).toHaveLength(3)
        expect(removed.accounts).toContain(id)
        expect(await directory.accounts.byId(id)).toBeUndefined()
        await directory.domains.add(ours)
        expect(await all(directory.accounts.list())).toEqual([])
        expect(await all(directory.aliases.list())).toEqual([])
      })

      it('begin with a postmaster alias where one is wanted', async () => {
        const second = domain('second.test')
        await directory.domains.add(second, { postmaster: address('bob@ours.test') })
        expect(await directory.resolve(address('Postmaster@second.test'))).toMatchObject({
          kind: 'alias',
          targets: [address('bob@ours.test')],
        })
        expect(await directory.domains.get(second)).toMatchObject({ aliases: 1 })
      })

      it('never keep an address when an account is added while the domain is removed', async () => {
        const [added, removed] = await Promise.all([
          directory.accounts.add({ address: address('bob@ours.test'), passwordHash: 'x' }),
          directory.domains.remove(ours),
        ])
        expect(`${added.kind} ${removed.kind}`).toMatch(/^ok not-empty$|^no-such-domain ok$/)
      })
    })

    describe('accounts', () => {
      it('are found by address and by id, whatever the case', async () => {
        const account = await add('Bob.Smith@ours.test', 5_000)
        expect(account).toMatchObject({
          address: address('bob.smith@ours.test'),
          enabled: true,
          quotaBytes: 5_000,
          passwordHash: 'hash of Bob.Smith@ours.test',
        })
        expect(await directory.accounts.get(address('BOB.smith@OURS.test'))).toEqual(account)
        expect(await directory.accounts.byId(account.id)).toEqual(account)
        expect(await directory.accounts.get(address('bob@ours.test'))).toBeUndefined()
      })

      it('need a domain of ours', async () => {
        const stranger = { address: address('bob@remote.test'), passwordHash: 'x' }
        expect(await directory.accounts.add(stranger)).toEqual({ kind: 'no-such-domain' })
      })

      it('have one owner for an address, also when several are added at once', async () => {
        const added = await Promise.all(
          Array.from({ length: 5 }, () =>
            directory.accounts.add({ address: address('bob@ours.test'), passwordHash: 'x' }),
          ),
        )
        expect(added.map((result) => result.kind).sort()).toEqual([
          ...Array<string>(4).fill('exists'),
          'ok',
        ])
        expect(await all(directory.accounts.list())).toHaveLength(1)
        expect(await directory.domains.get(ours)).toMatchObject({ accounts: 1 })
      })

      it('are added by the hundred, each once, and all of them are counted', async () => {
        const many = Array.from({ length: 130 }, (_, i) => ({
          address: address(`user${i}@ours.test`),
          passwordHash: `hash ${i}`,
          quotaBytes: i,
        }))
        const results = await directory.accounts.addAll([
          ...many,
          { address: address('USER7@ours.test'), passwordHash: 'again' },
          { address: address('bob@remote.test'), passwordHash: 'x' },
        ])
        expect(results.map(({ kind }) => kind)).toEqual([
          ...many.map(() => 'ok'),
          'exists',
          'no-such-domain',
        ])
        expect(await directory.accounts.get(address('user7@ours.test'))).toMatchObject({
          passwordHash: 'hash 7',
          quotaBytes: 7,
          enabled: true,
        })
        expect(await directory.domains.get(ours)).toMatchObject({ accounts: 130 })
        const again = await directory.accounts.addAll([
          ...many.slice(0, 2),
          { address: address('new@ours.test'), passwordHash: 'x' },
        ])
        expect(again.map(({ kind }) => kind)).toEqual(['exists', 'exists', 'ok'])
        expect(await directory.domains.get(ours)).toMatchObject({ accounts: 131 })
        expect(await directory.accounts.addAll([])).toEqual([])
      })

      it('are listed by domain or all', async () => {
        await directory.domains.add(domain('second.test'))
        for (const local of ['a', 'b', 'c', 'd', 'e']) await add(`${local}@ours.test`)
        await add('f@second.test')
        await alias('list@ours.test', 'a@ours.test')
        const texts = async (accounts: AsyncIterable<{ address: Address }>) =>
          (await all(accounts)).map((account) => formatAddress(account.address))
        expect(await texts(directory.accounts.list(ours))).toHaveLength(5)
        expect(await texts(directory.accounts.list())).toEqual([
          ...['a', 'b', 'c', 'd', 'e'].map((local) => `${local}@ours.test`),
          'f@second.test',
        ])
      })

      it('change only what is set, also when two settings change at once', async () => {
        const { id } = await add('bob@ours.test')
        await Promise.all([
          directory.accounts.set(address('bob@ours.test'), { quotaBytes: 7 }),
          directory.accounts.set(address('bob@ours.test'), { passwordHash: 'new' }),
        ])
        expect(await directory.accounts.byId(id)).toMatchObject({
          quotaBytes: 7,
          passwordHash: 'new',
          enabled: true,
        })
        expect(await directory.resolve(address('bob@ours.test'))).toMatchObject({ quotaBytes: 7 })
        expect(await directory.accounts.set(address('x@ours.test'), { enabled: false })).toEqual({
          kind: 'no-such-account',
        })
      })

      it('change only while they are as they were known, also where several change them at once', async () => {
        await add('alice@ours.test')
        const alice = address('alice@ours.test')
        await directory.accounts.set(alice, {
          forward: { to: [address('bob@else.test')], keep: true },
          displayName: 'Alice',
        })
        const seen = JSON.stringify(await directory.accounts.get(alice))
        const known = { isAsKnown: (now: unknown) => JSON.stringify(now) === seen }
        const changes: readonly AccountChanges[] = [
          { quotaBytes: 1 },
          { quotaBytes: 2 },
          { displayName: 'A' },
          { forward: null },
          { enabled: false },
        ]
        const all = await Promise.all([
          ...changes.map((change) => directory.accounts.set(alice, change, known)),
          directory.accounts.remove(alice, known),
        ])
        const kinds = all.map(({ kind }) => kind)
        expect(kinds.filter((kind) => kind === 'ok')).toHaveLength(1)
        const lost = kinds.filter((kind) => kind !== 'ok')
        // Of one that is gone nothing is known.
        expect(['changed-meanwhile', 'no-such-account']).toEqual(expect.arrayContaining(lost))
      })

      it('lose the verifier of an old password with its hash', async () => {
        const bob = address('bob@ours.test')
        await directory.accounts.add({ address: bob, ...stored('first') })
        expect(await directory.accounts.get(bob)).toMatchObject(stored('first'))
        await directory.accounts.set(bob, { enabled: false })
        expect(await directory.accounts.get(bob)).toMatchObject(stored('first'))
        const changed = await directory.accounts.set(bob, stored('second'))
        expect(changed).toMatchObject({ account: stored('second') })
        expect(await directory.accounts.get(bob)).toMatchObject(stored('second'))
        await directory.accounts.set(bob, { passwordHash: 'third' })
        expect(await directory.accounts.get(bob)).toMatchObject({
          passwordHash: 'third',
          scramVerifier: null,
        })
      })

      it('raise their epoch and tell it when their sessions have to end, and only then', async () => {
        const bob = address('bob@ours.test')
        const { id } = await add('bob@ours.test')
        const told: string[] = []
        const telling = openDirectory(table, {}, (topic) => void told.push(topic))
        const epochAfter = async (changes: AccountChanges) => {
          const changed = await telling.accounts.set(bob, changes)
          const account = await directory.accounts.byId(id)
          expect(changed).toEqual({ kind: 'ok', account })
          return account?.sessionsEpoch
        }
        expect(await epochAfter({ quotaBytes: 7 })).toBe(0)
        expect(await epochAfter({ enabled: true })).toBe(0)
        await telling.accounts.replacePassword(id, 'hash of bob@ours.test', stored('better'))
        expect(await epochAfter({ quotaBytes: 8 })).toBe(0)
        expect(told).toEqual([])
        expect(await epochAfter({ enabled: false })).toBe(1)
        expect(await epochAfter({ enabled: true })).toBe(1)
        expect(await epochAfter({ passwordHash: 'new' })).toBe(2)
        await telling.accounts.remove(bob)
        expect(told).toEqual(Array(3).fill(`login/${id}`))
      })

      it('are frozen and unfrozen once, by one of several, and keep all else', async () => {
        const { id } = await add('bob@ours.test')
        const before = await directory.accounts.byId(id)
        expect(before?.frozen).toBeNull()
        const freezes = ['one', 'two', 'three'].map((why) => directory.accounts.freeze(id, why))
        expect((await Promise.all(freezes)).filter((isFirst) => isFirst)).toHaveLength(1)
        const frozen = await directory.accounts.get(address('bob@ours.test'))
        expect(frozen).toEqual({
          ...before,
          frozen: { reason: expect.any(String), sinceMs: expect.any(Number) },
        })
        await directory.accounts.set(address('bob@ours.test'), { quotaBytes: 9 })
        expect(await directory.accounts.byId(id)).toMatchObject({ frozen: frozen?.frozen })
        expect(await directory.accounts.unfreeze(id)).toBe(true)
        expect(await directory.accounts.unfreeze(id)).toBe(false)
        expect(await directory.accounts.byId(id)).toEqual({ ...before, quotaBytes: 9 })
        await directory.accounts.remove(address('bob@ours.test'))
        expect(await directory.accounts.freeze(id, 'gone')).toBe(false)
      })

      it('send their mail on, which their address says too, until that is over', async () => {
        await add('bob@ours.test')
        const bob = address('bob@ours.test')
        const to = [address('x@remote.test'), address('y@remote.test')]
        const { accounts } = directory
        expect(await accounts.get(bob)).toMatchObject({ forward: null })
        const changed = await accounts.set(bob, { forward: { to, keep: true } })
        expect(changed).toMatchObject({ account: { forward: { to, keep: true } } })
        expect(await accounts.get(bob)).toMatchObject({ forward: { to, keep: true } })
        expect(await directory.resolve(bob)).toMatchObject({ forward: { to, keep: true } })
        // Another setting leaves it alone.
        await accounts.set(bob, { quotaBytes: 5 })
        expect(await directory.resolve(bob)).toMatchObject({ quotaBytes: 5, forward: { to } })
        await accounts.set(bob, { forward: null })
        expect(await accounts.get(bob)).toMatchObject({ forward: null, quotaBytes: 5 })
        expect(await directory.resolve(bob)).toMatchObject({ forward: null })
        // Who comes after has nothing of it.
        await accounts.set(bob, { forward: { to, keep: false } })
        await directory.aliases.add(name('bob@ours.test'), to)
        await accounts.remove(bob)
        await directory.aliases.remove(name('bob@ours.test'))
        await add('bob@ours.test')
        expect(await directory.resolve(bob)).toMatchObject({ kind: 'account', forward: null })
      })

      it('are at a source first where their domain is, and who has none there is a guest', async () => {
        const { sources, domains, accounts } = directory
        const login = { kind: 'own-password', names: 'address' } as const
        await sources.add({ name: 'old', endpoints: {}, smtp: null, login })
        const bob = address('bob@ours.test')
        await add('bob@ours.test')
        const at = { name: 'old', state: 'at-source' } as const
        const nobody = address('nobody@ours.test')
        await directory.aliases.add({ local: null, domain: ours }, [bob])
        expect(await directory.resolve(nobody)).toMatchObject({ kind: 'alias' })
        expect(await sources.assignDomain(domain('no.test'), 'old')).toEqual({
          kind: 'no-such-domain',
        })
        expect(await sources.assignDomain(ours, 'none')).toEqual({ kind: 'no-such-source' })
        expect(await sources.assignDomain(ours, 'old')).toEqual({ kind: 'ok', before: null })
        expect(await sources.assignDomain(ours, 'old')).toEqual({ kind: 'ok', before: at })
        expect(await domains.get(ours)).toMatchObject({ source: at })
        expect(await sources.list()).toMatchObject([{ accounts: 0, domains: 1 }])
        expect(await sources.remove('old')).toBe('in-use')
        // The catch-all rests: that server knows who there is.
        expect(await directory.resolve(nobody)).toEqual({ kind: 'guest', source: at })
        const { remote } = await directory.expand([nobody])
        expect(remote).toMatchObject([{ address: nobody, atSource: guestId(nobody) }])
        const circling = { deliveredTo: ['at-source:nobody@ours.test'] }
        expect((await directory.expand([nobody], circling)).failed).toMatchObject([
          { reason: 'loop' },
        ])
        expect(await sources.ofGuest(nobody)).toEqual(at)
        // Postmaster and accounts from before are here.
        expect((await directory.resolve(address('postmaster@ours.test'))).kind).not.toBe('guest')
        expect(await directory.resolve(bob)).not.toHaveProperty('source')
        expect(await sources.ofGuest(bob)).toBeUndefined()
        const some = [1, 2, 3].map((n) => ({
          address: address(`new${n}@ours.test`),
          passwordHash: 'x',
        }))
        expect((await accounts.addAll(some)).map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok'])
        expect(await directory.resolve(address('new1@ours.test'))).toMatchObject({ source: at })
        expect(await accounts.get(address('new1@ours.test'))).toMatchObject({ source: at })
        expect(await sources.list()).toMatchObject([{ accounts: 3, domains: 1 }])
        expect(await sources.assignDomain(ours, null)).toEqual({ kind: 'ok', before: at })
        expect(await directory.resolve(nobody)).toMatchObject({ kind: 'alias' })
        await sources.assignDomain(ours, 'old')
        expect(await domains.remove(ours, { force: true })).toMatchObject({ kind: 'ok' })
        expect(await sources.list()).toMatchObject([{ accounts: 0, domains: 0 }])
        expect(await sources.remove('old')).toBe('removed')
      })

      it('are at a source while they are assigned to it, which their address says too', async () => {
        const { sources } = directory
        const bob = address('bob@ours.test')
        const old = {
          ...{ name: 'old', smtp: '[old.test]:25', endpoints: { imap: 'imaps://old.test' } },
          login: { kind: 'master', names: 'local-part', user: 'm', separator: '*', password: 'p' },
        } as const
        expect(await sources.add(old)).toBe(true)
        expect(await sources.add(old)).toBe(false)
        expect(await sources.get('old')).toMatchObject({ ...old, accounts: 0 })
        const { id, sessionsEpoch } = await add('bob@ours.test')
        const at = { name: 'old', state: 'at-source' } as const
        expect(await sources.assign(bob, { ...at, name: 'other' })).toEqual({
          kind: 'no-such-source',
        })
        expect(await sources.assign(address('no@ours.test'), at)).toEqual({
          kind: 'no-such-account',
        })
        expect(await sources.assign(bob, at)).toMatchObject({ kind: 'ok', before: null })
        expect(await directory.accounts.byId(id)).toMatchObject({
          source: at,
          sessionsEpoch: sessionsEpoch + 1,
        })
        expect(await sources.assign(bob, at)).toMatchObject({
          before: at,
          account: { sessionsEpoch: sessionsEpoch + 1 },
        })
        expect(await directory.resolve(bob)).toMatchObject({ kind: 'account', source: at })
        const found = await directory.expand([bob])
        expect(found).toMatchObject({ local: [], remote: [{ address: bob, atSource: id }] })
        // What came back from there goes no second time.
        const again = await directory.expand([bob], { deliveredTo: ['at-source:bob@ours.test'] })
        expect(again).toMatchObject({ local: [], remote: [], failed: [{ reason: 'loop' }] })
        const moving = { ...at, state: 'moving' } as const
        expect(await sources.assign(bob, moving)).toMatchObject({ before: at })
        expect(await sources.list()).toMatchObject([{ name: 'old', accounts: 1 }])
        expect(await sources.remove('old')).toBe('in-use')
        expect(await sources.assign(bob, null)).toMatchObject({ before: moving })
        expect((await directory.expand([bob])).local).toHaveLength(1)
        expect(await directory.accounts.byId(id)).not.toHaveProperty('source')
        // Whoever is removed is not there any more either.
        await sources.assign(bob, at)
        await directory.accounts.remove(bob)
        expect(await sources.list()).toMatchObject([{ accounts: 0 }])
        expect(await sources.remove('old')).toBe('removed')
        expect(await sources.remove('old')).toBe('no-such-source')
      })

      it('begin with the epoch 0 where they were made before there was one', async () => {
        const { id } = await add('bob@ours.test')
        const key = { pk: `ACC#${id}`, sk: 'PROFILE' }
        await table.write({ update: key, changes: { remove: ['sessionsEpoch'] } })
        expect(await directory.accounts.byId(id)).toMatchObject({ sessionsEpoch: 0 })
        await directory.accounts.set(address('bob@ours.test'), { enabled: false })
        expect(await directory.accounts.byId(id)).toMatchObject({ sessionsEpoch: 1 })
      })

      it('are gone after remove, and their id never comes back', async () => {
        const first = await add('bob@ours.test')
        const removed = await directory.accounts.remove(address('bob@ours.test'))
        expect(removed).toEqual({ kind: 'ok', account: first })
        expect(await directory.resolve(address('bob@ours.test'))).toEqual({ kind: 'unknown' })
        expect(await directory.accounts.remove(address('bob@ours.test'))).toEqual({
          kind: 'no-such-account',
        })
        expect((await add('bob@ours.test')).id).not.toBe(first.id)
      })

      it('take a better hash only in place of the one it was made from', async () => {
        const { id, passwordHash } = await add('bob@ours.test')
        const replaced = await Promise.all(
          ['better', 'better'].map((hash) =>
            directory.accounts.replacePassword(id, passwordHash, stored(hash)),
          ),
        )
        expect(replaced.sort()).toEqual([false, true])
        expect(await directory.accounts.replacePassword(id, passwordHash, stored('late'))).toBe(
          false,
        )
        expect(await directory.accounts.byId(id)).toMatchObject(stored('better'))
        await directory.accounts.remove(address('bob@ours.test'))
        expect(await directory.accounts.replacePassword(id, 'better', stored('later'))).toBe(false)
        expect(await directory.accounts.byId(id)).toBeUndefined()
      })
    })

    describe('aliases', () => {
      it('are added once, changed, listed and removed', async () => {
        await alias('List@ours.test', 'a@ours.test', 'b@remote.test', 'a@ours.test')
        const targets = [address('a@ours.test'), address('b@remote.test')]
        expect(await directory.aliases.get(name('list@ours.test'))).toEqual({
          name: name('list@ours.test'),
          targets,
        })
        expect(await directory.aliases.add(name('list@ours.test'), targets)).toEqual({
          kind: 'exists',
        })
        await directory.aliases.set(name('list@ours.test'), [address('c@ours.test')])
        expect(await all(directory.aliases.list(ours))).toEqual([
          { name: name('list@ours.test'), targets: [address('c@ours.test')] },
        ])
        expect(await directory.aliases.remove(name('list@ours.test'))).toEqual({ kind: 'ok' })
        expect(await directory.aliases.remove(name('list@ours.test'))).toEqual({
          kind: 'no-such-alias',
        })
        expect(await directory.aliases.set(name('list@ours.test'), targets)).toEqual({
          kind: 'no-such-alias',
        })
      })

      it('are added by the hundred, each once, and all of them are counted', async () => {
        const targets = (count: number) =>
          Array.from({ length: count }, (_, i) => address(`${'x'.repeat(50)}${i}@remote.test`))
        // Some take more than a transaction holds, together.
        const many = Array.from({ length: 130 }, (_, i) => ({
          name: name(`list${i}@ours.test`),
          targets: targets(i >= 100 ? 1_000 : 1 + (i % 100)),
        }))
        const results = await directory.aliases.addAll([
          ...many,
          { name: name('LIST7@ours.test'), targets: targets(1) },
          { name: name('none@ours.test'), targets: [] },
          { name: name('list@remote.test'), targets: targets(1) },
        ])
        expect(results.map(({ kind }) => kind)).toEqual([
          ...many.map(() => 'ok'),
          'exists',
          'bad-targets',
          'no-such-domain',
        ])
        const found = await directory.aliases.get(name('list100@ours.test'))
        expect(found?.targets).toHaveLength(1_000)
        expect(await directory.domains.get(ours)).toMatchObject({ aliases: 130 })
        const again = await directory.aliases.addAll([many[0], many[1]].flatMap((one) => one ?? []))
        expect(again.map(({ kind }) => kind)).toEqual(['exists', 'exists'])
        expect(await directory.domains.get(ours)).toMatchObject({ aliases: 130 })
      })

      it('have one set of targets, also when several are added at once', async () => {
        const added = await Promise.all(
          ['a', 'b', 'c'].map((local) =>
            directory.aliases.add(name('list@ours.test'), [address(`${local}@remote.test`)]),
          ),
        )
        expect(added.map((result) => result.kind).sort()).toEqual(['exists', 'exists', 'ok'])
        expect(await directory.domains.get(ours)).toMatchObject({ aliases: 1 })
      })

      it('change only while they are as they were known, also where several change them at once', async () => {
        const name = address('team@ours.test')
        await directory.aliases.add(name, [address('a@else.test'), address('b@else.test')])
        const seen = JSON.stringify((await directory.aliases.get(name))?.targets)
        const known = {
          isAsKnown: ({ targets }: { readonly targets: unknown }) =>
            JSON.stringify(targets) === seen,
        }
        const all = await Promise.all([
          ...['c', 'd', 'e'].map((local) =>
            directory.aliases.set(name, [address(`${local}@else.test`)], known),
          ),
          directory.aliases.remove(name, known),
        ])
        expect(all.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
      })

      it('need a domain of ours and from 1 to 1000 targets', async () => {
        const many = (count: number) =>
          Array.from({ length: count }, (_, i) => address(`u${i}@remote.test`))
        const list = name('list@ours.test')
        expect(await directory.aliases.add(name('a@remote.test'), many(1))).toEqual({
          kind: 'no-such-domain',
        })
        expect(await directory.aliases.add(list, [])).toMatchObject({ kind: 'bad-targets' })
        expect(await directory.aliases.add(list, many(1_001))).toMatchObject({
          kind: 'bad-targets',
        })
        expect(await directory.aliases.add(list, many(1_000))).toMatchObject({ kind: 'ok' })
        expect(await directory.aliases.set(list, many(1_001))).toMatchObject({
          kind: 'bad-targets',
        })
      })

      it('have targets that fit into one item', async () => {
        // 640 octets are the longest address.
        const long = (count: number) =>
          Array.from({ length: count }, (_, i) =>
            address(`${String(i).padStart(628, 'u')}@remote.test`),
          )
        const list = name('list@ours.test')
        expect(await directory.aliases.add(list, long(469))).toMatchObject({ kind: 'bad-targets' })
        expect(await directory.aliases.add(list, long(468))).toMatchObject({ kind: 'ok' })
        expect(await directory.aliases.set(list, long(469))).toMatchObject({ kind: 'bad-targets' })
      })

      it('share an address with an account without harming each other', async () => {
        await alias('bob@ours.test', 'bob@remote.test')
        await add('bob@ours.test')
        await directory.accounts.remove(address('bob@ours.test'))
        expect(await directory.resolve(address('bob@ours.test'))).toMatchObject({ kind: 'alias' })
        await add('bob@ours.test')
        await directory.aliases.remove(name('bob@ours.test'))
        expect(await directory.resolve(address('bob@ours.test'))).toMatchObject({ kind: 'account' })
      })
    })

    describe('listings', () => {
      const second = domain('ours.test-and-more.test')
      const third = domain('third.test')

      beforeEach(async () => {
        await directory.domains.add(second)
        await directory.domains.add(third)
        for (const text of ['a@ours.test', 'b@ours.test', 'c@ours.test', 'd@third.test']) {
          await add(text)
        }
        await directory.aliases.add(name('b2@ours.test'), [address('a@ours.test')])
        await directory.aliases.add(name('@third.test'), [address('a@ours.test')])
      })

      /** Every page in its turn, as it would be asked for after a while. */
      async function pages<T>(
        page: (after: ListCursor | undefined) => Promise<ListPage<T>>,
      ): Promise<readonly (readonly T[])[]> {
        const found: (readonly T[])[] = []
        let after: ListCursor | undefined
        do {
          const { items, next } = await page(after)
          found.push(items)
          after = next === undefined ? undefined : parseListCursor(next)
          expect(after).toBe(next)
        } while (after !== undefined)
        return found
      }

      it.each([1, 2, 3, 100])('come in pages of %i, whole and in the same order', async (limit) => {
        for (const domain of [undefined, ours, second, third]) {
          const accounts = await pages((after) => directory.accounts.page({ domain, after, limit }))
          expect(accounts.flat()).toEqual(await all(directory.accounts.list(domain)))
          const aliases = await pages((after) => directory.aliases.page({ domain, after, limit }))
          expect(aliases.flat()).toEqual(await all(directory.aliases.list(domain)))
          for (const page of [...accounts, ...aliases]) {
            expect(page.length).toBeLessThanOrEqual(limit)
          }
        }
        const domains = await pages((after) => directory.domains.page({ after, limit }))
        expect(domains.flat()).toEqual(await all(directory.domains.list()))
      })

      it('go on where they were when a domain went or came meanwhile', async () => {
        const { next } = await directory.accounts.page({ limit: 2 })
        await directory.domains.remove(ours, { force: true })
        await directory.domains.add(domain('p.test'))
        await add('e@p.test')
        const rest = await pages((after) =>
          directory.accounts.page({ after: after ?? next, limit: 2 }),
        )
        expect(rest.flat().map((account) => formatAddress(account.address))).toEqual([
          'e@p.test',
          'd@third.test',
        ])
      })

      it('begin nowhere but at a cursor', () => {
        for (const text of ['', 'x', btoa('[]'), btoa('[1,null]'), btoa('["a",2]'), btoa('null')]) {
          expect(parseListCursor(text)).toBeUndefined()
        }
      })

      it('begin nowhere where the store has no key', () => {
        const long = 'a'.repeat(2_000)
        for (const [from, after] of [
          ...['', 'a\0b', '\ud800', long].map((from) => [from, null]),
          ...['', 'a\0b', '\ud800', long].map((after) => ['a.test', after]),
        ]) {
          const text = Buffer.from(JSON.stringify([from, after])).toString('base64url')
          expect(parseListCursor(text)).toBeUndefined()
        }
      })
    })

    describe('resolve', () => {
      it('knows our accounts, aliases and domains from all others', async () => {
        const { id } = await add('bob@ours.test')
        await alias('list@ours.test', 'bob@ours.test')
        expect(await directory.resolve(address('BOB@ours.test'))).toEqual({
          kind: 'account',
          accountId: id,
          address: address('bob@ours.test'),
          extension: null,
          quotaBytes: 1_000,
          forward: null,
        })
        expect(await directory.resolve(address('list@ours.test'))).toEqual({
          kind: 'alias',
          name: name('list@ours.test'),
          targets: [address('bob@ours.test')],
        })
        expect(await directory.resolve(address('nobody@ours.test'))).toEqual({ kind: 'unknown' })
        expect(await directory.resolve(address('bob@remote.test'))).toEqual({ kind: 'remote' })
        expect(await directory.resolve(address('bob@sub.ours.test'))).toEqual({ kind: 'remote' })
      })

      it('prefers exact, then without extension, then catch-all', async () => {
        await add('bob@ours.test')
        await alias('bob+news@ours.test', 'a@remote.test')
        await alias('@ours.test', 'b@remote.test')
        const kinds = async (text: string) => {
          const found = await directory.resolve(address(text))
          if (found.kind === 'account') return `account ${found.extension}`
          return found.kind === 'alias' ? found.targets.map(formatAddress).join() : found.kind
        }
        expect(await kinds('bob+news@ours.test')).toBe('a@remote.test')
        expect(await kinds('bob+Other@ours.test')).toBe('account Other')
        expect(await kinds('bob+@ours.test')).toBe('account ')
        expect(await kinds('carol+x@ours.test')).toBe('b@remote.test')
      })

      it('leaves the delimiter alone when extensions are off', async () => {
        await add('bob@ours.test')
        const plain = openDirectory(table, { recipientDelimiter: '' })
        expect(await plain.resolve(address('bob+x@ours.test'))).toEqual({ kind: 'unknown' })
      })

      it('tells a disabled account, at once', async () => {
        const { id } = await add('bob@ours.test')
        await directory.accounts.set(address('bob@ours.test'), { enabled: false })
        expect(await directory.resolve(address('bob@ours.test'))).toEqual({
          kind: 'disabled',
          accountId: id,
          address: address('bob@ours.test'),
        })
      })

      it('knows internationalised addresses in either form', async () => {
        await directory.domains.add(domain('bücher.example'))
        const { id } = await add('josé@bücher.example')
        expect(await directory.resolve(address('JOSE\u0301@xn--bcher-kva.example'))).toMatchObject({
          accountId: id,
        })
      })
    })

    async function add(text: string, quotaBytes?: number) {
      const added = await directory.accounts.add({
        address: address(text),
        passwordHash: `hash of ${text}`,
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
      })
      if (added.kind !== 'ok') throw new Error(`${text}: ${added.kind}`)
      return added.account
    }

    async function alias(text: string, ...targets: readonly string[]) {
      const added = await directory.aliases.add(name(text), targets.map(address))
      if (added.kind !== 'ok') throw new Error(`${text}: ${added.kind}`)
    }
  })
}

const stored = (hash: string) => ({ passwordHash: hash, scramVerifier: `verifier of ${hash}` })
const ours = domain('ours.test')

function openDirectory(
  table: Table,
  settings: Partial<DirectorySettings> = {},
  publish: (topic: string) => void = () => {},
): Directory {
  return createDirectory({
    table,
    signals: { publish },
    clock: { now: () => 1_700_000_000_000, sleep: async () => {} },
    settings: {
      ...hostNames,
      recipientDelimiter: '+',
      mailboxSizeLimit: 1_000,
      virtualAliasRecursionLimit: 10,
      virtualAliasExpansionLimit: 100,
      lmtpSaveToDetailMailbox: false,
      ...settings,
    },
  })
}

/** Everything in the directory belongs to a domain. */
async function removeAll(directory: Directory): Promise<void> {
  for (const { domain } of await all(directory.domains.list())) {
    await directory.domains.remove(domain, { force: true })
  }
}

function domain(text: string): Domain {
  const parsed = parseDomain(text)
  if (parsed === undefined) throw new Error(`${text} is no domain`)
  return parsed
}

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

/** `@domain` is the catch-all. */
function name(text: string): AliasName {
  return text.startsWith('@') ? { local: null, domain: domain(text.slice(1)) } : address(text)
}

async function all<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  return await Array.fromAsync(source)
}
