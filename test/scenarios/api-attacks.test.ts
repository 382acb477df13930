// What somebody with few rights does to get more of them: what was made for him before, names that he may give, and what others left behind.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ERRORS_TOLD_MAX,
  LARGE_BODIES_BYTES_MAX,
  MEMBERS_MAX,
  PARAMETERS_MAX,
} from '#services/api/read-input.ts'
import { assembleJobRunner } from '#services/assembly/jobs.ts'
import { OPEN_JOBS_MAX } from '#shared/administration/jobs/open-jobs.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { GivenRole } from '#shared/administration/rights/roles.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let api: TestApi

beforeAll(async () => {
  world = await openAdministration(['authFailureDelay=0'])
  const { domains, accounts, roles } = world.administration
  for (const domain of ['ours.test', 'other.test', 'team.other.test']) await domains.add({ domain })
  const addresses = ['olga', 'dora', 'hans', 'ann'].map((name) => `${name}@ours.test`)
  for (const address of [...addresses, 'bob@other.test', 'carl@other.test']) {
    await accounts.add({ address, secret: hashOfA })
  }
  await roles.set({ address: 'olga@ours.test', role: 'owner' })
  await roles.set({ address: 'dora@ours.test', role: 'domain-admin', domains: ['ours.test'] })
  await roles.set({ address: 'hans@ours.test', role: 'help-desk', domains: ['ours.test'] })
  api = openApi(world.pipeline.backend)
})
afterAll(() => world[Symbol.asyncDispose]())

/** As he is now. */
async function actorOf(address: string): Promise<Actor> {
  const { accounts } = world.pipeline.backend.directory
  const account = must(await accounts.get(must(parseAddress(address))))
  const { name: role = 'holder', domains = [] } = account.role ?? {}
  const { id: accountId } = account
  return { accountId, name: address, role, domains, scopes: null, via: 'cookie', steppedUpMs: null }
}

async function ask(as: string, line: string, body?: unknown) {
  const actor = { ...(await actorOf(as)), steppedUpMs: world.clock.now() }
  return await api.ask(line, body, { as: actor, headers: { 'if-match': '*' } })
}

const dora = 'dora@ours.test'

describe('a link for a new password', () => {
  async function inviteThenGive(address: string, role: GivenRole, domains: readonly string[] = []) {
    await world.administration.accounts.add({ address, secret: hashOfA })
    const made = await ask('hans@ours.test', `POST /accounts/${address}/invitation`)
    expect(made.status).toBe(201)
    await world.administration.roles.set({ address, role, domains })
    const [, secret] = made.body.url.split('#')
    const looked = await api.ask('POST /invitation:look', { secret })
    const used = await api.ask('POST /invitation:accept', { secret, password: 'mine now, thanks' })
    return [looked, used].map(({ body }) => body.code ?? body.state)
  }

  it('is worth nothing once its account has more rights than it had', async () => {
    const gone = ['no-such-link', 'no-such-link']
    expect(await inviteThenGive('new@ours.test', 'owner')).toEqual(gone)
    expect(await inviteThenGive('newer@ours.test', 'help-desk', ['ours.test'])).toEqual(gone)
  })
})

describe('a link that somebody made', () => {
  it('is worth nothing once he may not make one any more', async () => {
    const { accounts, roles } = world.administration
    await accounts.add({ address: 'gone@ours.test', secret: hashOfA })
    const role = { address: 'gone@ours.test', role: 'help-desk', domains: ['ours.test'] }
    await roles.set(role)
    const made = await ask('gone@ours.test', 'POST /accounts/ann@ours.test/invitation')
    const [, secret] = made.body.url.split('#')
    const look = async () => (await api.ask('POST /invitation:look', { secret })).status
    expect(await look()).toBe(200)
    await roles.set({ address: role.address, role: 'holder' })
    expect(await look()).toBe(422)
    await roles.set(role)
    await accounts.set({ address: role.address, enabled: false })
    expect(await look()).toBe(422)
    await accounts.remove(role.address)
    expect(await look()).toBe(422)
  })
})

describe('an account that was taken over', () => {
  it('acts no further by what it had begun', async () => {
    const { accounts, roles } = world.administration
    const address = 'mole@ours.test'
    await accounts.add({ address, secret: hashOfA })
    await roles.set({ address, role: 'help-desk', domains: ['ours.test'] })
    const made = await ask(address, 'POST /accounts/ann@ours.test/invitation')
    const [, secret] = made.body.url.split('#')
    const look = async () => (await api.ask('POST /invitation:look', { secret })).status
    expect(await look()).toBe(200)
    const body = { reason: 'phished' }
    expect((await ask('olga@ours.test', `POST /accounts/${address}:contain`, body)).status).toBe(
      200,
    )
    expect(await look()).toBe(422)
  })
})

describe('an alias', () => {
  it('takes no mail of an account with more rights, however it is written', async () => {
    const targets = [dora]
    for (const alias of ['olga@ours.test', 'OLGA@Ours.test', 'olga+bank@ours.test']) {
      const made = await ask(dora, 'POST /aliases', { alias, targets })
      expect(made).toMatchObject({ status: 403, body: { code: 'more-rights' } })
    }
    const rows = [{ op: 'create', alias: 'olga@ours.test', targets }]
    const bulk = await ask(dora, 'POST /aliases:bulk', { rows })
    expect(bulk.body.data).toMatchObject([{ status: 403, code: 'more-rights' }])
    expect(await ask(dora, 'POST /aliases', { alias: 'ann@ours.test', targets })).toMatchObject({
      status: 201,
    })
  })

  it('of such an account is not changed by whoever may not act on it, nor made by an import', async () => {
    const { aliases } = world.administration
    await aliases.add({ alias: 'olga@ours.test', targets: ['olga@ours.test', 'x@far.test'] })
    const refused = { status: 403, body: { code: 'more-rights' } }
    const path = '/aliases/olga@ours.test'
    expect(await ask(dora, `PATCH ${path}`, { targets: [dora] })).toMatchObject(refused)
    expect(await ask(dora, `DELETE ${path}`)).toMatchObject(refused)
    expect((await ask('olga@ours.test', `DELETE ${path}`)).status).toBe(200)
    const actor = await actorOf(dora)
    const request = new Request('https://mx.example.test/api/v1/imports?what=aliases', {
      method: 'POST',
      body: `alias,targets\nolga@ours.test,${dora}\ninfo@ours.test,${dora}\n`,
    })
    const { id }: { id: string } = JSON.parse(await (await api.fetch(request, actor)).text())
    await assembleJobRunner(world.pipeline.backend).run({ signal: new AbortController().signal })
    const errors = await ask(dora, `GET /jobs/${id}/errors`)
    expect(errors.body.data).toMatchObject([
      { key: 'olga@ours.test', refusal: { kind: 'more-rights' } },
    ])
    expect((await ask(dora, 'GET /aliases/info@ours.test')).body.kind).toBe('alias')
    expect((await ask(dora, `GET ${path}`)).body.kind).toBe('account')
  })

  it('tells nobody whom other domains have behind theirs', async () => {
    const { aliases, accounts } = world.administration
    await aliases.add({ alias: 'board@other.test', targets: ['bob@other.test', 'x@secret.test'] })
    await accounts.set({ address: 'carl@other.test', forward: { to: ['carl@private.test'] } })
    const targets = ['board@other.test', 'carl@other.test', 'nobody@other.test']
    const told = [
      await ask(dora, 'POST /aliases', { alias: 'probe@ours.test', targets }),
      await ask(dora, 'GET /aliases/probe@ours.test'),
      await ask(dora, 'GET /aliases/probe@ours.test/tree'),
      await ask(dora, 'PATCH /aliases/probe@ours.test', { targets }),
    ]
    await accounts.add({ address: 'left@ours.test', secret: hashOfA })
    await aliases.add({ alias: 'bob@team.other.test', targets: ['left@ours.test'] })
    told.push(await ask(dora, 'DELETE /accounts/left@ours.test'))
    const text = JSON.stringify(told.map(({ body }) => body))
    expect(text).not.toMatch(/bob@|secret\.test|private\.test/)
  })
})

describe('what is asked', () => {
  const members = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 0]))

  it('is not read at all of whoever never may', async () => {
    const body = { rows: [{ op: 'create', ...members(MEMBERS_MAX) }] }
    const told = await ask('ann@ours.test', 'POST /accounts:bulk', body)
    expect(told).toMatchObject({ status: 403, body: { code: 'no-right' } })
    const record = api.audited.length
    expect((await ask('ann@ours.test', 'POST /domains', 'no object')).status).toBe(403)
    expect(api.audited).toHaveLength(record)
  })

  it('has so many members and parameters, and the first of its faults are told', async () => {
    const wide = { op: 'create', ...members(MEMBERS_MAX - 2) }
    const told = await ask('olga@ours.test', 'POST /accounts:bulk', { rows: [wide] })
    expect(told.body.data[0]).toMatchObject({ status: 422, code: 'invalid' })
    expect(told.body.data[0].errors).toHaveLength(ERRORS_TOLD_MAX)
    const rows = [wide, { op: 'create' }]
    expect(await ask('olga@ours.test', 'POST /accounts:bulk', { rows })).toMatchObject({
      status: 413,
      body: { code: 'too-many-members' },
    })
    const names = Object.keys(members(PARAMETERS_MAX + 1)).join('&')
    expect(await ask('olga@ours.test', `GET /accounts?${names}`)).toMatchObject({
      status: 400,
      body: { code: 'too-many-parameters' },
    })
    const fewer = await ask('olga@ours.test', `GET /accounts?${names.split('&', 150).join('&')}`)
    expect(fewer).toMatchObject({ status: 400, body: { code: 'invalid', errorCount: 150 } })
  })

  it.each([
    ['POST /domains/ours.test/keys', { selector: 's', privateKey: `PEM ${'x'.repeat(20_000)}` }],
    ['POST /session/factor', { ticket: 'T'.repeat(300), method: 'totp', answer: 'x' }],
    ['POST /session/oidc', { query: `code=c${'x'.repeat(9_000)}`, binding: 'short' }],
    ['PUT /accounts/ann@ours.test/password', { password: 'p'.repeat(2_000) }],
  ])('tells no secret back: %s', async (line, body) => {
    const told = await ask('olga@ours.test', line, body)
    expect(told.status).toBe(422)
    expect(told.body.errors.flatMap((error: object) => Object.keys(error))).not.toContain('value')
  })

  it('may be left in the midst of it, which is nothing for the log', async () => {
    const cut = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from('{"login":')),
      pull: (controller) => controller.error(new Error('aborted')),
    })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } }
    const request = new Request('https://mx.example.test/api/v1/session', {
      ...{ ...init, body: cut, duplex: 'half' },
    })
    const response = await api.fetch(request)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('body-cut')
  })

  it('may be about an address in any letters, of which the header fields have none', async () => {
    const address = '日本@ours.test'
    await world.administration.accounts.add({ address, secret: hashOfA })
    const path = `/accounts/${encodeURI(address)}/appPasswords`
    const made = await ask(address, `POST ${path}`, { name: 'Phone' })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toContain(`/api/v1${path}/`)
    expect((await ask(address, `DELETE ${path}/${made.body.appPassword.id}`)).status).toBe(204)
  })
})

describe('what takes long', () => {
  const upload = (text: NonNullable<RequestInit['body']>) =>
    new Request('https://mx.example.test/api/v1/imports?what=aliases', {
      ...{ method: 'POST', body: text, duplex: 'half' },
    })

  it('is begun so often and no more, until some of it is over', async () => {
    const address = 'busy@ours.test'
    await world.administration.accounts.add({ address, secret: hashOfA })
    const role = { address, role: 'domain-admin', domains: ['ours.test'] }
    await world.administration.roles.set(role)
    const anExport = () => ask(address, 'POST /exports', { what: 'aliases', domain: 'ours.test' })
    for (let n = 0; n < OPEN_JOBS_MAX; n++) expect((await anExport()).status).toBe(202)
    const refused = { status: 409, body: { code: 'too-many' } }
    expect(await anExport()).toMatchObject(refused)
    expect(await ask(address, 'POST /queue:changeAll', { verb: 'hold', filter: {} })).toMatchObject(
      refused,
    )
    const { status } = await api.fetch(upload('alias,targets\n'), await actorOf(address))
    expect(status).toBe(409)
    await assembleJobRunner(world.pipeline.backend).run({ signal: new AbortController().signal })
    expect((await anExport()).status).toBe(202)
  })

  it('is read with so many bytes of all at once; what is small is read all the same', async () => {
    const actor = await actorOf('olga@ours.test')
    const waiting = Promise.withResolvers<void>()
    const part = Buffer.alloc(1024 ** 2)
    const slow = () => {
      let sent = 0
      return new ReadableStream({
        async pull(controller) {
          if (sent++ < 20) return controller.enqueue(part)
          await waiting.promise
          controller.close()
        },
      })
    }
    const count = Math.ceil(LARGE_BODIES_BYTES_MAX / (20 * part.length))
    const asked = Array.from({ length: count }, () => api.fetch(upload(slow()), actor))
    const { status } = await Promise.race(asked)
    expect(status).toBe(503)
    expect((await ask('olga@ours.test', 'POST /domains', { domain: '' })).status).toBe(422)
    waiting.resolve()
    const statuses = (await Promise.all(asked)).map((one) => one.status)
    expect(new Set(statuses)).toEqual(new Set([202, 503]))
    const after = await api.fetch(upload(slow()), actor)
    expect(after.status).not.toBe(503)
  })
})

describe('a job', () => {
  it('of somebody with more rights is not read by who administers the domain that he lives in', async () => {
    const begun = await ask('olga@ours.test', 'POST /exports', { what: 'accounts' })
    expect(begun.status).toBe(202)
    for (const part of ['', '/output', '/errors']) {
      const told = await ask(dora, `GET /jobs/${begun.body.id}${part}`)
      expect([403, 404], part).toContain(told.status)
    }
  })
})
