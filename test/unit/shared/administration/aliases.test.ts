import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  await world.administration.accounts.add({ address: 'ann@a.test', secret: hashOfA })
})
afterEach(() => world[Symbol.asyncDispose]())

const aliases = () => world.administration.aliases
const add = (alias: string, ...targets: string[]) => aliases().add({ alias, targets })

describe('adding an alias', () => {
  it('makes it with the targets of all lists, each once', async () => {
    expect(await add('Info@a.test', 'ann@a.test, x@far.test', 'ANN@A.test x@far.test')).toEqual({
      kind: 'added',
      alias: { alias: 'Info@a.test', targets: ['ann@a.test', 'x@far.test', 'ANN@a.test'] },
      warnings: [],
    })
    expect(world.changes.at(-1)).toEqual({
      what: 'alias',
      name: 'Info@a.test',
      before: null,
      after: { targets: ['ann@a.test', 'x@far.test', 'ANN@a.test'] },
    })
  })

  it('warns of an account that gets nothing now, of ends and of loops', async () => {
    expect(await add('ann@a.test', 'x@far.test')).toMatchObject({
      warnings: [{ kind: 'account-gets-nothing', address: 'ann@a.test' }],
    })
    const fails = (alias: string, address: string, reason: string) => ({
      warnings: [{ kind: 'mail-fails', alias, end: { address, reason } }],
    })
    expect(await add('b@a.test', 'nobody@a.test')).toMatchObject(
      fails('b@a.test', 'nobody@a.test', 'unknown'),
    )
    expect(await add('c@a.test', 'c@a.test')).toMatchObject(fails('c@a.test', 'c@a.test', 'loop'))
    await world.administration.accounts.add({
      address: 'off@a.test',
      secret: hashOfA,
      enabled: false,
    })
    expect(await add('@a.test', 'off@a.test')).toMatchObject(
      fails('@a.test', 'off@a.test', 'disabled'),
    )
  })

  it('refuses what exists and what has no domain here', async () => {
    await add('info@a.test', 'ann@a.test')
    expect(await add('INFO@a.test', 'ann@a.test')).toEqual({
      kind: 'exists',
      field: 'alias',
      value: 'INFO@a.test',
    })
    expect(await add('info@b.test', 'ann@a.test')).toEqual({
      kind: 'no-such-domain',
      field: 'alias',
      value: 'info@b.test',
      domain: 'b.test',
    })
  })

  it.each([
    ['x@', 'ann@a.test', { field: 'alias', value: 'x@', rule: { name: 'mail-address' } }],
    ['@b_.test', 'ann@a.test', { field: 'domain', value: 'b_.test' }],
    ['x@a.test', 'nonsense@', { field: 'targets', value: 'nonsense@' }],
    ['x@a.test', '|/bin/cat', { field: 'targets', rule: { name: 'no-program' } }],
    ['x@a.test', ':include:/x', { field: 'targets', rule: { name: 'no-program' } }],
    ['x@a.test', ',', { field: 'targets', rule: { name: 'target-count', count: 0, max: 1_000 } }],
  ])('refuses %j with the target %j', async (alias, target, expected) => {
    expect(await add(alias, target)).toMatchObject({ kind: 'bad-value', ...expected })
  })

  it('takes a thousand targets and no more', async () => {
    const targets = Array.from({ length: 1_001 }, (_, n) => `u${n}@far.test`)
    expect(await add('all@a.test', ...targets)).toMatchObject({
      rule: { name: 'target-count', count: 1_001, max: 1_000 },
    })
    expect(await add('all@a.test', ...targets.slice(1))).toMatchObject({ kind: 'added' })
    expect(await aliases().set({ alias: 'all@a.test', targets })).toMatchObject({
      rule: { name: 'target-count' },
    })
  })
})

describe('setting and removing an alias', () => {
  beforeEach(async () => {
    await add('info@a.test', 'ann@a.test')
  })

  it('tells what its targets were', async () => {
    const set = await aliases().set({ alias: 'info@a.test', targets: ['x@far.test'] })
    expect(set).toMatchObject({ kind: 'set', alias: { targets: ['x@far.test'] }, warnings: [] })
    expect(await aliases().remove('info@a.test')).toEqual({
      kind: 'removed',
      alias: 'info@a.test',
      warnings: [],
    })
    expect(world.changes.slice(-2)).toEqual([
      {
        what: 'alias',
        name: 'info@a.test',
        before: { targets: ['ann@a.test'] },
        after: { targets: ['x@far.test'] },
      },
      { what: 'alias', name: 'info@a.test', before: { targets: ['x@far.test'] }, after: null },
    ])
  })

  it('warns of others that led to it', async () => {
    await add('all@a.test', 'info@a.test')
    expect(await aliases().remove('info@a.test')).toMatchObject({
      warnings: [
        { kind: 'still-led-to', address: 'info@a.test', aliases: ['all@a.test'], count: 1 },
      ],
    })
  })

  it('warns of nothing after a catch-all, which is no address', async () => {
    await add('@a.test', 'ann@a.test')
    expect(await aliases().remove('@a.test')).toMatchObject({ kind: 'removed', warnings: [] })
  })

  it('refuses one that is not there', async () => {
    const refusal = { kind: 'no-such-alias', field: 'alias', value: 'x@a.test' }
    expect(await aliases().set({ alias: 'x@a.test', targets: ['y@a.test'] })).toEqual(refusal)
    expect(await aliases().remove('x@a.test')).toEqual(refusal)
    expect(await aliases().remove('x@')).toMatchObject({ kind: 'bad-value' })
  })
})

describe('where mail to an address goes', () => {
  const show = (address: string) => aliases().show(address)

  it('is told of aliases, also behind an extension or a catch-all', async () => {
    await add('info@a.test', 'ann@a.test', 'x@far.test')
    const info = {
      kind: 'alias',
      alias: { alias: 'info@a.test', targets: ['ann@a.test', 'x@far.test'] },
      route: { accounts: ['ann@a.test'], elsewhere: ['x@far.test'], nowhere: [] },
    }
    expect(await show('info@a.test')).toEqual(info)
    expect(await show('info+x@a.test')).toEqual(info)
    await add('@a.test', 'info@a.test')
    expect(await show('whoever@a.test')).toMatchObject({ alias: { alias: '@a.test' } })
  })

  it('is told of accounts and of what is elsewhere', async () => {
    expect(await show('ann+x@a.test')).toMatchObject({
      kind: 'account',
      address: 'ann+x@a.test',
      of: 'ann@a.test',
    })
    await world.administration.accounts.set({ address: 'ann@a.test', enabled: false })
    expect(await show('ann@a.test')).toMatchObject({
      kind: 'disabled',
      of: 'ann@a.test',
      route: { nowhere: [{ address: 'ann@a.test', reason: 'disabled' }] },
    })
    expect(await show('x@far.test')).toMatchObject({
      kind: 'remote',
      of: null,
      route: { elsewhere: ['x@far.test'] },
    })
  })

  it('is nowhere for others', async () => {
    expect(await show('x@a.test')).toEqual({
      kind: 'leads-nowhere',
      field: 'alias',
      value: 'x@a.test',
    })
    expect(await show('@a.test')).toEqual({
      kind: 'no-such-alias',
      field: 'alias',
      value: '@a.test',
    })
  })
})

it('aliases come page by page', async () => {
  await add('b@a.test', 'ann@a.test')
  await add('c@a.test', 'ann@a.test')
  const page = await aliases().page({ domain: 'a.test', limit: 2 })
  // One of the two addresses is an account.
  expect(page).toMatchObject({ items: [{ alias: 'b@a.test', targets: ['ann@a.test'] }] })
  const after = page.kind === 'page' ? page.next : undefined
  expect(await aliases().page({ domain: 'a.test', limit: 2, after })).toEqual({
    kind: 'page',
    items: [{ alias: 'c@a.test', targets: ['ann@a.test'] }],
    next: undefined,
  })
  expect(await aliases().page({ domain: 'x.test' })).toMatchObject({ kind: 'no-such-domain' })
})
