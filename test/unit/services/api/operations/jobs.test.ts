// Jobs as who asks for them sees them: begun, worked on, looked at, undone, and not seen by others.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleJobRunner } from '#services/assembly/jobs.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Administered, aHash, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { tableLike } from '#test/support/table-like.ts'

let administered: Administered
let api: TestApi
let admin: Actor
let other: Actor

beforeAll(async () => {
  administered = await openAdministration()
  api = openApi(administered.pipeline.backend)
  for (const domain of ['example.org', 'example.net']) {
    await administered.administration.domains.add({ domain })
  }
  const accountOf = async (address: string): Promise<Actor> => {
    const secret = async () => ({ kind: 'hash', hash: aHash }) as const
    const added = await administered.administration.accounts.add({ address, secret })
    if (added.kind !== 'added') throw new Error(added.kind)
    const shown = await administered.administration.accounts.show(address)
    if (shown.kind !== 'account') throw new Error(shown.kind)
    const domain = parseDomain(address.slice(address.indexOf('@') + 1))
    const domains = domain === undefined ? [] : [domain]
    const { id: accountId } = shown.account
    await administered.administration.roles.set({ address, role: 'domain-admin', domains })
    return { ...owner, role: 'domain-admin', accountId, name: address, domains }
  }
  admin = await accountOf('admin@example.org')
  other = await accountOf('admin@example.net')
})
afterAll(() => administered[Symbol.asyncDispose]())

async function work(): Promise<void> {
  administered.clock.advance(1_000)
  await assembleJobRunner(administered.pipeline.backend).run({
    signal: new AbortController().signal,
  })
}

async function sendText(path: string, text: string, as: Actor = owner) {
  const request = new Request(`https://mx.example.test/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: text,
  })
  const response = await api.fetch(request, as)
  const body: ReturnType<typeof JSON.parse> = await response.json()
  return { status: response.status, body, headers: response.headers }
}

const rows = (count: number, domain: string) =>
  `address,password_hash\n${Array.from({ length: count }, (_, n) => `u${n}@${domain},${aHash}\n`).join('')}`

describe('an import', () => {
  it('is a job that tells how far it is, and can be undone but for accounts with mail', async () => {
    const begun = await sendText('/imports?what=accounts', rows(200, 'example.org'), admin)
    expect(begun).toMatchObject({ status: 202, body: { kind: 'import', state: 'waiting' } })
    const at = begun.headers.get('location')?.replace('/api/v1', '')
    expect(at).toBe(`/jobs/${begun.body.id}`)
    await work()
    const ended = await api.ask(`GET ${at}`, undefined, { as: admin })
    expect(ended.body).toMatchObject({
      ...{ state: 'done', done: 200, failed: 0, total: 200, counts: { added: 200 } },
      startedBy: 'admin@example.org',
    })
    const { pipeline } = administered
    await pipeline.accept('Subject: hello\r\n\r\nhello\r\n', ['u7@example.org'])
    await pipeline.settle()
    const undone = await api.ask(`POST /imports/${begun.body.id}:undo`, {}, { as: admin })
    expect(undone).toMatchObject({ status: 202, body: { kind: 'undo-import' } })
    await work()
    const told = await api.ask(`GET /jobs/${undone.body.id}`, undefined, { as: admin })
    expect(told.body).toMatchObject({ state: 'done', counts: { removed: 199, 'has-mail': 1 } })
    const errors = await api.ask(`GET /jobs/${undone.body.id}/errors`, undefined, { as: admin })
    expect(errors.body.data).toMatchObject([{ key: 'u7@example.org' }])
    const list = await api.ask('GET /accounts?domain=example.org')
    expect(list.body.data.map(({ address }: { address: string }) => address)).toEqual([
      'admin@example.org',
      'u7@example.org',
    ])
  })

  it('is undone whole where a crash kept nothing of what was done, and not before it is over', async () => {
    const { backend } = administered.pipeline
    const { counters } = backend.store.tables
    const begun = await sendText('/imports?what=accounts', rows(200, 'example.org'), admin)
    const early = await api.ask(`POST /imports/${begun.body.id}:undo`, {}, { as: admin })
    expect(early).toMatchObject({ status: 409, body: { code: 'still-running' } })
    // The first rows are added, and that they are is not kept.
    const lossy = tableLike(counters, {
      async transact(writes) {
        const isOfRows = writes.some(
          (write) => 'update' in write && write.changes.set?.cursor === '180',
        )
        if (isOfRows) throw new TemporaryFailure('no')
        await counters.transact(writes)
      },
    })
    const tables = { ...backend.store.tables, counters: lossy }
    const { signal } = new AbortController()
    administered.clock.advance(1_000)
    const store = { ...backend.store, tables }
    await assembleJobRunner({ ...backend, store }).run({ signal })
    await api.ask(`POST /jobs/${begun.body.id}:cancel`, {}, { as: admin })
    await work()
    expect((await api.ask(`GET /jobs/${begun.body.id}`)).body.state).toBe('cancelled')
    expect((await api.ask('GET /accounts?domain=example.org')).body.data.length).toBeGreaterThan(2)
    await api.ask(`POST /imports/${begun.body.id}:undo`, {}, { as: admin })
    await work()
    const list = await api.ask('GET /accounts?domain=example.org')
    expect(list.body.data.map(({ address }: { address: string }) => address)).toEqual([
      'admin@example.org',
      'u7@example.org',
    ])
  })

  it('with a row that is wrong changes nothing, and says which and why', async () => {
    const text = `${rows(2, 'example.net')}nobody@elsewhere.example,${aHash}\n`
    const begun = await sendText('/imports?what=accounts', text)
    await work()
    const ended = await api.ask(`GET /jobs/${begun.body.id}`)
    expect(ended.body).toMatchObject({ state: 'failed', failed: 1 })
    const errors = await api.ask(`GET /jobs/${begun.body.id}/errors`)
    expect(errors.body.data).toMatchObject([{ line: 4, refusal: { kind: 'no-such-domain' } }])
    const list = await api.ask('GET /accounts?domain=example.net')
    expect(list.body.data).toHaveLength(1)
  })

  it('reaches no further than who asks for it', async () => {
    const begun = await sendText('/imports?what=accounts', rows(2, 'example.net'), admin)
    await work()
    const ended = await api.ask(`GET /jobs/${begun.body.id}`, undefined, { as: admin })
    expect(ended.body).toMatchObject({ state: 'failed' })
    const foreign = await api.ask(`GET /jobs/${begun.body.id}`, undefined, { as: other })
    expect(foreign.status).toBe(404)
    const cancel = await api.ask(`POST /jobs/${begun.body.id}:cancel`, {}, { as: other })
    expect(cancel.status).toBe(404)
    const listed = await api.ask('GET /jobs', undefined, { as: other })
    expect(listed.body.data).toEqual([])
    const all = await api.ask('GET /jobs?limit=2')
    expect(all.body.data).toHaveLength(2)
    const next = await api.ask(`GET /jobs?limit=2&cursor=${all.body.next}`)
    expect(next.body.data).toHaveLength(2)
  })

  it('changes nobody who has more rights than who imports', async () => {
    const { roles, accounts } = administered.administration
    const secret = async () => ({ kind: 'hash', hash: aHash }) as const
    for (const name of ['boss', 'clerk']) {
      await accounts.add({ address: `${name}@example.org`, secret })
    }
    await roles.set({ address: 'boss@example.org', role: 'owner' })
    const text = `address,password_hash,quota\n${['boss', 'clerk']
      .map((name) => `${name}@example.org,${aHash},5M\n`)
      .join('')}`
    const path = '/imports?what=accounts&update=true'
    const begun = await sendText(path, text, admin)
    await work()
    const ended = await api.ask(`GET /jobs/${begun.body.id}`, undefined, { as: admin })
    expect(ended.body).toMatchObject({ state: 'done', counts: { changed: 1, refused: 1 } })
    const errors = await api.ask(`GET /jobs/${begun.body.id}/errors`, undefined, { as: admin })
    expect(errors.body.data).toMatchObject([
      { key: 'boss@example.org', refusal: { kind: 'more-rights' } },
    ])
    const stale = await sendText(path, text, { ...admin, via: 'cookie' })
    expect(stale).toMatchObject({ status: 403, body: { code: 'step-up-required' } })
  })

  it('goes no further than whoever began it may when it is done', async () => {
    const { roles, accounts } = administered.administration
    const added = await sendText('/imports?what=accounts', rows(2, 'example.net'), other)
    await work()
    await roles.set({ address: 'u0@example.net', role: 'owner' })
    const undo = await api.ask(`POST /imports/${added.body.id}:undo`, {}, { as: other })
    await work()
    const undone = await api.ask(`GET /jobs/${undo.body.id}`)
    expect(undone.body).toMatchObject({ state: 'done', counts: { removed: 1, refused: 1 } })
    await accounts.remove('u0@example.net')

    const late = await sendText('/imports?what=accounts', rows(2, 'example.net'), other)
    const copy = await api.ask(
      'POST /exports',
      { what: 'accounts', domain: 'example.net' },
      { as: other },
    )
    const held = await api.ask('POST /queue:changeAll', { verb: 'hold', filter: {} }, { as: other })
    expect(held.status).toBe(202)
    await roles.set({
      address: 'admin@example.net',
      role: 'domain-admin',
      domains: ['example.org'],
    })
    await work()
    for (const { body } of [late, copy, held]) {
      const { body: job } = await api.ask(`GET /jobs/${body.id}`)
      expect(job).toMatchObject({ state: 'failed', reason: expect.stringContaining('may not') })
    }
    await roles.set({
      address: 'admin@example.net',
      role: 'domain-admin',
      domains: ['example.net'],
    })
    expect((await accounts.show('u1@example.net')).kind).toBe('no-such-account')
  })

  it('only finds out what would be when it is rehearsed', async () => {
    const begun = await sendText('/imports?what=accounts&rehearse=true', rows(3, 'example.net'))
    await work()
    const ended = await api.ask(`GET /jobs/${begun.body.id}`)
    expect(ended.body).toMatchObject({ state: 'done', counts: { added: 3 } })
    expect((await api.ask('GET /accounts?domain=example.net')).body.data).toHaveLength(1)
  })
})

describe('an export', () => {
  it('has nothing that a spreadsheet would run, and loses nothing of it when it is read again', async () => {
    const { domains, aliases, accounts } = administered.administration
    await domains.add({ domain: 'formula.test' })
    const names = ['=1+1', '+cmd', '-2', "'=x", "''-y", "o'neill", '#hash', 'ann']
    for (const name of names) {
      const address = `${name}@formula.test`
      await accounts.add({ address, secret: async () => ({ kind: 'hash', hash: aHash }) })
      await aliases.add({ alias: `${name}.x@formula.test`, targets: [address, 'x@far.test'] })
    }
    await aliases.add({ alias: '@formula.test', targets: ['=t@far.test'] })
    const list = async (path: string) =>
      (await api.ask(`GET ${path}?domain=formula.test`)).body.data
    for (const what of ['accounts', 'aliases'] as const) {
      const before = await list(`/${what}`)
      const begun = await api.ask('POST /exports', { what, domain: 'formula.test' })
      await work()
      const { body: text } = await api.ask(`GET /jobs/${begun.body.id}/output`)
      for (const line of text.split('\n')) expect(line).not.toMatch(/^"?[=+-]|,"?[=+-]|^#/)
      // Accounts come with a password.
      const [heading = '', ...cells] = text.trim().split('\n')
      const whole =
        what === 'aliases'
          ? text
          : [`${heading},password_hash`, ...cells.map((line: string) => `${line},${aHash}`)].join(
              '\n',
            )
      const again = await sendText(`/imports?what=${what}`, whole)
      await work()
      const { body } = await api.ask(`GET /jobs/${again.body.id}`)
      expect(body).toMatchObject({ state: 'done', failed: 0 })
      expect(body.counts).toEqual({ unchanged: before.length })
      expect(await list(`/${what}`)).toEqual(before)
    }
  })

  it('is text that an import reads again, without passwords', async () => {
    await sendText('/imports?what=accounts', rows(300, 'example.net'))
    await work()
    const begun = await api.ask('POST /exports', { what: 'accounts', domain: 'example.net' })
    await work()
    const output = await api.ask(`GET /jobs/${begun.body.id}/output`)
    const lines = output.body.trim().split('\n')
    expect(lines[0]).toBe('address,quota,enabled')
    expect(lines).toHaveLength(302)
    expect(new Set(lines).size).toBe(302)
    expect(lines).toContain('u299@example.net,,yes')
    expect(output.body).not.toContain(aHash)
    const asked = async (domain: string) => {
      const { body } = await api.ask('POST /exports', { what: 'accounts', domain }, { as: admin })
      return JSON.stringify({ ...body, requestId: '' }).replaceAll(domain, 'it')
    }
    expect(await asked('example.net')).toContain('no-such-domain')
    expect(await asked('example.net')).toBe(await asked('missing.example'))
  })
})
