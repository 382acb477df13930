import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FOLDERS_PER_GRANTEE_MAX } from '#shared/mailbox/access.ts'
import { everyonePk } from '#shared/mailbox/keys.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  for (const name of ['ann', 'ben']) {
    await world.administration.accounts.add({ address: `${name}@a.test`, secret: hashOfA })
  }
})
afterEach(() => world[Symbol.asyncDispose]())

const grants = () => world.administration.grants
const ofAnn = { address: 'Ann@a.test', folder: 'Sent', grantee: 'Ben@a.test' }

describe('rights in a folder', () => {
  it('are given, listed and taken away, and each change is told', async () => {
    expect(await grants().set({ ...ofAnn, rights: 'lrd' })).toEqual({
      kind: 'set',
      rights: 'lrted',
    })
    await grants().set({ ...ofAnn, folder: 'INBOX', grantee: '-anyone', rights: 'l' })
    const all = [
      { folder: 'INBOX', grantee: '-anyone', rights: 'l' },
      { folder: 'Sent', grantee: 'ben@a.test', rights: 'lrted' },
    ]
    expect(await grants().list({ address: 'ann@a.test' })).toEqual({ kind: 'grants', grants: all })
    const ofSent = await grants().list({ address: 'ann@a.test', folder: 'Sent' })
    expect(ofSent).toMatchObject({ grants: all.slice(1) })
    expect(await grants().set({ ...ofAnn, rights: 'l' })).toEqual({ kind: 'set', rights: 'l' })
    expect(await grants().remove(ofAnn)).toEqual({ kind: 'set', rights: '' })
    expect(await grants().list({ address: 'ann@a.test', folder: 'Sent' })).toMatchObject({
      grants: [],
    })
    const told = world.changes.filter(({ name }) => name === 'ann@a.test Sent Ben@a.test')
    expect(told.map(({ before, after }) => [before?.rights, after?.rights])).toEqual([
      [undefined, 'lrte'],
      ['lrte', 'l'],
      ['l', undefined],
    ])
  })

  it.each([
    [{ address: 'x@a.test' }, { kind: 'no-such-account', field: 'address', value: 'x@a.test' }],
    [{ address: '@' }, { kind: 'bad-value', field: 'address' }],
    [
      { folder: 'Nope' },
      { kind: 'no-such-folder', field: 'folder', value: 'Nope', account: 'Ann@a.test' },
    ],
    [{ grantee: 'x@a.test' }, { kind: 'no-such-account', field: 'grantee', value: 'x@a.test' }],
    [
      { grantee: 'ann@a.test' },
      { kind: 'is-owner', field: 'grantee', value: 'ann@a.test', account: 'Ann@a.test' },
    ],
  ])('are refused: %j', async (wrong, expected) => {
    expect(await grants().set({ ...ofAnn, rights: 'l', ...wrong })).toMatchObject(expected)
    expect(await grants().remove({ ...ofAnn, ...wrong })).toMatchObject(expected)
  })

  it.each(['', 'lq'])('are no rights: %j', async (rights) => {
    expect(await grants().set({ ...ofAnn, rights })).toEqual({
      kind: 'bad-value',
      field: 'rights',
      value: rights,
      rule: { name: 'rights', letters: 'lrswipkxteacd' },
    })
  })

  it('are refused where there are too many of them', async () => {
    const { directory, store } = world.pipeline.backend
    const domain = (await directory.domains.page({ limit: 1 })).items[0]?.domain
    if (domain === undefined) throw new Error('no domain')
    const ann = await directory.accounts.get({ local: 'ann', domain })
    if (ann === undefined) throw new Error('no ann')
    // Counted by the index of the grantee, which is cheaper to fill than a thousand folders.
    const puts = Array.from({ length: FOLDERS_PER_GRANTEE_MAX }, (_, n) => ({
      put: { pk: everyonePk, sk: `G#${ann.id}#folder${n}` },
    }))
    await store.tables.mail.batchWrite(puts)
    expect(await grants().set({ ...ofAnn, grantee: 'anyone', rights: 'l' })).toEqual({
      kind: 'too-many-grants',
      field: 'grantee',
      value: 'anyone',
      folder: 'Sent',
    })
  })

  it('are listed of nobody who is not there, nor in folders that are not', async () => {
    expect(await grants().list({ address: 'x@a.test' })).toMatchObject({ kind: 'no-such-account' })
    expect(await grants().list({ address: 'ann@a.test', folder: 'Nope' })).toMatchObject({
      kind: 'no-such-folder',
    })
  })
})
