// Who may what over HTTP, by real sessions and tokens: a matrix that people can read, and what nobody may get out of it.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApi } from '#services/api/app.ts'
import { createAuthenticate } from '#services/api/authenticate.ts'
import type { Operation } from '#services/api/operation.ts'
import { operations } from '#services/api/operations/index.ts'
import { assembleAuditTrail } from '#services/assembly/audit.ts'
import type { Actor, Role, Subject } from '#shared/administration/rights/actor.ts'
import { allowed, mayEver } from '#shared/administration/rights/allowed.ts'
import { roles } from '#shared/administration/rights/roles.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { type Administered, aHash, openAdministration } from '#test/support/administration.ts'
import { apiDeps } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'
import { origin } from '#test/support/origin.ts'

const agreed = join(import.meta.dirname, '../fixtures/api-rights.txt')
const base = 'https://mx.example.test'
const domain = (text: string): Domain => must(parseDomain(text))

let world: Administered
let api: WebHandler
const cookies = new Map<Role, string>()

const people: { readonly [role in Role]: string } = {
  owner: 'olga@ours.test',
  'domain-admin': 'dora@ours.test',
  auditor: 'aude@ours.test',
  'help-desk': 'hans@ours.test',
  holder: 'holly@ours.test',
}

beforeAll(async () => {
  world = await openAdministration([
    'authFailureDelay=0',
    'apiRequestsPerMinute=0',
    'apiRequestsPerMinutePerNetwork=0',
  ])
  const { administration, pipeline } = world
  const { backend } = pipeline
  for (const name of ['ours.test', 'other.test']) await administration.domains.add({ domain: name })
  const secret = async () => ({ kind: 'hash', hash: aHash }) as const
  const more = ['ann@ours.test', 'bob@other.test', 'olaf@ours.test']
  for (const address of [...Object.values(people), ...more]) {
    await administration.accounts.add({ address, secret })
  }
  for (const role of roles) {
    const domains = role === 'domain-admin' || role === 'help-desk' ? ['ours.test'] : []
    await administration.roles.set({ address: people[role], role, domains })
  }
  await administration.roles.set({ address: 'olaf@ours.test', role: 'owner' })
  const { identities, rates } = backend
  api = createApi(
    apiDeps(backend, {
      authenticate: createAuthenticate({ identities, rates, settings: () => backend.settings }),
      audit: assembleAuditTrail(backend),
    }),
    operations,
  )
  for (const role of roles) cookies.set(role, must((await signIn(people[role])).cookie))
})
afterAll(() => world[Symbol.asyncDispose]())

type Asked = {
  readonly as?: Role
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string | undefined }
}

async function ask(line: string, { as, body, headers = {} }: Asked = {}) {
  const [method = '', path = ''] = line.split(' ')
  const all = {
    'x-postwolke': '1',
    'sec-fetch-site': 'same-origin',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(as !== undefined && { cookie: `__Host-postwolke=${cookies.get(as)}` }),
    ...(method !== 'GET' && { 'if-match': '*' }),
    ...headers,
  }
  const given = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined)
  const request = new Request(`${base}/api/v1${path}`, {
    method,
    headers: given,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const response = must(await api(request, { address: '192.0.2.1', isSecure: true }))
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  const [cookie] = response.headers.getSetCookie()
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
    cookie: cookie && /^__Host-postwolke=([^;]*)/.exec(cookie)?.[1],
    setCookie: cookie,
  }
}

const signIn = (login: string, password = 'a', headers: Asked['headers'] = {}) =>
  ask('POST /session', { body: { login, password }, headers })

/** What a role may with it, as rights and subjects say; step-up taken as done. */
function reachOf(operation: Operation, role: Role): string {
  const { access } = operation
  if (access.kind === 'open') return 'open'
  const { right } = access
  if (right === 'signed-in') return 'yes'
  const actor: Actor = {
    accountId: null,
    name: '',
    role,
    domains: [domain('ours.test')],
    scopes: null,
    via: 'cookie',
    steppedUpMs: 0,
  }
  const me = { ...actor, accountId: 'me' as NonNullable<Actor['accountId']> }
  if (mayEver(me, right).kind !== 'yes') return '-'
  const account = (accountId: string, of: string): Subject => ({
    kind: 'account',
    accountId: accountId as NonNullable<Actor['accountId']>,
    domain: domain(of),
    role: 'holder',
    roleDomains: [],
  })
  const is = (subject: Subject) => allowed(me, right, subject, 1).kind === 'yes'
  const reach = is(account('x', 'other.test'))
    ? 'all'
    : is(account('x', 'ours.test'))
      ? 'domains'
      : 'self'
  const fresh = allowed({ ...me, steppedUpMs: null }, right, account('x', 'ours.test'), 1)
  const stepUp = fresh.kind === 'no' && fresh.rule.name === 'step-up' ? ' +factor' : ''
  return `${reach}${stepUp}`
}

describe('the matrix', () => {
  it('is as people agreed on', async () => {
    const rows = operations
      .map((operation) => {
        const right = operation.access.kind === 'open' ? 'open' : operation.access.right
        return [operation.id, right, ...roles.map((role) => reachOf(operation, role))]
      })
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    const all = [['operation', 'right', ...roles], ...rows]
    const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? []
    const text = all
      .map((row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(agreed)
  })
})

/** Of another domain, and of nobody. */
const foreign = { account: 'bob@other.test', domain: 'other.test', alias: 'x@other.test' }
const missing = { account: 'nob@other.test', domain: 'nther.test', alias: 'y@other.test' }

/** A body that the schema takes, as far as one is needed to come to the rights. */
const bodies: { readonly [id: string]: unknown } = {
  'roles.set': { role: 'auditor' },
  'accounts.contain': { reason: 'x' },
  'accounts.freeze': { reason: 'x' },
  'accounts.setForward': { forward: null },
  'front.set': { source: 'old', state: 'at-source' },
  'front.setDomain': { source: 'old' },
  'grants.set': { folder: 'INBOX', grantee: 'ann@ours.test', rights: 'lr' },
  'appPasswords.create': { name: 'n' },
  'clientSetup.create': { name: 'n' },
  'domains.update': { limits: { accounts: 1 } },
  'recovery.set': { recoveryAddress: 'x@far.test' },
  'totp.set': { code: '000000' },
  'passkeys.create': { name: 'n', answer: {} },
  'passkeys.rename': { name: 'n' },
  'aliases.update': { targets: ['ann@ours.test'] },
  'scripts.put': { text: 'keep;' },
  'scripts.activate': { name: null },
  'scripts.rename': { to: 'x' },
  'scripts.run': { content: '' },
  'scripts.runStored': { folder: 'INBOX', uid: 1 },
  'filters.setRules': { rules: [] },
  'filters.setAway': {
    isOn: false,
    away: { from: null, until: null, subject: '', text: 'x', addresses: [] },
  },
  'keys.import': { selector: 's', privateKey: 'x' },
}

describe('somebody else’s', () => {
  const unasked = new Set<string>()
  const withAccount = operations.filter(
    ({ path, access }) => access.kind === 'right' && /\{(account|domain)\}/.test(path),
  )
  const filled = ({ path }: Operation, names: typeof foreign) =>
    path
      .replace('{account}', names.account)
      .replace('{domain}', names.domain)
      .replace('{alias}', names.alias)
      .replaceAll(/\{\w{1,40}\}/g, 'x1')

  it.each(withAccount.map((operation) => [operation.id, operation] as const))(
    'is as if it were not there: %s',
    async (_, operation) => {
      for (const as of ['domain-admin', 'help-desk', 'holder'] as const) {
        const told = async (names: typeof foreign) => {
          const method = operation.method.toUpperCase()
          const body = method === 'GET' ? undefined : (bodies[operation.id] ?? {})
          const { status, body: said } = await ask(`${method} ${filled(operation, names)}`, {
            as,
            body,
          })
          const text = JSON.stringify({ ...said, requestId: '' })
          return { status, text: text.replaceAll('nob@', 'bob@').replaceAll('nther.', 'other.') }
        }
        const there = await told(foreign)
        expect(there, as).toEqual(await told(missing))
        // 422: its schema takes no such body; then nobody has looked yet.
        if (there.status === 422) unasked.add(operation.id)
        expect([403, 404, 422, 400], as).toContain(there.status)
      }
    },
  )

  it('is asked of all but few', () => {
    expect([...unasked]).toEqual([])
  })

  it('is no session and no token of another', async () => {
    const own = await ask('POST /me/tokens', {
      as: 'owner',
      body: { name: 't', scopes: ['queue.read'] },
    })
    expect(own.status).toBe(201)
    for (const as of ['domain-admin', 'help-desk', 'holder', 'auditor'] as const) {
      const { status, body } = await ask(`DELETE /tokens/${own.body.id}`, { as })
      expect([403, 404], as).toContain(status)
      expect(body.code).not.toBe('ok')
    }
    expect((await ask(`DELETE /tokens/${own.body.id}`, { as: 'owner' })).status).toBe(204)
  })

  it('is not there by its id: messages, jobs, aliases, the record, app passwords, sessions', async () => {
    const { backend, accept } = world.pipeline
    const bob = must(await backend.directory.accounts.get(must(parseAddress('bob@other.test'))))
    const login = { id: bob.id, login: 'bob@other.test' }
    const letter = 'Subject: x\r\n\r\nHello\r\n'
    const queued = await accept(letter, ['x@far.test'], { origin: origin(login) })
    const held = await accept(letter, ['bob@other.test'], { held: 'infected: Eicar' })
    const job = await backend.jobs.begin({
      kind: 'export',
      input: {},
      owner: { accountId: bob.id, name: login.login },
    })
    await world.administration.aliases.add({ alias: 'info@other.test', targets: [login.login] })
    const { session } = await backend.webSessions.begin(bob, ['password'], {
      address: '192.0.2.9',
      client: 'x',
    })
    const app = await world.administration.appPasswords.make({ address: login.login, name: 'a' })
    const appId = app.kind === 'made' ? app.appPassword.id : ''
    await ask('POST /accounts/bob@other.test:unfreeze', { as: 'owner', body: {} })
    const recorded = await ask('GET /audit?operation=accounts.unfreeze&result=ok', { as: 'owner' })
    const things: readonly (readonly [path: RegExp, id: string])[] = [
      [/^\/(queue|trace|policy\/decisions)\/\{queueId\}/, queued],
      [/^\/quarantine\/\{queueId\}/, held],
      [/^\/(jobs|imports)\/\{job\}/, job.id],
      [/^\/aliases\/\{alias\}/, 'info@other.test'],
      [/^\/audit\/\{entry\}/, recorded.body.data[0].id],
      [/\{appPassword\}$/, appId],
      [/\/sessions\/\{session\}$/, session.id],
    ]
    const seen: string[] = []
    for (const { path, method, id } of operations) {
      const [, thing = ''] = things.find(([pattern]) => pattern.test(path)) ?? []
      if (thing === '') continue
      seen.push(id)
      const name = encodeURIComponent(thing)
      const filled = path.replace('{account}', 'bob@other.test').replaceAll(/\{\w{1,40}\}/g, name)
      const body = method === 'get' || method === 'delete' ? {} : { body: bodies[id] ?? {} }
      for (const as of ['domain-admin', 'help-desk', 'holder'] as const) {
        const line = `${method.toUpperCase()} ${filled}`
        const { status } = await ask(line, { as, ...body })
        expect([403, 404], `${as} ${id}`).toContain(status)
        // What is there is told of to nobody by the difference to what is not.
        const absent = line.replace(name, 'qx'.repeat(4))
        if (status === 403) expect((await ask(absent, { as, ...body })).status, id).toBe(403)
      }
      // Policy has decided nothing about this one.
      if (method === 'get' && id !== 'policy.recorded') {
        const told = await ask(`GET ${filled}`, { as: 'owner' })
        expect(told.status, `${id} ${JSON.stringify(told.body)}`).not.toBe(404)
      }
    }
    expect(seen.length).toBeGreaterThan(15)
  })

  it('is nothing of somebody with more rights', async () => {
    for (const as of ['domain-admin', 'help-desk'] as const) {
      for (const verb of ['contain', 'release']) {
        const body = verb === 'contain' ? { reason: 'x' } : {}
        const refused = await ask(`POST /accounts/${people.owner}:${verb}`, { as, body })
        expect(refused).toMatchObject({ status: 403, body: { code: 'more-rights' } })
      }
    }
    const invited = await ask(`POST /accounts/${people.auditor}/invitation`, { as: 'help-desk' })
    expect(invited).toMatchObject({ status: 403, body: { code: 'more-rights' } })
  })
})

describe('a change with a cookie', () => {
  const body = { name: 't', scopes: ['queue.read'] }
  it.each([
    ['without our header', { 'x-postwolke': undefined }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['from nowhere', { 'sec-fetch-site': undefined }],
    ['from another origin', { 'sec-fetch-site': undefined, origin: 'https://evil.test' }],
    ['from no origin', { 'sec-fetch-site': undefined, origin: 'null' }],
  ])('is refused %s', async (_, headers) => {
    const told = await ask('POST /me/tokens', { as: 'holder', body, headers })
    expect(told).toMatchObject({ status: 403, body: { code: 'cross-site' } })
  })

  it('is made from our own pages, by older browsers too', async () => {
    const headers = { 'sec-fetch-site': undefined, origin: base }
    expect((await ask('POST /me/tokens', { as: 'holder', body, headers })).status).toBe(201)
  })

  it('is none of a sign-in from another site', async () => {
    const told = await signIn(people.holder, 'a', { 'sec-fetch-site': 'cross-site' })
    expect(told).toMatchObject({ status: 403, body: { code: 'cross-site' } })
  })
})

describe('a sign-in', () => {
  it('has another secret each time, and ends the session that came with it (fixation)', async () => {
    const first = must((await signIn('ann@ours.test')).cookie)
    const headers = { cookie: `__Host-postwolke=${first}` }
    const second = await signIn('ann@ours.test', 'a', headers)
    expect(second.status).toBe(201)
    expect(second.cookie).not.toBe(first)
    expect(second.setCookie).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Strict$/)
    expect((await ask('GET /session', { headers })).status).toBe(401)
    const planted = { cookie: `__Host-postwolke=${first.split('.')[0]}.planted` }
    const third = await signIn('ann@ours.test', 'a', planted)
    expect(third.cookie).not.toContain('planted')
  })

  it('with a wrong password says what it says of nobody', async () => {
    const told = async (login: string) => {
      const { status, body } = await signIn(login, 'wrong')
      return { status, body: { ...body, requestId: '' } }
    }
    expect(await told('ann@ours.test')).toEqual(await told('nobody@ours.test'))
  })

  it('is not heard without TLS from elsewhere', async () => {
    const request = new Request(`${base}/api/v1/session`, { method: 'POST' })
    const response = must(await api(request, { address: '192.0.2.1', isSecure: false }))
    expect(response.status).toBe(403)
  })

  it('counts for what is dangerous for five minutes; then a factor is asked for', async () => {
    const { cookie } = await signIn(people.owner)
    const headers = { cookie: `__Host-postwolke=${cookie}` }
    const set = (more: Asked['headers'] = headers) =>
      ask('PUT /accounts/ann@ours.test/role', { body: { role: 'auditor' }, headers: more })
    expect((await set()).status).toBe(200)
    await world.clock.advance(5 * 60_000)
    expect(await set()).toMatchObject({ status: 403, body: { code: 'step-up-required' } })
    const wrong = await ask('POST /session/step-up', {
      body: { method: 'password', password: 'b' },
      headers,
    })
    expect(wrong.status).toBe(401)
    const stepped = await ask('POST /session/step-up', {
      body: { method: 'password', password: 'a' },
      headers,
    })
    expect(stepped.status).toBe(200)
    expect(await set()).toMatchObject({ body: { code: 'step-up-required' } })
    expect((await set({ cookie: `__Host-postwolke=${stepped.cookie}` })).status).toBe(200)
    cookies.set('owner', must(stepped.cookie))
  })
})

describe('the record', () => {
  it('has what was done and what was refused, for whom it is to be seen', async () => {
    await ask('GET /accounts/ann@ours.test/sessions', { as: 'owner' })
    await ask('PUT /accounts/ann@ours.test/role', { as: 'owner', body: { role: 'holder' } })
    await ask('PUT /accounts/ann@ours.test/role', { as: 'holder', body: { role: 'owner' } })
    const of = async (as: Role, query = '') => {
      const { body } = await ask(`GET /audit?object=accounts/ann@ours.test${query}`, { as })
      return body.data.map(
        (one: { operation: string; result: string }) => `${one.operation} ${one.result}`,
      )
    }
    expect(await of('auditor')).toEqual(expect.arrayContaining(['roles.set ok']))
    expect(await of('domain-admin')).toEqual(expect.arrayContaining(['roles.set ok']))
    expect(await of('holder')).toEqual([])
    const refused = await ask('GET /audit?result=no-right&operation=roles.set', { as: 'owner' })
    expect(refused.body.data[0]).toMatchObject({ actor: { name: people.holder } })
    const { body } = await ask('GET /audit?operation=roles.set&limit=1', { as: 'owner' })
    expect(body.data).toHaveLength(1)
    expect(body.next).not.toBeNull()
    expect(JSON.stringify(body)).not.toContain('__Host')
  })
})

describe('a link', () => {
  it('makes the password new once, from the help desk, who never learns it', async () => {
    const made = await ask('POST /accounts/ann@ours.test/invitation', { as: 'help-desk' })
    expect(made.status).toBe(201)
    const [, secret] = made.body.url.split('#')
    const looked = await ask('POST /invitation:look', { body: { secret } })
    expect(looked.body).toMatchObject({ kind: 'password', address: 'ann@ours.test' })
    const bad = await ask('POST /invitation:accept', { body: { secret, password: 'seven 7' } })
    expect(bad.status).toBe(422)
    const accepted = await ask('POST /invitation:accept', {
      body: { secret, password: 'brand new one' },
    })
    expect(accepted).toMatchObject({ status: 201, body: { state: 'signed-in' } })
    const again = await ask('POST /invitation:accept', { body: { secret, password: 'x' } })
    expect(again.body.code).toBe('no-such-link')
    expect((await signIn('ann@ours.test')).status).toBe(401)
  })
})

describe('containing an account', () => {
  it('ends what lets somebody in, tells where its mail was sent on, and gives the switches back', async () => {
    const { administration } = world
    await administration.accounts.forward({ address: 'holly@ours.test', to: ['x@far.test'] })
    // Five minutes have gone by.
    cookies.set('help-desk', must((await signIn(people['help-desk'])).cookie))
    const contained = await ask('POST /accounts/holly@ours.test:contain', {
      as: 'help-desk',
      body: { reason: 'spam run' },
    })
    expect(contained).toMatchObject({
      status: 200,
      body: { wasFrozen: false, tokens: 1, forward: { to: ['x@far.test'] } },
    })
    expect(contained.body.sessions).toBeGreaterThan(0)
    // Whoever took it over may have added them: they wait until it is released.
    expect(contained.body).toMatchObject({ passkeys: 0, identities: 0 })
    const { backend } = world.pipeline
    const holly = must(parseAddress('holly@ours.test'))
    const { id } = must(await backend.directory.accounts.get(holly))
    const { signIns } = apiDeps(backend)
    const place = { address: '192.0.2.1', client: '' }
    for (const method of ['passkey', 'oidc'] as const) {
      expect(await signIns.begin(id, [method], place)).toEqual({ kind: 'refused' })
    }
    expect((await ask('GET /session', { as: 'holder' })).status).toBe(401)
    expect(await backend.directory.accounts.get(holly)).toMatchObject({
      frozen: { reason: 'spam run' },
    })
    const released = await ask('POST /accounts/holly@ours.test:release', { as: 'help-desk' })
    expect(released.body).toMatchObject({
      wasFrozen: true,
      staysFrozen: false,
      staysRevoked: ['logins', 'appPasswords', 'tokens', 'recoveryAddress'],
    })
    expect(await backend.directory.accounts.get(holly)).toMatchObject({ frozen: null })
    expect(await signIns.begin(id, ['passkey'], place)).toMatchObject({ kind: 'signed-in' })
  })
  it('bars the password until there is another, where that is asked for', async () => {
    const address = 'bob@other.test'
    cookies.set('owner', must((await signIn(people.owner)).cookie))
    const body = { reason: 'x', barPassword: true }
    const contained = await ask(`POST /accounts/${address}:contain`, { as: 'owner', body })
    expect(contained.body).toMatchObject({ passwordBarred: true })
    expect((await signIn(address)).status).toBe(401)
    const released = await ask(`POST /accounts/${address}:release`, { as: 'owner' })
    expect(released.body.staysRevoked).toContain('password')
    expect((await signIn(address)).status).toBe(401)
    await ask(`PUT /accounts/${address}/password`, { as: 'owner', body: { passwordHash: aHash } })
    expect((await signIn(address)).status).toBe(201)
  })

  it('gives back no switch that was off before', async () => {
    const path = '/accounts/bob@other.test'
    const frozen = { as: 'owner', body: { reason: 'unpaid' } } as const
    await ask(`POST ${path}:freeze`, frozen)
    const contained = await ask(`POST ${path}:contain`, frozen)
    expect(contained.body).toMatchObject({ wasFrozen: true, passwordBarred: false })
    const { accounts } = world.pipeline.backend.directory
    const bob = must(parseAddress('bob@other.test'))
    expect(await accounts.get(bob)).toMatchObject({ frozen: { reason: 'unpaid', isBarred: true } })
    const released = await ask(`POST ${path}:release`, { as: 'owner' })
    expect(released.body).toMatchObject({ staysFrozen: true, released: 0 })
    expect((await accounts.get(bob))?.frozen).not.toHaveProperty('isBarred')
    const { body } = await ask(`GET ${path}`, { as: 'owner' })
    expect(body.frozen.reason).toBe('unpaid')
  })
})

describe('one’s own password', () => {
  it('is changed by whoever has just shown it, and by no cookie that was found', async () => {
    const { cookie } = await signIn('ann@ours.test', 'brand new one')
    const set = (text: string | undefined) =>
      ask('PUT /accounts/ann@ours.test/password', {
        body: { passwordHash: aHash },
        headers: { cookie: `__Host-postwolke=${text}` },
      })
    await world.clock.advance(5 * 60_000)
    expect(await set(cookie)).toMatchObject({ status: 403, body: { code: 'step-up-required' } })
    const factors = await ask('DELETE /accounts/ann@ours.test/factors', {
      headers: { cookie: `__Host-postwolke=${cookie}` },
    })
    expect(factors.body.code).toBe('step-up-required')
    const stepped = await ask('POST /session/step-up', {
      body: { method: 'password', password: 'brand new one' },
      headers: { cookie: `__Host-postwolke=${cookie}` },
    })
    const other = await signIn('ann@ours.test', 'brand new one')
    const done = await set(stepped.cookie)
    expect(done.status).toBe(200)
    // All others end; the one that asked goes on, with another cookie.
    const look = (text: string | undefined) =>
      ask('GET /session', { headers: { cookie: `__Host-postwolke=${text}` } })
    for (const ended of [cookie, stepped.cookie, other.cookie]) {
      expect((await look(ended)).status).toBe(401)
    }
    expect((await look(done.cookie)).body).toMatchObject({
      state: 'signed-in',
      session: { methods: ['password'] },
    })
    const { body } = await ask('GET /accounts/ann@ours.test/sessions', {
      headers: { cookie: `__Host-postwolke=${done.cookie}` },
    })
    expect(body.data).toHaveLength(1)
  })
})

describe('a name that no key can be', () => {
  it.each(['\0', '\ud800', `${'x'.repeat(290)}${'😀'.repeat(20)}`])(
    'is recorded all the same: %j',
    async (name) => {
      // Refusals are recorded so often and no more.
      await world.clock.advance(10 * 60_000)
      await signIn(name, 'wrong')
      const path = `/accessTables/${encodeURIComponent(name.toWellFormed())}/entries/x`
      const told = await ask(`PUT ${path}`, { as: 'auditor', body: { result: 'OK' } })
      expect(told.status).toBe(403)
      const { body } = await ask('GET /audit?limit=2', { as: 'owner' })
      const operations = body.data.map((one: { operation: string }) => one.operation)
      expect(operations.sort()).toEqual(['accessTables.set', 'session.create'])
      const object = encodeURIComponent(name.toWellFormed())
      expect((await ask(`GET /audit?object=${object}`, { as: 'owner' })).status).toBe(200)
    },
  )
})
