// Old servers and accounts on them over the API: who may say what, and that a master user's password is told to nobody.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor, Role } from '#shared/administration/rights/actor.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'

let world: Administered
let api: TestApi

beforeAll(async () => {
  world = await openAdministration()
  const { administration, pipeline } = world
  for (const domain of ['a.test', 'b.test']) await administration.domains.add({ domain })
  for (const address of ['ann@a.test', 'zoe@b.test']) {
    await administration.accounts.add({ address, secret: hashOfA })
  }
  api = openApi(pipeline.backend)
})
afterAll(() => world[Symbol.asyncDispose]())

const of = (role: Role): Actor => ({ ...owner, role, domains: ['a.test' as Domain] })
const old = {
  ...{ name: 'old', imap: 'imaps://old.test', smtp: '[old.test]:25' },
  ...{ masterUser: 'front', masterPassword: 'a master word' },
}

describe('old servers', () => {
  it('are added by an owner, and nobody is told the password of their master user', async () => {
    expect((await api.ask('POST /sources', old, { as: of('domain-admin') })).status).toBe(403)
    expect(await api.ask('POST /sources', old)).toMatchObject({
      status: 201,
      body: { name: 'old' },
    })
    expect((await api.ask('POST /sources', old)).body).toMatchObject({ code: 'exists' })
    const listed = await api.ask('GET /sources', undefined)
    expect(listed.body.data).toMatchObject([
      { name: 'old', endpoints: { imap: old.imap }, masterUser: 'front', accounts: 0 },
    ])
    const audit = await Array.fromAsync(
      (await world.administration.audit.page({ limit: 100, extent: { kind: 'all' } })).items,
    )
    expect(JSON.stringify([listed.body, audit])).not.toContain(old.masterPassword)
  })

  it.each([
    [{ ...old, name: 'a b' }, 'source'],
    [{ ...old, imap: 'old.test' }, 'imap'],
    [{ name: 'x' }, 'imap'],
    [{ ...old, smtp: 'no host' }, 'smtp'],
    [{ ...old, masterPassword: '' }, 'masterPassword'],
    [{ ...old, masterUser: 'a\nb' }, 'masterUser'],
  ])('are refused by the field that is wrong: %#', async (body, field) => {
    const refused = await api.ask('POST /sources', body)
    expect(refused.status).toBe(422)
    expect(JSON.stringify(refused.body)).toContain(`"${field === 'source' ? 'name' : field}"`)
    expect(JSON.stringify(refused.body)).not.toContain(old.masterPassword)
  })
})

describe('accounts on them', () => {
  it('are set by whoever is responsible for their domain, and counted', async () => {
    const body = { source: 'old', state: 'at-source' }
    const admin = { as: of('domain-admin') }
    expect((await api.ask('PUT /accounts/zoe@b.test/front', body, admin)).status).toBe(404)
    expect(
      (await api.ask('PUT /accounts/ann@a.test/front', body, { as: of('help-desk') })).status,
    ).toBe(403)
    const nowhere = { ...body, source: 'none' }
    expect((await api.ask('PUT /accounts/ann@a.test/front', nowhere, admin)).body).toMatchObject({
      code: 'no-such-source',
    })
    const set = await api.ask('PUT /accounts/ann@a.test/front', body, admin)
    expect(set.body).toEqual({
      address: 'ann@a.test',
      at: { name: 'old', state: 'at-source' },
      before: null,
      unusable: [],
      flushed: 0,
    })
    const moving = await api.ask('PUT /accounts/ann@a.test/front', { state: 'moving' }, admin)
    expect(moving.body).toMatchObject({ at: { name: 'old', state: 'moving' } })
    const shown = await api.ask('GET /accounts/ann@a.test/front', undefined, admin)
    expect(shown.body).toEqual({ address: 'ann@a.test', at: { name: 'old', state: 'moving' } })
    expect(await api.ask('DELETE /sources/old', undefined)).toMatchObject({
      status: 409,
      body: { code: 'source-in-use' },
    })
    const ended = await api.ask('DELETE /accounts/ann@a.test/front', undefined, admin)
    expect(ended.body).toMatchObject({ at: null, before: { name: 'old', state: 'moving' } })
    expect((await api.ask('DELETE /sources/old', undefined)).status).toBe(204)
    expect((await api.ask('DELETE /sources/old', undefined)).body).toMatchObject({
      code: 'no-such-source',
    })
  })
})
