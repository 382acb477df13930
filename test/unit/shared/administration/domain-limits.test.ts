import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Administered,
  aHash,
  hashOfA,
  openAdministration,
} from '#test/support/administration.ts'
import { openApi } from '#test/support/api.ts'

let world: Administered
let domain: string
let count = 0

beforeAll(async () => {
  world = await openAdministration(['mailboxSizeLimit=1MB'])
})
afterAll(() => world[Symbol.asyncDispose]())

beforeEach(async () => {
  domain = `d${++count}.test`
  await world.administration.domains.add({ domain })
})

const MIB = 1024 * 1024
const limit = (limits: { accounts?: string; aliases?: string; quota?: string }) =>
  world.administration.domains.limit({ domain, ...limits })
const add = (name: string, quota?: string) =>
  world.administration.accounts.add({ address: `${name}@${domain}`, secret: hashOfA, quota })
const set = (name: string, quota: string) =>
  world.administration.accounts.set({ address: `${name}@${domain}`, quota })
const kinds = (results: readonly { readonly kind: string }[]) => results.map(({ kind }) => kind)

describe('limits of a domain', () => {
  it('are numbers or none, and stay where they are not named', async () => {
    expect(await limit({ accounts: '2', quota: '1GB' })).toMatchObject({
      domain: { limits: { accounts: 2, aliases: null, quotaBytes: 1024 * MIB } },
    })
    expect(await limit({ accounts: 'none', aliases: '0' })).toMatchObject({
      domain: { limits: { accounts: null, aliases: 0, quotaBytes: 1024 * MIB } },
    })
    for (const accounts of ['-1', '1e3', '', '99999999', 'many']) {
      expect(await limit({ accounts })).toMatchObject({ kind: 'bad-value', field: 'accountsMax' })
    }
    expect(await limit({})).toMatchObject({ rule: { name: 'some-change' } })
  })

  it('let so many accounts be, of many at once the first, and of two at once one', async () => {
    await limit({ accounts: '3' })
    const addresses = ['a', 'b', 'c', 'd'].map((name) => `${name}@${domain}`)
    const added = await world.administration.accounts.addAll(
      addresses.map((address) => ({ address, secret: hashOfA })),
    )
    expect(kinds(added)).toEqual(['added', 'added', 'added', 'over-domain-limit'])
    expect(added[3]).toMatchObject({
      limit: 'accounts',
      max: 3,
      given: 3,
      domain,
      field: 'address',
    })
    await limit({ accounts: '4' })
    expect(kinds(await Promise.all([add('x'), add('y')])).sort()).toEqual([
      'added',
      'over-domain-limit',
    ])
    await world.administration.accounts.remove(`a@${domain}`)
    expect(await add('z')).toMatchObject({ kind: 'added' })
    // What is there stays, however few may be.
    await limit({ accounts: '1' })
    expect(await set('z', '2MB')).toMatchObject({ kind: 'set' })
    expect(await add('v')).toMatchObject({ kind: 'over-domain-limit', max: 1, given: 4 })
  })

  it('let so many aliases be', async () => {
    await limit({ aliases: '1' })
    const alias = (name: string) =>
      world.administration.aliases.add({ alias: `${name}@${domain}`, targets: ['x@far.test'] })
    expect(kinds([await alias('one'), await alias('two')])).toEqual(['added', 'over-domain-limit'])
    expect(await alias('one')).toMatchObject({ kind: 'exists' })
    await world.administration.aliases.remove(`one@${domain}`)
    expect(await alias('two')).toMatchObject({ kind: 'added' })
  })

  it('let quotas be so much together; a smaller one always is let', async () => {
    await limit({ quota: '10MB' })
    expect(await add('a', '6MB')).toMatchObject({ kind: 'added' })
    expect(await add('b', '5MB')).toMatchObject({
      kind: 'over-domain-limit',
      ...{ field: 'quota', limit: 'quotaBytes', max: 10 * MIB, given: 6 * MIB },
    })
    // Of 1 MB, which is the default.
    expect(await add('b')).toMatchObject({ kind: 'added' })
    expect(await add('c', 'unlimited')).toMatchObject({ kind: 'over-domain-limit' })
    expect(await set('b', '4MB')).toMatchObject({ kind: 'set' })
    expect(await set('b', '5MB')).toMatchObject({ kind: 'over-domain-limit', given: 10 * MIB })
    expect(await set('b', 'unlimited')).toMatchObject({ kind: 'over-domain-limit' })
    await limit({ quota: '2MB' })
    expect(await set('a', '5MB')).toMatchObject({ kind: 'set' })
    await limit({ quota: '10MB' })
    // 9 MB are given: of two at once one gets what is left.
    const both = await Promise.all([set('a', '6MB'), set('b', '5MB')])
    expect(kinds(both).sort()).toEqual(['over-domain-limit', 'set'])
  })

  it('hold an import to them, row by row', async () => {
    await limit({ accounts: '1' })
    const { backend } = world.pipeline
    const rows = ['r1', 'r2'].map((name) => ({
      address: { local: name, domain: domain as never },
      passwordHash: aHash,
    }))
    expect(kinds(await backend.directory.accounts.addAll(rows))).toEqual(['ok', 'over-limit'])
  })

  it('are set over HTTP, and told to whoever sees the domain; a refusal names the limit', async () => {
    const api = openApi(world.pipeline.backend)
    const patched = await api.ask(
      `PATCH /domains/${domain}`,
      { limits: { accounts: 0, quotaBytes: 5 * MIB } },
      { headers: { 'if-match': '*' } },
    )
    expect(patched.body.limits).toEqual({ accounts: 0, aliases: null, quotaBytes: 5 * MIB })
    const { body } = await api.ask(`GET /domains/${domain}`)
    expect(body.limits.accounts).toBe(0)
    const refused = await api.ask('POST /accounts', {
      address: `a@${domain}`,
      passwordHash: aHash,
    })
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'over-domain-limit', detail: expect.stringContaining('0 accounts') },
    })
  })
})
