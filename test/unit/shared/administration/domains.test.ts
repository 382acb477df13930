import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration()
})
afterEach(() => world[Symbol.asyncDispose]())

const domains = () => world.administration.domains
const addAccount = (address: string) =>
  world.administration.accounts.add({ address, secret: hashOfA })

describe('adding a domain', () => {
  it('tells who is postmaster of it (RFC 5321 §4.5.1)', async () => {
    expect(await domains().add({ domain: 'A.test' })).toMatchObject({
      kind: 'added',
      domain: { domain: 'a.test', accounts: 0, aliases: 0, createdMs: world.clock.now() },
      postmaster: { kind: 'first-account' },
    })
    await addAccount('first@a.test')
    expect(await domains().add({ domain: 'b.test' })).toMatchObject({
      postmaster: { kind: 'found', accounts: ['first@a.test'], elsewhere: [] },
    })
    await addAccount('second@a.test')
    await world.administration.accounts.remove('first@a.test')
    expect(await domains().add({ domain: 'c.test' })).toMatchObject({
      postmaster: { kind: 'nobody' },
    })
    expect(await domains().add({ domain: 'd.test', postmaster: 'x@far.test' })).toMatchObject({
      domain: { aliases: 1 },
      postmaster: { kind: 'found', accounts: [], elsewhere: ['x@far.test'] },
    })
  })

  it('refuses what exists, what is no domain, and a postmaster who has no address', async () => {
    await domains().add({ domain: 'a.test' })
    expect(await domains().add({ domain: 'A.TEST' })).toEqual({
      kind: 'exists',
      field: 'domain',
      value: 'A.TEST',
    })
    expect(await domains().add({ domain: 'a..test' })).toEqual({
      kind: 'bad-value',
      field: 'domain',
      value: 'a..test',
      rule: { name: 'domain-name' },
    })
    expect(await domains().add({ domain: 'b.test', postmaster: '@' })).toMatchObject({
      kind: 'bad-value',
      field: 'postmaster',
    })
    expect(world.changes).toEqual([
      { what: 'domain', name: 'a.test', before: null, after: { accounts: 0, aliases: 0 } },
    ])
  })
})

describe('a domain', () => {
  beforeEach(async () => {
    await domains().add({ domain: 'a.test' })
    await addAccount('ann@a.test')
    await world.administration.aliases.add({ alias: '@a.test', targets: ['ann@a.test'] })
    await world.pipeline.accept('Subject: x\r\n\r\nHello\r\n', ['ann@a.test'])
    await world.pipeline.settle()
  })

  it('is shown with the names of what is in it', async () => {
    const shown = await domains().show('a.test')
    if (shown.kind !== 'domain') throw new Error(shown.kind)
    expect(shown.domain).toMatchObject({ accounts: 1, aliases: 1 })
    expect(await Array.fromAsync(shown.accounts)).toEqual(['ann@a.test'])
    expect(await Array.fromAsync(shown.aliases)).toEqual(['@a.test'])
  })

  it('is not removed while anything is in it, unless that is meant', async () => {
    expect(await domains().remove({ domain: 'A.test' })).toEqual({
      kind: 'not-empty',
      field: 'domain',
      value: 'A.test',
      accounts: 1,
      aliases: 1,
    })
    const measured = await domains().measure('a.test')
    expect(measured).toMatchObject({ kind: 'measured', messages: 1, domain: { accounts: 1 } })
    expect(await domains().remove({ domain: 'a.test', force: true })).toEqual({
      kind: 'removed',
      domain: 'a.test',
      accounts: 1,
      aliases: 1,
      messages: 1,
    })
    expect(world.changes.at(-1)).toEqual({
      what: 'domain',
      name: 'a.test',
      before: { accounts: 1, aliases: 1 },
      after: null,
    })
    expect(await domains().page({})).toEqual({ kind: 'page', items: [], next: undefined })
  })

  it('leaves nothing of its accounts behind, not even rights that others gave them', async () => {
    await domains().add({ domain: 'b.test' })
    await addAccount('ben@b.test')
    const ofBen = { address: 'ben@b.test', folder: 'INBOX' }
    await world.administration.grants.set({ ...ofBen, grantee: 'ann@a.test', rights: 'lr' })
    const { directory, mailbox } = world.pipeline.backend
    const [ben] = await Array.fromAsync(directory.accounts.list()).then((all) =>
      all.filter(({ address }) => address.local === 'ben'),
    )
    const inbox = ben && (await mailbox.folders.find(ben.id, 'INBOX'))
    if (inbox === undefined) throw new Error('no INBOX')
    expect((await mailbox.access.list(inbox)).size).toBe(1)
    await domains().remove({ domain: 'a.test', force: true })
    expect((await mailbox.access.list(inbox)).size).toBe(0)
  })

  it('is refused where it is not here', async () => {
    const refusal = { kind: 'no-such-domain', field: 'domain', value: 'x.test' }
    expect(await domains().show('x.test')).toMatchObject(refusal)
    expect(await domains().measure('x.test')).toMatchObject(refusal)
    expect(await domains().remove({ domain: 'x.test' })).toMatchObject(refusal)
    expect(await domains().show('')).toMatchObject({ kind: 'bad-value' })
  })

  it('comes page by page', async () => {
    await domains().add({ domain: 'b.test' })
    const first = await domains().page({ limit: 1 })
    expect(first).toMatchObject({ items: [{ domain: 'a.test' }] })
    const after = first.kind === 'page' ? first.next : undefined
    expect(await domains().page({ limit: 1, after })).toMatchObject({
      items: [{ domain: 'b.test' }],
    })
    expect(await domains().page({ after: '?' })).toMatchObject({ rule: { name: 'cursor' } })
  })
})
