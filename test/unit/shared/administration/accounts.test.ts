import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FORWARD_TARGETS_MAX } from '#shared/administration/accounts.ts'
import {
  type Administered,
  aHash,
  hashOfA,
  openAdministration,
} from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
})
afterEach(() => world[Symbol.asyncDispose]())

const accounts = () => world.administration.accounts
const add = (address: string, more: { quota?: string; enabled?: boolean; shared?: boolean } = {}) =>
  accounts().add({ address, secret: hashOfA, ...more })
/** The changes since the domain was made. */
const changes = () => world.changes.slice(1)

describe('adding an account', () => {
  it('makes it with its folders, as it was asked for', async () => {
    const added = await add('Ann@a.test', { quota: '5MB', enabled: false, shared: true })
    expect(added).toEqual({ kind: 'added', address: 'ann@a.test', warnings: [] })
    const shown = await accounts().show('ANN@A.TEST')
    expect(shown).toMatchObject({
      kind: 'account',
      account: {
        address: 'ann@a.test',
        enabled: false,
        shared: true,
        quotaBytes: 5 * 1024 ** 2,
        hasDefaultQuota: false,
        displayName: '',
        usedBytes: 0,
        messages: 0,
        password: { kind: 'known', scheme: 'des-crypt' },
        createdMs: world.clock.now(),
      },
    })
    if (shown.kind !== 'account') throw new Error(shown.kind)
    expect(shown.folders[0]).toMatchObject({ path: 'INBOX', exists: 0 })
    expect(shown.folders[0]).not.toHaveProperty('digest')
  })

  it('takes an address without a domain to be of the default domain', async () => {
    await world.administration.domains.add({ domain: 'example.test' })
    expect(await add('ann')).toMatchObject({ kind: 'added', address: 'ann@example.test' })
  })

  it('hashes a password, with a verifier for SCRAM', async () => {
    const password = Buffer.from('a secret')
    await accounts().add({
      address: 'ann@a.test',
      secret: async () => ({ kind: 'password', password }),
    })
    expect(await accounts().show('ann@a.test')).toMatchObject({
      account: { password: { kind: 'known', scheme: 'argon2id' }, hasDefaultQuota: true },
    })
  })

  it('warns where an alias comes first', async () => {
    await world.administration.aliases.add({ alias: 'info@a.test', targets: ['x@far.test'] })
    expect(await add('info@a.test')).toMatchObject({
      warnings: [{ kind: 'alias-comes-first', address: 'info@a.test' }],
    })
  })

  it.each([
    ['nonsense@', { rule: { name: 'mail-address', lacksDomain: false } }],
    [`${'x'.repeat(65)}@a.test`, { rule: { name: 'own-address', localPartBytesMax: 64 } }],
    ['ann@b_c.test', { rule: { name: 'own-address' } }],
  ])('refuses the address %j', async (address, expected) => {
    expect(await add(address)).toMatchObject({
      kind: 'bad-value',
      field: 'address',
      value: address,
      ...expected,
    })
  })

  it('names that a domain is missing where there is no default', async () => {
    await using other = await openAdministration(['defaultDomain='])
    const { accounts } = other.administration
    expect(await accounts.add({ address: 'ann', secret: hashOfA })).toMatchObject({
      kind: 'bad-value',
      rule: { name: 'mail-address', lacksDomain: true },
    })
  })

  it('refuses what exists, and what has no domain here', async () => {
    await add('ann@a.test')
    expect(await add('ANN@a.test')).toEqual({
      kind: 'exists',
      field: 'address',
      value: 'ANN@a.test',
    })
    expect(await add('ann@B.test')).toEqual({
      kind: 'no-such-domain',
      field: 'address',
      value: 'ann@B.test',
      domain: 'B.test',
    })
  })

  it('names the default domain where that is not here', async () => {
    expect(await add('ann')).toEqual({
      kind: 'no-such-domain',
      field: 'address',
      value: 'ann',
      domain: 'example.test',
    })
  })

  it.each([
    ['5ZB', { name: 'quota' }],
    ['10', { name: 'quota-unit' }],
  ])('refuses the quota %j', async (quota, rule) => {
    expect(await add('ann@a.test', { quota })).toMatchObject({
      kind: 'bad-value',
      field: 'quota',
      value: quota,
      rule,
    })
  })

  it('asks for the secret only when all else is right', async () => {
    let asked = 0
    const secret = async () => {
      asked++
      return undefined
    }
    await accounts().add({ address: 'nonsense@', secret })
    await accounts().add({ address: 'ann@a.test', quota: 'x', secret })
    expect(asked).toBe(0)
    expect(await accounts().add({ address: 'ann@a.test', secret })).toMatchObject({
      kind: 'bad-value',
      field: 'password',
      rule: { name: 'password-or-hash' },
    })
    expect(asked).toBe(1)
  })

  it.each([
    ['nonsense', { kind: 'unsupported' }],
    ['$6$salt$cut', { kind: 'malformed', scheme: 'sha-crypt' }],
    [`$6$rounds=999999$salt$${'a'.repeat(86)}`, { kind: 'costly', scheme: 'sha-crypt' }],
  ] as const)('refuses the hash %j, which it does not repeat', async (hash, problem) => {
    const refused = await accounts().add({
      address: 'ann@a.test',
      secret: async () => ({ kind: 'hash', hash }),
    })
    expect(refused).toMatchObject({ field: 'password', value: '', rule: { name: 'hash' } })
    if (problem.kind !== 'malformed') expect(refused).toMatchObject({ rule: { problem } })
  })

  it('refuses a password of less than 8 characters, however many bytes, and one with NUL', async () => {
    for (const text of ['', 'seven 7', 'ÄÖÜäöüß', '👍👍👍👍👍👍👍', 'a secret\0b']) {
      const password = Buffer.from(text)
      const refused = await accounts().add({
        address: 'ann@a.test',
        secret: async () => ({ kind: 'password', password }),
      })
      expect(refused).toMatchObject({ kind: 'bad-value', value: '', rule: { name: 'password' } })
    }
    const password = Buffer.from('ÄÖÜäöüßẞ')
    const added = await accounts().add({
      address: 'ann@a.test',
      secret: async () => ({ kind: 'password', password }),
    })
    expect(added.kind).toBe('added')
  })
})

describe('setting an account', () => {
  beforeEach(async () => {
    await add('ann@a.test', { quota: '5MB' })
  })
  const set = (more: Partial<Parameters<ReturnType<typeof accounts>['set']>[0]>) =>
    accounts().set({ address: 'ann@a.test', ...more })

  it('changes what it is told to, and tells it before and after', async () => {
    expect(await set({ quota: 'unlimited', shared: true })).toEqual({
      kind: 'set',
      address: 'ann@a.test',
      warnings: [],
    })
    expect(changes()[1]).toEqual({
      what: 'account',
      name: 'ann@a.test',
      before: { enabled: true, shared: false, quotaBytes: 5 * 1024 ** 2 },
      after: { enabled: true, shared: true, quotaBytes: 0 },
    })
  })

  it('tells that a password is another one, and neither of them', async () => {
    await set({ secret: async () => ({ kind: 'password', password: Buffer.from('a secret') }) })
    expect(changes()[1]).toMatchObject({ after: { password: 'replaced' } })
    for (const word of ['secret', aHash, 'argon2']) {
      expect(JSON.stringify(world.changes)).not.toContain(word)
    }
  })

  it('warns when it leaves a domain without a postmaster', async () => {
    await add('ben@a.test')
    expect(await set({ enabled: false })).toMatchObject({
      warnings: [{ kind: 'no-postmaster', domain: 'a.test' }],
    })
    expect(await set({ enabled: true })).toMatchObject({ warnings: [] })
  })

  it('refuses to change nothing, nobody, and to a wrong value', async () => {
    expect(await set({})).toMatchObject({ field: 'changes', rule: { name: 'some-change' } })
    expect(await set({ secret: async () => undefined })).toMatchObject({ field: 'changes' })
    expect(await set({ quota: '5ZB' })).toMatchObject({ field: 'quota' })
    expect(await set({ address: 'x@a.test', enabled: true })).toEqual({
      kind: 'no-such-account',
      field: 'address',
      value: 'x@a.test',
    })
    expect(await set({ address: '@', enabled: true })).toMatchObject({ kind: 'bad-value' })
    expect(changes()).toHaveLength(1)
  })
})

describe('removing and emptying an account', () => {
  beforeEach(async () => {
    await add('ann@a.test')
    await world.pipeline.accept('Subject: x\r\n\r\nHello\r\n', ['ann@a.test'])
    await world.pipeline.settle()
  })

  it('is measured before', async () => {
    const measured = await accounts().measure('ann@a.test')
    expect(measured).toMatchObject({ kind: 'measured', address: 'ann@a.test', messages: 1 })
    expect(measured.kind === 'measured' && measured.bytes).toBeGreaterThan(10)
  })

  it('deletes its mail and keeps the account, or takes both away', async () => {
    const emptied = await accounts().empty('ann@a.test')
    expect(emptied).toEqual({ kind: 'emptied', address: 'ann@a.test', messages: 1 })
    expect(await accounts().measure('ann@a.test')).toMatchObject({ messages: 0 })
    const removed = await accounts().remove('Ann@a.test')
    expect(removed).toEqual({ kind: 'removed', address: 'ann@a.test', messages: 0, warnings: [] })
    expect(await accounts().show('ann@a.test')).toMatchObject({ kind: 'no-such-account' })
    expect(changes().slice(1)).toEqual([
      { what: 'account', name: 'ann@a.test', before: { messages: 1 }, after: { messages: 0 } },
      {
        what: 'account',
        name: 'ann@a.test',
        before: { enabled: true, shared: false, quotaBytes: null },
        after: null,
      },
    ])
  })

  it('warns of aliases that still lead to it, some of them by name', async () => {
    await add('ben@a.test')
    for (let n = 0; n < 7; n++) {
      const alias = `list${n}@a.test`
      await world.administration.aliases.add({ alias, targets: ['ANN@a.test'] })
    }
    expect(await accounts().remove('ann@a.test')).toMatchObject({
      messages: 1,
      warnings: [
        { kind: 'no-postmaster', domain: 'a.test' },
        {
          kind: 'still-led-to',
          address: 'ann@a.test',
          aliases: [0, 1, 2, 3, 4].map((n) => `list${n}@a.test`),
          count: 7,
        },
      ],
    })
  })

  it('refuses who is not there', async () => {
    for (const act of ['measure', 'remove', 'empty', 'show'] as const) {
      expect(await accounts()[act]('x@a.test')).toMatchObject({ kind: 'no-such-account' })
      expect(await accounts()[act]('@')).toMatchObject({ kind: 'bad-value', field: 'address' })
    }
  })
})

describe('pages of accounts', () => {
  it('follow each other, of one domain or of all', async () => {
    await world.administration.domains.add({ domain: 'b.test' })
    const names = ['a@a.test', 'b@a.test', 'c@a.test', 'd@b.test']
    for (const name of names) await add(name)
    const found: string[] = []
    let after: string | undefined
    do {
      const page = await accounts().page({ after, limit: 2 })
      if (page.kind !== 'page') throw new Error(page.kind)
      expect(page.items.length).toBeLessThanOrEqual(2)
      found.push(...page.items.map(({ address }) => address))
      after = page.next
    } while (after !== undefined)
    expect(found).toEqual(names)
    const ofOne = await accounts().page({ domain: 'B.test' })
    expect(ofOne).toMatchObject({ kind: 'page', items: [{ address: 'd@b.test' }] })
  })

  it('refuses a domain that is not here, one that is none, and a cursor that nobody gave', async () => {
    expect(await accounts().page({ domain: 'x.test' })).toMatchObject({
      kind: 'no-such-domain',
      field: 'domain',
      value: 'x.test',
    })
    expect(await accounts().page({ domain: '..' })).toMatchObject({ rule: { name: 'domain-name' } })
    expect(await accounts().page({ after: 'x' })).toMatchObject({
      kind: 'bad-value',
      field: 'after',
      rule: { name: 'cursor' },
    })
  })

  it('hold at least one entry and no more than a hundred', async () => {
    await add('ann@a.test')
    for (const limit of [-1, 0, 0.5, 1e9]) {
      expect(await accounts().page({ limit })).toMatchObject({ items: [{ messages: 0 }] })
    }
  })
})

describe('sending the mail of an account on', () => {
  beforeEach(() => add('ann@a.test'))
  const forward = (to: readonly string[], keep?: boolean) =>
    accounts().forward({ address: 'Ann@a.test', to, keep })

  it('says where it goes, each address once, and is told as a change', async () => {
    const to = ['x@far.test, y@far.test', 'x@far.test']
    const facts = { to: ['x@far.test', 'y@far.test'], keep: true }
    expect(await forward(to, true)).toEqual({
      kind: 'forwarded',
      address: 'ann@a.test',
      forward: facts,
      warnings: [],
    })
    expect(await accounts().show('ann@a.test')).toMatchObject({ account: { forward: facts } })
    expect(changes().at(-1)).toEqual({
      what: 'account',
      name: 'ann@a.test',
      before: { forward: null, keep: null },
      after: { forward: facts.to, keep: true },
    })
  })

  it('ends where nothing is named', async () => {
    await forward(['x@far.test'])
    expect(await forward([])).toMatchObject({ kind: 'forwarded', forward: null })
    expect(await accounts().show('ann@a.test')).toMatchObject({ account: { forward: null } })
  })

  it('warns of what leads nowhere', async () => {
    expect(await forward(['nobody@a.test', 'x@far.test'])).toMatchObject({
      warnings: [{ kind: 'mail-fails', alias: 'ann@a.test', end: { address: 'nobody@a.test' } }],
    })
  })

  it('takes so many addresses and no more, and only addresses', async () => {
    const many = Array.from({ length: FORWARD_TARGETS_MAX + 1 }, (_, i) => `x${i}@far.test`)
    expect(await forward(many.slice(1))).toMatchObject({ kind: 'forwarded' })
    expect(await forward(many)).toMatchObject({
      kind: 'bad-value',
      field: 'targets',
      rule: { name: 'forward-count', max: FORWARD_TARGETS_MAX },
    })
    expect(await forward(['|/bin/cat'])).toMatchObject({ rule: { name: 'no-program' } })
    expect(await forward(['nonsense@'])).toMatchObject({ rule: { name: 'mail-address' } })
    const nobody = await accounts().forward({ address: 'no@a.test', to: ['x@far.test'] })
    expect(nobody).toMatchObject({ kind: 'no-such-account' })
  })
})
