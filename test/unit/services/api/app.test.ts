import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { refusalOfProblem } from '#shared/administration/problems.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  type Administered,
  aHash,
  hashOfA,
  openAdministration,
} from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'
import { tableLike } from '#test/support/table-like.ts'

let administered: Administered
let api: TestApi

beforeAll(async () => {
  administered = await openAdministration()
  api = openApi(administered.pipeline.backend)
  const { domains, accounts } = administered.administration
  for (const domain of ['example.org', 'example.net']) await domains.add({ domain })
  for (const address of ['ann@example.org', 'bob@example.org', 'cid@example.net']) {
    await accounts.add({ address, secret: hashOfA })
  }
})
afterAll(() => administered[Symbol.asyncDispose]())

const domainAdmin: Actor = {
  ...owner,
  role: 'domain-admin',
  domains: [parseDomain('example.org')].filter((domain) => domain !== undefined),
}

const any = { 'if-match': '*' }

/** Somebody else is faster: `change` is made when the first write to the directory is on its way. */
function backendWith(change: () => Promise<unknown>): Backend {
  const { backend } = administered.pipeline
  const { directory } = backend.store.tables
  let isMade = false
  const first = async () => {
    if (isMade) return
    isMade = true
    await change()
  }
  const raced = tableLike(directory, {
    write: async (write) => {
      await first()
      return await directory.write(write)
    },
    transact: async (writes) => {
      await first()
      await directory.transact(writes)
    },
  })
  const tables = { ...backend.store.tables, directory: raced }
  return createBackend({ ...backend, store: { ...backend.store, tables } })
}

describe('what an actor may see', () => {
  it('is all for an owner', async () => {
    const { status, body } = await api.ask('GET /accounts')
    expect(status).toBe(200)
    const addresses = body.data.map((one: { address: string }) => one.address)
    expect(addresses).toEqual(['cid@example.net', 'ann@example.org', 'bob@example.org'])
  })

  it('is his own domains for a domain administrator, and all else is as if it were not there', async () => {
    const { body } = await api.ask('GET /accounts', undefined, { as: domainAdmin })
    expect(body.data).toHaveLength(2)
    const foreign = await api.ask('GET /accounts/cid@example.net', undefined, { as: domainAdmin })
    const missing = await api.ask('GET /accounts/dora@example.net', undefined, { as: domainAdmin })
    expect(foreign.status).toBe(404)
    const ofMissing = JSON.stringify({ ...missing.body, requestId: '' }).replaceAll('dora', 'cid')
    expect({ ...foreign.body, requestId: '' }).toEqual(JSON.parse(ofMissing))
    const filtered = await api.ask('GET /accounts?domain=example.net', undefined, {
      as: domainAdmin,
    })
    expect(filtered.body.code).toBe('no-such-domain')
  })

  it('is himself for a holder', async () => {
    const bob = await administered.administration.accounts.show('bob@example.org')
    if (bob.kind !== 'account') throw new Error(bob.kind)
    const holder: Actor = { ...owner, role: 'holder', accountId: bob.account.id }
    const { body } = await api.ask('GET /accounts', undefined, { as: holder })
    expect(body.data.map((one: { address: string }) => one.address)).toEqual(['bob@example.org'])
    const domains = await api.ask('GET /domains', undefined, { as: holder })
    expect(domains.body.data).toEqual([])
  })
})

describe('a list', () => {
  it('goes on where it ended, with the same filters alone, and for whom it was', async () => {
    const first = await api.ask('GET /accounts?limit=2&domain=example.org')
    expect(first.body.data).toHaveLength(2)
    const paged = await api.ask('GET /accounts?limit=1&domain=example.org')
    const { next } = paged.body
    const second = await api.ask(`GET /accounts?limit=1&domain=example.org&cursor=${next}`)
    expect(second.body.data[0].address).toBe('bob@example.org')
    for (const [line, as] of [
      [`GET /accounts?cursor=${next}`, owner],
      [`GET /aliases?domain=example.org&cursor=${next}`, owner],
      [`GET /accounts?domain=example.org&cursor=${next}`, domainAdmin],
      [`GET /accounts?domain=example.org&cursor=${next.slice(0, -2)}AA`, owner],
      ['GET /accounts?cursor=WyJhIixudWxsXQ', owner],
    ] as const) {
      const { status, body } = await api.ask(line, undefined, { as })
      expect(status, line).toBe(400)
      expect(body).toMatchObject({ code: 'bad-value', errors: [{ in: 'query', name: 'cursor' }] })
    }
  })
})

describe('a change', () => {
  it('says which version it changes, and is told which there is', async () => {
    const { headers } = await api.ask('GET /accounts/ann@example.org')
    const etag = headers.get('etag') ?? ''
    const patch = (ifMatch?: string) =>
      api.ask(
        'PATCH /accounts/ann@example.org',
        { quotaBytes: 1_000_000 },
        ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } },
      )
    expect((await patch()).status).toBe(428)
    const changed = await patch(etag)
    expect(changed.status).toBe(200)
    expect(changed.body.account).toMatchObject({ quotaBytes: 1_000_000, hasDefaultQuota: false })
    expect(changed.headers.get('etag')).not.toBe(etag)
    const stale = await patch(etag)
    expect(stale).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
    expect(stale.headers.get('etag')).toBe(changed.headers.get('etag'))
  })

  it('is not made where somebody changes it between the look and the write', async () => {
    const { administration } = administered
    await administration.aliases.add({ alias: 'press@example.org', targets: ['ann@example.org'] })
    await administration.domains.add({ domain: 'example.com' })
    const keys = await administration.signing.list('example.org')
    const [one, other] = keys.kind === 'keys' ? keys.keys : []
    for (const [line, path, body, change] of [
      [
        'PATCH /accounts/bob@example.org',
        'accounts/bob@example.org',
        { displayName: 'Bob' },
        () =>
          administration.accounts.set({
            address: 'bob@example.org',
            forward: { to: ['ann@example.org'] },
          }),
      ],
      [
        'PATCH /aliases/press@example.org',
        'aliases/press@example.org',
        { targets: ['bob@example.org'] },
        () =>
          administration.aliases.set({
            alias: 'press@example.org',
            targets: ['ann@example.org', 'cid@example.net'],
          }),
      ],
      [
        'DELETE /aliases/press@example.org',
        'aliases/press@example.org',
        undefined,
        () =>
          administration.aliases.set({ alias: 'press@example.org', targets: ['cid@example.net'] }),
      ],
      [
        'DELETE /accounts/bob@example.org',
        'accounts/bob@example.org',
        undefined,
        () => administration.accounts.freeze({ address: 'bob@example.org', reason: 'spam' }),
      ],
      [
        `POST /domains/example.org/keys/${one?.selector}:force`,
        'domains/example.org/keys',
        undefined,
        () =>
          administration.signing.revoke({
            domain: 'example.org',
            selector: other?.selector ?? '',
          }),
      ],
      [
        'DELETE /domains/example.com',
        'domains/example.com',
        undefined,
        async () => {
          await administration.domains.remove({ domain: 'example.com' })
          administered.clock.advance(1_000)
          await administration.domains.add({ domain: 'example.com' })
        },
      ],
    ] as const) {
      const { headers } = await api.ask(`GET /${path}`)
      const etag = headers.get('etag') ?? ''
      const raced = openApi(backendWith(change))
      const told = await raced.ask(line, body, { headers: { 'if-match': etag } })
      expect(told, line).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
      const now = await api.ask(`GET /${path}`)
      expect(now.status, line).toBe(200)
      expect(told.headers.get('etag')).toBe(now.headers.get('etag'))
      expect(now.headers.get('etag'), line).not.toBe(etag)
    }
  })

  it('is told to the audit record, before and after', async () => {
    api.audited.length = 0
    await api.ask('PATCH /accounts/bob@example.org', { enabled: false }, { headers: any })
    await api.ask('PATCH /accounts/bob@example.org', { enabled: true }, { headers: any })
    expect(api.audited.map(({ operation, object, code }) => [operation, object, code])).toEqual([
      ['accounts.update', 'accounts/bob@example.org', 'ok'],
      ['accounts.update', 'accounts/bob@example.org', 'ok'],
    ])
    expect(api.audited[0]?.changes[0]).toMatchObject({
      before: { enabled: true },
      after: { enabled: false },
    })
  })

  it('can be rehearsed, whatever it is, and then changes nothing', async () => {
    const account = { address: 'eve@example.org', passwordHash: aHash }
    const rehearsed = await api.ask('POST /accounts?dryRun=true', account)
    expect(rehearsed.status).toBe(200)
    expect(rehearsed.body).toMatchObject({
      dryRun: true,
      changes: [{ what: 'account', name: 'eve@example.org', before: null }],
      result: { account: { address: 'eve@example.org' } },
    })
    expect((await api.ask('GET /accounts/eve@example.org')).status).toBe(404)
    const taken = await api.ask('POST /accounts?dryRun=true', {
      ...account,
      address: 'ann@example.org',
    })
    expect(taken).toMatchObject({ status: 409, body: { code: 'exists' } })
    const gone = await api.ask('DELETE /domains/example.org?force=true&dryRun=true', undefined, {
      headers: any,
    })
    expect(gone.body.result).toMatchObject({ domain: 'example.org', accounts: 2 })
    expect((await api.ask('GET /domains/example.org')).status).toBe(200)
  })

  it('is refused with field, value and rule, from which a client makes the refusal again', async () => {
    const { status, body } = await api.ask('POST /accounts', {
      address: 'ann@example.org',
      passwordHash: aHash,
    })
    expect(status).toBe(409)
    expect(body).toMatchObject({
      code: 'exists',
      detail: 'account ann@example.org exists already',
      errors: [{ field: 'address', pointer: '/address', value: 'ann@example.org' }],
    })
    expect(refusalOfProblem(body)).toEqual({
      kind: 'exists',
      field: 'address',
      value: 'ann@example.org',
    })
    const wrong = await api.ask('POST /accounts', { address: 'x@example.org', password: 7, a: 1 })
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors).toMatchObject([
      { field: 'password', pointer: '/password', rule: { name: 'type' } },
      { field: 'a', pointer: '/a', rule: { name: 'unknown-member' } },
    ])
    expect(JSON.stringify(wrong.body)).not.toContain('"value":7')
  })

  it('lists accounts by what they store and by their last login, and domains by their accounts, to whom they are seen', async () => {
    await using world = await openAdministration()
    const { administration, pipeline, clock } = world
    const sorted = openApi(pipeline.backend)
    for (const domain of ['a.test', 'b.test', 'c.test'])
      await administration.domains.add({ domain })
    const secret = async () => ({ kind: 'hash', hash: aHash }) as const
    const idOf = async (address: string) => {
      await administration.accounts.add({ address, secret })
      const shown = await administration.accounts.show(address)
      if (shown.kind !== 'account') throw new Error(shown.kind)
      return shown.account.id
    }
    const ids = [await idOf('one@b.test'), await idOf('two@c.test'), await idOf('tri@c.test')]
    for (const [n, to] of [['two@c.test'], ['two@c.test', 'one@b.test']].entries()) {
      await pipeline.accept(`Subject: ${n}\r\n\r\n`, to)
    }
    await pipeline.settle()
    const seen = { service: 'imap', remoteAddress: '192.0.2.1', means: undefined } as const
    for (const id of [ids[2], ids[0]]) {
      if (id !== undefined) await pipeline.backend.devices.note(id, seen)
      clock.advance(60_000)
    }
    const addresses = async (query: string, as = owner) => {
      const { body } = await sorted.ask(`GET /accounts?${query}`, undefined, { as })
      return body.data.map((one: { address: string }) => one.address)
    }
    expect(await addresses('sort=usage')).toEqual(['two@c.test', 'one@b.test', 'tri@c.test'])
    expect(await addresses('sort=usage&order=asc&domain=c.test')).toEqual([
      'tri@c.test',
      'two@c.test',
    ])
    expect(await addresses('sort=lastLogin')).toEqual(['one@b.test', 'tri@c.test', 'two@c.test'])
    const ofC: Actor = {
      ...domainAdmin,
      domains: [parseDomain('c.test')].filter((one) => one !== undefined),
    }
    expect(await addresses('sort=lastLogin', ofC)).toEqual(['tri@c.test', 'two@c.test'])
    const first = (await sorted.ask('GET /accounts?sort=lastLogin&limit=2')).body
    expect(first.data[0].lastLoginAt).toMatch(/^\d{4}-/)
    const rest = (await sorted.ask(`GET /accounts?sort=lastLogin&limit=2&cursor=${first.next}`))
      .body
    expect(rest).toMatchObject({ data: [{ address: 'two@c.test', lastLoginAt: null }], next: null })
    const domains = (await sorted.ask('GET /domains?sort=accounts')).body.data
    expect(domains.map((one: { domain: string }) => one.domain)).toEqual([
      'c.test',
      'b.test',
      'a.test',
    ])
  })

  it('changes the version of an account with a password of the same kind, and tells nothing of it', async () => {
    const { accounts } = administered.administration
    const address = 'secretly@example.org'
    const secret = async () => ({ kind: 'hash', hash: aHash }) as const
    await accounts.add({ address, secret })
    const show = async () => await api.ask(`GET /accounts/${address}`)
    const before = await show()
    await accounts.set({ address, secret })
    const after = await show()
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
    expect(after.body).toEqual(before.body)
    expect(JSON.stringify(after.body)).not.toContain('sessionsEpoch')
    const headers = { 'if-match': before.headers.get('etag') ?? '' }
    const stale = await api.ask(`PATCH /accounts/${address}`, { shared: true }, { headers })
    expect(stale).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
  })

  it('by a key is not made twice', async () => {
    const body = { address: 'once@example.org', passwordHash: aHash }
    const headers = { 'idempotency-key': 'k1' }
    const first = await api.ask('POST /accounts', body, { headers })
    const second = await api.ask('POST /accounts', body, { headers })
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    const other = await api.ask('POST /accounts', { ...body, shared: true }, { headers })
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } })
    // The key of somebody else is another one, and what was answered to him is his.
    const somebody = { ...domainAdmin, name: 'somebody' }
    const another = await api.ask('POST /accounts', body, { headers, as: somebody })
    expect(another.status).toBe(409)
    expect(another.headers.get('idempotency-replayed')).toBeNull()
  })

  it('that failed for now may be sent again with its key', async () => {
    const { backend } = administered.pipeline
    let isAway = true
    const unsteady = openApi(backend, {
      administration(record) {
        const all = assembleAdministration(backend, record)
        const add: typeof all.accounts.add = async (wanted) => {
          if (isAway) throw new TemporaryFailure('the store is away')
          return await all.accounts.add(wanted)
        }
        return { ...all, accounts: { ...all.accounts, add } }
      },
    })
    const body = { address: 'again@example.org', passwordHash: aHash }
    const headers = { 'idempotency-key': 'k-failed' }
    expect((await unsteady.ask('POST /accounts', body, { headers })).status).toBe(503)
    isAway = false
    expect((await unsteady.ask('POST /accounts', body, { headers })).status).toBe(201)
  })

  it.each([
    ['in it', { fails: 'show' }],
    ['in the record of it', { fails: 'audit' }],
  ] as const)(
    'that failed behind what it did, %s, is not done again with its key',
    async (_, { fails }) => {
      const { backend } = administered.pipeline
      let isAway = true
      const away = () => {
        if (isAway) throw new TemporaryFailure('the store is away')
      }
      let added = 0
      const unsteady = openApi(backend, {
        administration(record) {
          const all = assembleAdministration(backend, record)
          const { add, show } = all.accounts
          const accounts: typeof all.accounts = {
            ...all.accounts,
            add(wanted) {
              added++
              return add(wanted)
            },
            async show(address) {
              if (fails === 'show' && added > 0) away()
              return await show(address)
            },
          }
          return { ...all, accounts }
        },
        ...(fails === 'audit' && {
          audit: {
            begin: async () => ({ end: async () => away() }),
            note: async () => {},
            noteRefused: async () => {},
          },
        }),
      })
      const address = `half-${fails}@example.org`
      const body = { address, passwordHash: aHash }
      const headers = { 'idempotency-key': `k-half-${fails}` }
      expect((await unsteady.ask('POST /accounts', body, { headers })).status).toBe(503)
      isAway = false
      expect(await unsteady.ask('POST /accounts', body, { headers })).toMatchObject({
        status: 409,
        body: { code: 'outcome-unknown', changed: [{ what: 'account', name: address }] },
      })
      expect(added).toBe(1)
    },
  )

  it('that made a secret keeps none for a repeat', async () => {
    const bob = await administered.administration.accounts.show('bob@example.org')
    if (bob.kind !== 'account') throw new Error(bob.kind)
    const as: Actor = {
      ...owner,
      accountId: bob.account.id,
      via: 'cookie',
      steppedUpMs: administered.clock.now(),
    }
    const body = { name: 'of a script', scopes: ['queue.read'] }
    const headers = { 'idempotency-key': 'k-secret' }
    const first = await api.ask('POST /me/tokens', body, { headers, as })
    expect(first).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^pw_/) } })
    const second = await api.ask('POST /me/tokens', body, { headers, as })
    expect(second).toMatchObject({ status: 409, body: { code: 'done-already' } })
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(JSON.stringify(second.body)).not.toContain('pw_')
  })

  it('by a key is answered as it was, though it changed the version that it named, or what it was about is gone', async () => {
    const { administration } = administered
    const keys = await api.ask('GET /domains/example.org/keys')
    const selector = keys.body.keys.find(({ state }: { state: string }) => state !== 'revoked')
    const line = `POST /domains/example.org/keys/${selector.selector}:revoke`
    const ask = (ifMatch: string) =>
      api.ask(line, undefined, { headers: { 'idempotency-key': 'k2', 'if-match': ifMatch } })
    expect((await ask('"other"')).status).toBe(412)
    const etag = keys.headers.get('etag') ?? ''
    const first = await ask(etag)
    const second = await ask(etag)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body).toEqual(first.body)

    await administration.accounts.add({ address: 'gone@example.org', secret: hashOfA })
    const freeze = () =>
      api.ask(
        'POST /accounts/gone@example.org:freeze',
        { reason: 'spam' },
        { headers: { 'idempotency-key': 'k3' } },
      )
    const frozen = await freeze()
    await administration.accounts.remove('gone@example.org')
    expect(await freeze()).toMatchObject({ status: 200, body: frozen.body })
  })

  it('of an access entry takes networks as they are written', async () => {
    const path = '/accessTables/clients/entries'
    for (const key of ['192.0.2.0/24', '2001:db8::/32', 'mail.example.test']) {
      const set = await api.ask(`PUT ${path}/${encodeURIComponent(key)}`, { result: 'REJECT' })
      expect(set, key).toMatchObject({ status: 200, body: { entry: { key, result: 'REJECT' } } })
    }
    expect((await api.ask(`GET ${path}`)).body.data).toHaveLength(3)
    const asked = { of: 'client', value: '192.0.2.7' }
    const tested = await api.ask('POST /accessTables/clients:test', asked)
    expect(tested.body).toMatchObject({ hit: { result: 'REJECT' }, action: { kind: 'reject' } })
    const wrong = await api.ask('POST /accessTables/clients:test', { ...asked, of: 'moon' })
    expect(wrong.body.errors).toMatchObject([{ pointer: '/of', rule: { name: 'one-of' } }])
    expect((await api.ask('DELETE /accessTables/clients')).body).toEqual({ entries: 3 })
  })
})

describe('many rows', () => {
  it('stand or fall each by itself, in their order', async () => {
    const rows = [
      { ref: 'a', op: 'create', address: 'r1@example.org', passwordHash: aHash },
      { ref: 'b', op: 'create', address: 'r1@example.org', passwordHash: aHash },
      { ref: 'c', op: 'create', address: 'r2@nowhere.test', passwordHash: aHash },
      { ref: 'd', op: 'update', account: 'r1@example.org', enabled: false },
      { ref: 'e', op: 'update', account: 'r1@example.org', quotaBytes: 'much' },
      { ref: 'f', op: 'rename', account: 'r1@example.org' },
      { ref: 'g', op: 'delete', account: 'r1@example.org' },
    ]
    const { status, body } = await api.ask('POST /accounts:bulk', { rows })
    expect(status).toBe(200)
    expect(
      body.data.map((one: { ref: string; status: number; code?: string }) => [
        one.ref,
        one.status,
        one.code,
      ]),
    ).toEqual([
      ['a', 201, undefined],
      ['b', 409, 'exists'],
      ['c', 422, 'no-such-domain'],
      ['d', 200, undefined],
      ['e', 422, 'invalid'],
      ['f', 422, 'invalid'],
      ['g', 200, undefined],
    ])
    expect(body.summary).toEqual({ rows: 7, done: 3, failed: 4 })
  })

  it('ask each for its right and its version, and are so many', async () => {
    const update = { op: 'update', account: 'ann@example.org', displayName: 'Ann' }
    const auditor: Actor = { ...owner, role: 'auditor' }
    const helpDesk = { ...domainAdmin, role: 'help-desk' } as const
    for (const [as, row] of [
      [auditor, update],
      [helpDesk, { op: 'delete', account: 'ann@example.org' }],
    ] as const) {
      const { body } = await api.ask('POST /accounts:bulk', { rows: [row] }, { as })
      expect(body.code ?? body.data[0].code, as.role).toBe('no-right')
    }
    expect((await api.ask('GET /accounts/ann@example.org')).body.displayName).not.toBe('Ann')
    // Who may change accounts, and not this one.
    const { accounts, roles } = administered.pipeline.backend.directory
    const address = 'greater@example.org'
    await administered.administration.accounts.add({ address, secret: hashOfA })
    const greater = must(await accounts.get(must(parseAddress(address))))
    await roles.set(greater.id, { name: 'owner', domains: [] })
    const above = { rows: [{ ...update, account: address }] }
    const { body: refused } = await api.ask('POST /accounts:bulk', above, { as: domainAdmin })
    expect(refused.data).toMatchObject([{ status: 403, code: 'more-rights' }])
    const stale = { ...update, ifMatch: '"of-yesterday"' }
    const { body } = await api.ask('POST /accounts:bulk', { rows: [stale, update] })
    expect(body.data.map((one: { status: number }) => one.status)).toEqual([412, 200])
    const rows = (count: number) => Array.from({ length: count }, () => ({ op: 'nothing' }))
    expect((await api.ask('POST /accounts:bulk', { rows: rows(1_000) })).status).toBe(200)
    expect((await api.ask('POST /accounts:bulk', { rows: rows(1_001) })).status).toBe(422)
    expect((await api.ask('POST /accounts:bulk', { rows: [] })).status).toBe(422)
  })

  it('come and go as lines too, and each asks for its right', async () => {
    const row = { op: 'create', passwordHash: aHash }
    const lines = ['l1@example.org', 'l2@example.net'].map((address) =>
      JSON.stringify({ ...row, address }),
    )
    const request = new Request('https://mx.example.test/api/v1/accounts:bulk?dryRun=true', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    })
    const response = await api.fetch(request, domainAdmin)
    const { result } = JSON.parse(await response.text())
    expect(result.data.map((one: { status: number }) => one.status)).toEqual([201, 422])
    expect((await api.ask('GET /accounts/l1@example.org')).status).toBe(404)
  })
})
