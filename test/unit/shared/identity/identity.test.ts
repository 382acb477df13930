import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccountRecord } from '#shared/directory/records.ts'
import { createIdentities, type Identities } from '#shared/identity/identities.ts'
import { createLinks, LINK_MS, type Links } from '#shared/identity/links.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { createSessions, SESSIONS_MAX, type Sessions } from '#shared/identity/sessions.ts'
import { createTokens, parseToken, TOKENS_MAX, type Tokens } from '#shared/identity/tokens.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { ConditionFailed, type Table } from '#shared/storage/ports.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { must } from '#test/support/must.ts'

const HOUR = 3_600_000
const settings = { sessionIdleTime: 12 * HOUR, sessionLifetime: 24 * HOUR }
const from = { address: '192.0.2.1', client: 'Mozilla' }

let world: Administered
let sessions: Sessions
let tokens: Tokens
let links: Links
let identities: Identities
let ann: AccountRecord
let count = 0

beforeAll(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  const { clock, backend } = { clock: world.clock, backend: world.pipeline.backend }
  const { counters, directory } = backend.store.tables
  sessions = createSessions(given())
  tokens = createTokens({ directory, clock, random: systemRandom })
  links = createLinks({ counters, clock, random: systemRandom })
  const { accounts } = backend.directory
  identities = createIdentities({ accounts, sessions, tokens, clock })
})
afterAll(() => world[Symbol.asyncDispose]())

beforeEach(async () => {
  const address = `ann${++count}@a.test`
  await world.administration.accounts.add({ address, secret: hashOfA })
  ann = must(await directory().accounts.get(must(parseAddress(address))))
})

const given = () => ({
  ...{ settings, clock: world.clock, random: systemRandom },
  counters: world.pipeline.backend.store.tables.counters,
})
const directory = () => world.pipeline.backend.directory
const advance = (ms: number) => world.clock.advance(ms)
const aToken = async (lifeMs = HOUR) => {
  const { id: accountId, roleEpoch } = must(await directory().accounts.byId(ann.id))
  const expiresMs = world.clock.now() + lifeMs
  const made = await tokens.add({
    accountId,
    roleEpoch,
    name: 't',
    scopes: ['queue.read'],
    expiresMs,
  })
  if (made.kind !== 'ok') throw new Error(made.kind)
  return made
}

describe('a session', () => {
  it('is one of so many: with one more the least used ends', async () => {
    const first = await sessions.begin(ann, ['password'], from)
    for (let n = 1; n < SESSIONS_MAX; n++) {
      await advance(1)
      await sessions.begin(ann, ['password'], from)
    }
    expect(await sessions.find(first.cookie)).toBeDefined()
    await advance(1)
    await sessions.begin(ann, ['password'], from)
    expect(await sessions.find(first.cookie)).toBeUndefined()
    expect(await sessions.list(ann.id)).toHaveLength(SESSIONS_MAX)
  })

  it('is found by its cookie alone, of which nothing is stored', async () => {
    const { cookie, session } = await sessions.begin(ann, ['password'], from)
    expect(await sessions.find(cookie)).toEqual(session)
    expect(await sessions.find(`${ann.id}.${session.id}`)).toBeUndefined()
    expect(await sessions.find(`${cookie}x`)).toBeUndefined()
    expect(await sessions.find('')).toBeUndefined()
    expect(await sessions.find('x'.repeat(10_000))).toBeUndefined()
    const page = await world.pipeline.backend.store.tables.counters.query({
      pk: `SESSION#${ann.id}`,
    })
    expect(JSON.stringify(page.items)).not.toContain(cookie.split('.')[1])
  })

  it('ends when it is not used, and is used now and then', async () => {
    const { cookie } = await sessions.begin(ann, ['password'], from)
    await advance(11 * HOUR)
    expect(await sessions.find(cookie)).toBeDefined()
    await advance(11 * HOUR)
    expect(await sessions.find(cookie)).toBeDefined()
    // However much it is used.
    await advance(2 * HOUR)
    expect(await sessions.find(cookie)).toBeUndefined()
    const other = await sessions.begin(ann, ['password'], from)
    await advance(12 * HOUR)
    expect(await sessions.find(other.cookie)).toBeUndefined()
  })

  it('gets another secret at a step-up; the one before is good for nothing dangerous, and not for long', async () => {
    const before = await sessions.begin(ann, ['password'], from)
    const after = must(await sessions.stepUp(before.session, 'totp'))
    expect(after.session).toMatchObject({ methods: ['password', 'totp'] })
    expect(after.cookie).not.toBe(before.cookie)
    expect(await sessions.find(before.cookie)).toMatchObject({ steppedUpMs: null })
    expect(await sessions.list(ann.id)).toHaveLength(1)
    await advance(31_000)
    expect(await sessions.find(before.cookie)).toBeUndefined()
    expect(await sessions.find(after.cookie)).toBeDefined()
    await sessions.end(ann.id, after.session.id)
    expect(await sessions.stepUp(after.session, 'totp')).toBeUndefined()
  })

  it('that is replaced while it is used gets no more time by that', async () => {
    const { counters } = world.pipeline.backend.store.tables
    const before = await sessions.begin(ann, ['password'], from)
    await advance(HOUR)
    // Read here, and replaced before its use is noted.
    const slowly: Table['get'] = async (...asked) => {
      const item = await counters.get(...asked)
      await sessions.stepUp(before.session, 'totp')
      return item
    }
    const slow = new Proxy(counters, {
      get: (of, name) => (name === 'get' ? slowly : Reflect.get(of, name).bind(of)),
    })
    const found = await createSessions({ ...given(), counters: slow }).find(before.cookie)
    expect(found).toBeDefined()
    await advance(31_000)
    expect(await sessions.find(before.cookie)).toBeUndefined()
  })

  it('ends with the secrets of before, whichever of them ends it; of two step-ups at once one is left', async () => {
    const first = await sessions.begin(ann, ['password'], from)
    const other = await sessions.begin(ann, ['password'], from)
    const both = await Promise.all([
      sessions.stepUp(first.session, 'totp'),
      sessions.stepUp(first.session, 'totp'),
    ])
    expect(both).not.toContain(undefined)
    expect(await sessions.list(ann.id)).toHaveLength(2)
    // Signed out in a tab that has the cookie of before.
    expect(await sessions.end(ann.id, first.session.id)).toBe(true)
    for (const one of [first, ...both]) {
      expect(await sessions.find(must(one).cookie)).toBeUndefined()
    }
    const stepped = must(await sessions.stepUp(other.session, 'totp'))
    expect(await sessions.endAll(ann.id, { except: other.session.id })).toBe(0)
    expect(await sessions.find(other.cookie)).toBeUndefined()
    expect(await sessions.find(stepped.cookie)).toBeDefined()
  })

  it('ends alone, or with all others, replaced ones too', async () => {
    const [one, two, three] = [
      await sessions.begin(ann, ['password'], from),
      await sessions.begin(ann, ['password'], from),
      await sessions.begin(ann, ['password'], from),
    ]
    expect(await sessions.end(ann.id, one.session.id)).toBe(true)
    expect(await sessions.end(ann.id, one.session.id)).toBe(false)
    const stepped = must(await sessions.stepUp(two.session, 'password'))
    expect(await sessions.endAll(ann.id, { except: three.session.id })).toBe(1)
    for (const { cookie } of [one, two, stepped])
      expect(await sessions.find(cookie)).toBeUndefined()
    expect(await sessions.find(three.cookie)).toBeDefined()
  })
})

describe('who a session or token is', () => {
  it('is nobody once the account has another password or is disabled', async () => {
    const { cookie } = await sessions.begin(ann, ['password'], from)
    const token = await aToken()
    expect(await identities.ofCookie(cookie)).toMatchObject({ actor: { role: 'holder' } })
    await directory().accounts.set(ann.address, { passwordHash: 'x' })
    expect(await identities.ofCookie(cookie)).toBeUndefined()
    expect(await identities.ofToken(token.text, '')).toMatchObject({ actor: { via: 'token' } })
    await directory().accounts.set(ann.address, { enabled: false })
    expect(await identities.ofToken(token.text, '')).toBeUndefined()
  })

  it('has no more of a role than there is at the moment, and never again what was taken away', async () => {
    await directory().roles.set(ann.id, { name: 'auditor', domains: [] })
    const current = must(await directory().accounts.byId(ann.id))
    const { cookie } = await sessions.begin(current, ['password'], from)
    const token = await aToken()
    expect(await identities.ofToken(token.text, '')).toMatchObject({ actor: { role: 'auditor' } })
    await directory().roles.set(ann.id, null)
    expect(await identities.ofCookie(cookie)).toBeUndefined()
    await directory().roles.set(ann.id, { name: 'auditor', domains: [] })
    expect(await identities.ofCookie(cookie)).toBeUndefined()
    expect(await identities.ofToken(token.text, '')).toMatchObject({ actor: { role: 'holder' } })
  })
})

describe('whoever still reads', () => {
  const holdsOf = async (cookie: string) => {
    const identity = must(await identities.ofCookie(cookie))
    return () => identities.holds(identity)
  }

  it('is no more who he was once his session has ended, or his role', async () => {
    const one = await sessions.begin(ann, ['password'], from)
    const other = await sessions.begin(ann, ['password'], from)
    const [holdsOne, holdsOther] = [await holdsOf(one.cookie), await holdsOf(other.cookie)]
    await sessions.end(ann.id, one.session.id)
    expect([await holdsOne(), await holdsOther()]).toEqual([false, true])
    await directory().roles.set(ann.id, { name: 'auditor', domains: [] })
    expect(await holdsOther()).toBe(true)
    await directory().roles.set(ann.id, null)
    expect(await holdsOther()).toBe(false)
  })

  it('nor once his token is revoked, or his account disabled', async () => {
    const [one, other] = [await aToken(), await aToken()]
    const [first, second] = [
      must(await identities.ofToken(one.text, '')),
      must(await identities.ofToken(other.text, '')),
    ]
    await tokens.remove(one.token.id)
    expect([await identities.holds(first), await identities.holds(second)]).toEqual([false, true])
    await directory().accounts.set(ann.address, { enabled: false })
    expect(await identities.holds(second)).toBe(false)
  })
})

describe('a token', () => {
  it('is wrong by its checksum before anybody looks', async () => {
    const { text } = await aToken()
    expect(text).toMatch(/^pw_[0-9a-f]{20}\.[0-9a-f]{12}_[0-9a-f]{48}_[0-9a-f]{8}$/)
    expect(parseToken(text)).toBeDefined()
    for (const at of [3, 25, 40, 90]) {
      const other = text.charAt(at) === '0' ? '1' : '0'
      expect(parseToken(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined()
    }
    for (const bad of ['', 'pw_', text.slice(0, -1), `${text}0`, 'x'.repeat(100_000)]) {
      expect(parseToken(bad)).toBeUndefined()
    }
  })

  it('expires, notes its use once an hour, and is gone when it is revoked or its account is', async () => {
    const { text, token } = await aToken(3 * HOUR)
    const usedMs = world.clock.now()
    expect(await tokens.find(text, '192.0.2.9')).toMatchObject({ usedMs, usedFrom: '192.0.2.9' })
    await advance(HOUR - 1)
    expect(await tokens.find(text, '192.0.2.10')).toMatchObject({ usedMs })
    await advance(1)
    expect(await tokens.find(text, '192.0.2.10')).toMatchObject({ usedFrom: '192.0.2.10' })
    await advance(2 * HOUR)
    expect(await identities.ofToken(text, '')).toBeUndefined()
    expect(await tokens.remove(token.id)).toBe(true)
    expect(await tokens.remove(token.id)).toBe(false)
    const other = await aToken()
    await directory().accounts.remove(ann.address)
    expect(await tokens.find(other.text, '')).toBeUndefined()
    expect((await tokens.page({ limit: 100 })).items.map(({ id }) => id)).not.toContain(
      other.token.id,
    )
  })

  it('is known by its secret, and not by its id', async () => {
    const { text } = await aToken()
    const [, id = '', secret = ''] = /^(pw_.*_)([0-9a-f]{48})_/.exec(text) ?? []
    const other = id + secret.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const forged = `${other}_${crc32(other).toString(16).padStart(8, '0')}`
    expect(parseToken(forged)).toBeDefined()
    expect(await tokens.find(forged, '')).toBeUndefined()
    expect(await tokens.find(text, '')).toBeDefined()
  })

  it('is made for nobody who is gone, and leaves nothing when it is revoked', async () => {
    const { directory: table } = world.pipeline.backend.store.tables
    const { token } = await aToken()
    const listed = { pk: 'TOKENS', sk: token.id }
    expect(await table.get(listed, { consistent: true })).toBeDefined()
    await tokens.remove(token.id)
    expect(await table.get(listed, { consistent: true })).toBeUndefined()
    const { id: accountId } = ann
    await directory().accounts.remove(ann.address)
    const wanted = { accountId, roleEpoch: 0, name: 't', scopes: [], expiresMs: HOUR }
    await expect(tokens.add(wanted)).rejects.toThrow(ConditionFailed)
  })

  it('does not come back by a use that is noted while it is revoked', async () => {
    const { directory: table } = world.pipeline.backend.store.tables
    const { text, token } = await aToken()
    const revoking = {
      get: async (...asked: Parameters<Table['get']>) => {
        const item = await table.get(...asked)
        await tokens.remove(token.id)
        return item
      },
      write: (...asked: Parameters<Table['write']>) => table.write(...asked),
    } as unknown as Table
    const slow = createTokens({ directory: revoking, clock: world.clock, random: systemRandom })
    await slow.find(text, '192.0.2.1')
    expect(await tokens.list(ann.id)).toEqual([])
  })

  it('is one of so many', async () => {
    for (let i = 0; i < TOKENS_MAX; i++) await aToken()
    await expect(aToken()).rejects.toThrow('too-many')
    expect(await tokens.removeAll(ann.id)).toBe(TOKENS_MAX)
  })
})

describe('a link', () => {
  it('works once, for one of two who use it at once', async () => {
    const { secret } = await links.make({ kind: 'password', accountId: ann.id, by: 'root' })
    expect(await links.find(secret)).toMatchObject({ kind: 'password', accountId: ann.id })
    const taken = await Promise.all([links.take(secret), links.take(secret)])
    expect(taken.filter((one) => one !== undefined)).toHaveLength(1)
    expect(await links.find(secret)).toBeUndefined()
  })

  it('is worthless after a day, after another of its kind, and as one of another kind', async () => {
    const first = await links.make({ kind: 'password', accountId: ann.id, by: 'root' })
    const second = await links.make({ kind: 'password', accountId: ann.id, by: 'root' })
    expect(await links.find(first.secret)).toBeUndefined()
    expect(await links.find(second.secret.replace('password', 'owner'))).toBeUndefined()
    await advance(LINK_MS)
    expect(await links.find(second.secret)).toBeUndefined()
    expect(await links.find('x'.repeat(10_000))).toBeUndefined()
  })
})

describe('links of an account', () => {
  it('are withdrawn, of every kind, and those of nobody else', async () => {
    const { secret: password } = await links.make({
      kind: 'password',
      accountId: ann.id,
      by: 'root',
    })
    const { secret: owner } = await links.make({ kind: 'owner', accountId: ann.id, by: 'root' })
    const { secret: first } = await links.make({ kind: 'first-owner', accountId: null, by: 'root' })
    await links.withdraw(ann.id)
    expect(await links.find(password)).toBeUndefined()
    expect(await links.find(owner)).toBeUndefined()
    expect(await links.find(first)).toBeDefined()
  })
})

describe('roles', () => {
  it('leave an owner who can sign in, whatever is done', async () => {
    const { accounts, roles, domains } = directory()
    const add = async (address: string) => {
      await world.administration.accounts.add({ address, secret: hashOfA })
      return must(await accounts.get(must(parseAddress(address))))
    }
    const one = await add('one@a.test')
    expect(await roles.owners()).toBe(0)
    await roles.set(one.id, { name: 'owner', domains: [] })
    expect(await roles.owners()).toBe(1)
    const last = { kind: 'last-owner' }
    expect(await roles.set(one.id, null)).toEqual(last)
    expect(await roles.set(one.id, { name: 'auditor', domains: [] })).toEqual(last)
    expect(await accounts.set(one.address, { enabled: false })).toEqual(last)
    expect(await accounts.remove(one.address)).toEqual(last)
    expect(await domains.remove(one.address.domain, { force: true })).toEqual(last)
    expect(
      await world.administration.domains.remove({ domain: 'a.test', force: true }),
    ).toMatchObject(last)
    const two = await add('two@a.test')
    await roles.set(two.id, { name: 'owner', domains: [] })
    // Of two at once, one stays.
    const both = await Promise.all([
      accounts.set(one.address, { enabled: false }),
      accounts.remove(two.address),
    ])
    expect(both.map(({ kind }) => kind).sort()).toEqual(['last-owner', 'ok'])
    expect(await roles.owners()).toBe(1)
  })

  it('for a domain go with it', async () => {
    await world.administration.domains.add({ domain: 'gone.test' })
    const set = await world.administration.roles.set({
      address: `ann${count}@a.test`,
      role: 'domain-admin',
      domains: ['gone.test', 'a.test'],
    })
    expect(set).toMatchObject({ kind: 'role-set', domains: ['gone.test', 'a.test'] })
    await world.administration.domains.remove({ domain: 'gone.test' })
    expect(await directory().accounts.byId(ann.id)).toMatchObject({ role: { domains: ['a.test'] } })
  })
})
