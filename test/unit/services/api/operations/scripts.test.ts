// Sieve scripts over the API: whose they are, who reads them, and what a change needs to know.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor, Role } from '#shared/administration/rights/actor.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let api: TestApi
let ann: Actor
const any = { headers: { 'if-match': '*' } }

beforeAll(async () => {
  world = await openAdministration()
  const { administration, pipeline } = world
  for (const domain of ['a.test', 'b.test']) await administration.domains.add({ domain })
  for (const address of ['ann@a.test', 'bob@a.test', 'zoe@b.test']) {
    await administration.accounts.add({ address, secret: hashOfA })
  }
  const account = await pipeline.backend.directory.accounts.get(must(parseAddress('ann@a.test')))
  ann = { ...owner, accountId: must(account).id, name: 'ann@a.test', role: 'holder' }
  api = openApi(pipeline.backend)
})
afterAll(() => world[Symbol.asyncDispose]())

const of = (role: Role): Actor => ({ ...owner, role, domains: ['a.test' as Domain] })

describe('scripts', () => {
  it('are stored, told and changed as they are known', async () => {
    const path = '/accounts/ann@a.test/scripts/work%2Fnew%3A1'
    const made = await api.ask(`PUT ${path}`, { text: 'keep;' }, { as: ann })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'work/new:1', bytes: 5, isActive: false, isNew: true, warnings: [] },
    })
    const told = await api.ask(`GET ${path}`, undefined, { as: ann })
    expect(told.body).toMatchObject({ text: 'keep;', findings: [] })
    const version = { 'if-match': must(told.headers.get('etag')) }
    expect((await api.ask(`PUT ${path}`, { text: 'keep;' }, { as: ann })).status).toBe(428)
    const body = { text: 'discard;', activate: true }
    const changed = await api.ask(`PUT ${path}`, body, { as: ann, headers: version })
    expect(changed).toMatchObject({ status: 200, body: { isNew: false, isActive: true } })
    expect((await api.ask(`PUT ${path}`, body, { as: ann, headers: version })).status).toBe(412)
    const renamed = await api.ask(`POST ${path}:rename`, { to: 'work' }, { as: ann })
    expect(renamed.body).toEqual({ name: 'work' })
    const listed = await api.ask('GET /accounts/ann@a.test/scripts', undefined, { as: ann })
    expect(listed.body.data).toMatchObject([{ name: 'work', bytes: 8, isActive: true }])
  })

  it('that are wrong are a problem with every finding, and the record has no text of them', async () => {
    const text = 'keep;\nkep; # secret plans'
    const refused = await api.ask('PUT /accounts/ann@a.test/scripts/x', { text }, { as: ann })
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'wrong-script',
        detail: 'x is not stored: line 2: no command is named kep',
        refusal: { findings: [{ line: 2, column: 1, severity: 'error' }] },
      },
    })
    const good = { text: 'keep; # secret plans' }
    await api.ask('PUT /accounts/ann@a.test/scripts/x', good, { as: ann })
    expect(JSON.stringify(api.audited)).toContain('"script":"x"')
    expect(JSON.stringify(api.audited)).not.toContain('secret plans')
  })

  it('are activated by name, and a missing one is told where it stands', async () => {
    const ask = (name: string | null) =>
      api.ask('POST /accounts/ann@a.test/scripts:activate', { name }, { as: ann })
    expect(await ask('none')).toMatchObject({
      status: 422,
      body: { code: 'no-such-script', errors: [{ pointer: '/name' }] },
    })
    expect((await ask(null)).body).toEqual({ name: null, before: 'work' })
    const gone = await api.ask('DELETE /accounts/ann@a.test/scripts/none', undefined, { as: ann })
    expect(gone.status).toBe(404)
    await ask('work')
    const active = await api.ask('DELETE /accounts/ann@a.test/scripts/work', undefined, { as: ann })
    expect(active).toMatchObject({ status: 409, body: { code: 'script-is-active' } })
  })

  it('are a rehearsal with dryRun', async () => {
    const line = 'PUT /accounts/ann@a.test/scripts/dry?dryRun=true'
    expect((await api.ask(line, { text: 'keep;' }, { as: ann })).status).toBe(200)
    const missing = await api.ask('GET /accounts/ann@a.test/scripts/dry', undefined, { as: ann })
    expect(missing.status).toBe(404)
  })

  it('are names to the help desk and the auditor, and texts to administrators of the domain', async () => {
    for (const [role, names, text] of [
      ['domain-admin', 200, 200],
      ['auditor', 200, 403],
      ['help-desk', 200, 403],
    ] as const) {
      const as = of(role)
      const read = async (path: string) => (await api.ask(`GET ${path}`, undefined, { as })).status
      expect([role, await read('/accounts/ann@a.test/scripts')]).toEqual([role, names])
      expect([role, await read('/accounts/ann@a.test/scripts/work')]).toEqual([role, text])
      expect([role, await read('/accounts/ann@a.test/filters')]).toEqual([role, text])
      // Mail is its holder's.
      expect([role, await read('/accounts/ann@a.test/scripts:messages')]).toEqual([role, 403])
    }
    const as = of('domain-admin')
    const foreign = await api.ask('GET /accounts/zoe@b.test/scripts/x', undefined, { as })
    expect(foreign.status).toBe(404)
  })

  it('are tried on a message, of one’s own mailbox too', async () => {
    const content = Buffer.from('From: x@y.test\nSubject: Hi\n\nx').toString('base64')
    const body = { text: 'if header :is "subject" "Hi" { discard; }', content }
    const tried = await api.ask('POST /accounts/ann@a.test/scripts:run', body, { as: ann })
    expect(tried.body).toMatchObject({
      from: 'x@y.test',
      trace: [
        { line: 1, name: 'header', result: true },
        { line: 1, name: 'discard', result: null },
      ],
      actions: [{ kind: 'discard', line: 1 }],
    })
    await world.pipeline.accept('From: x@y.test\r\nSubject: Hi\r\n\r\nx\r\n', ['bob@a.test'])
    await world.pipeline.settle()
    const bob = await world.pipeline.backend.directory.accounts.get(
      must(parseAddress('bob@a.test')),
    )
    const as: Actor = { ...ann, accountId: must(bob).id, name: 'bob@a.test' }
    const { body: all } = await api.ask('GET /accounts/bob@a.test/scripts:messages', undefined, {
      as,
    })
    expect(all.data).toMatchObject([{ uid: 1, from: 'x@y.test', subject: 'Hi' }])
    const stored = { text: body.text, folder: 'INBOX', uid: 1 }
    const path = 'POST /accounts/bob@a.test/scripts:runStored'
    expect((await api.ask(path, stored, { as })).body).toMatchObject({
      actions: [{ kind: 'discard' }],
    })
    expect((await api.ask(path, stored, { as: of('domain-admin') })).status).toBe(403)
    expect((await api.ask(path, { ...stored, uid: 7 }, { as })).body.code).toBe('no-such-message')
  })

  it('are checked by whoever signed in', async () => {
    const { body } = await api.ask('POST /scripts:check', { text: 'fileinto "x";' }, { as: ann })
    expect(body).toMatchObject({ isFine: false, findings: [{ line: 1 }] })
  })

  it('of all are the owner’s to change, and an auditor’s to read', async () => {
    const path = '/scripts/spam'
    expect((await api.ask(`PUT ${path}`, { text: 'keep;' })).status).toBe(201)
    expect((await api.ask('GET /scripts', undefined, { as: of('auditor') })).body).toMatchObject({
      data: [{ name: 'spam', isActive: false }],
    })
    for (const as of [of('domain-admin'), of('help-desk'), ann]) {
      expect((await api.ask(`GET ${path}`, undefined, { as })).status).toBe(403)
      expect((await api.ask(`DELETE ${path}`, undefined, { as })).status).toBe(403)
    }
    expect((await api.ask(`POST ${path}:rename`, { to: 'ham' })).body).toEqual({ name: 'ham' })
    expect((await api.ask('DELETE /scripts/ham')).status).toBe(204)
  })
})

describe('filters', () => {
  it('are written as they are known, and read back', async () => {
    const path = '/accounts/bob@a.test/filters'
    const rules = [
      { field: 'from', contains: 'boss', action: { kind: 'flag', flag: 'flagged' } },
      { field: 'to', contains: 'list', action: { kind: 'file', folder: 'Lists' } },
    ]
    const before = await api.ask(`GET ${path}`)
    expect(before.body).toMatchObject({ active: null, rules: [], away: null, awayIsOn: false })
    const known = { headers: { 'if-match': must(before.headers.get('etag')) } }
    const set = await api.ask(`PUT ${path}/rules`, { rules }, known)
    expect(set).toMatchObject({ status: 200, body: { active: 'postwolke', rules } })
    expect((await api.ask(`PUT ${path}/rules`, { rules }, known)).status).toBe(412)
    const away = { from: null, until: null, subject: 'Away', text: 'Back soon.', addresses: [] }
    const both = await api.ask(`PUT ${path}/away`, { isOn: true, away }, any)
    expect(both.body).toMatchObject({ away, awayIsOn: true, rulesAreOn: true })
    const bad = { isOn: true, away: { ...away, addresses: ['@'] } }
    expect((await api.ask(`PUT ${path}/away`, bad, any)).body.errors).toMatchObject([
      { pointer: '/addresses' },
    ])
  })
})
