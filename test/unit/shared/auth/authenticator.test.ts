import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import type { Credential, CredentialStore } from '#shared/auth/credential-store.ts'
import { hashPassword } from '#shared/auth/passwords.ts'
import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/runtime/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { cryptVectors } from './crypt-vectors.ts'
import { manualClock } from './manual-clock.ts'

const MINUTE = 60_000
const current = await hashPassword('geheim')

function account(login: string, changes: Partial<Credential> = {}): Credential {
  return { accountId: login as AccountId, login, enabled: true, passwordHash: current, ...changes }
}

function memoryCredentials(...accounts: Credential[]) {
  const byLogin = new Map(accounts.map((one) => [one.login, one]))
  const finds: string[] = []
  const store: CredentialStore = {
    async find(address) {
      finds.push(formatAddress(address))
      return byLogin.get(formatAddress(address))
    },
    async replaceHash(accountId, oldHash, newHash) {
      const [login, found] = [...byLogin].find(([, one]) => one.accountId === accountId) ?? []
      if (login === undefined || found?.passwordHash !== oldHash) return
      byLogin.set(login, { ...found, passwordHash: newHash })
    },
  }
  return { store, byLogin, finds, put: (one: Credential) => void byLogin.set(one.login, one) }
}

async function open(accounts: readonly Credential[], set: readonly string[] = []) {
  const folder = await temporaryFolder()
  const hands = manualClock()
  const store = await openEmbeddedStore({ directory: folder.path, clock: hands.clock })
  const loaded = loadSettings({
    environment: {},
    overrides: ['defaultDomain=example.test', ...set],
  })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  const credentials = memoryCredentials(...accounts)
  const logged: unknown[] = []
  const log: Log = {
    ...silentLog,
    info: (fields, message) => void logged.push({ ...fields, message }),
    warn: (fields, message) => void logged.push({ ...fields, message }),
  }
  const authenticator = createAuthenticator({
    credentials: credentials.store,
    counters: store.tables.counters,
    settings: loaded.settings,
    clock: hands.clock,
    log,
  })
  return {
    ...hands,
    ...credentials,
    logged,
    logIn: (login: string, password: string, changes: Partial<LoginAttempt> = {}) =>
      authenticator.authenticate({
        service: 'pop3',
        login,
        password,
        remoteAddress: '192.0.2.1',
        ...changes,
      }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const tim = account('tim@example.test')
const welcome = {
  kind: 'authenticated',
  account: { id: 'tim@example.test', login: 'tim@example.test' },
}

describe('authenticate', () => {
  it('lets the right password in, with or without the default domain', async () => {
    await using world = await open([tim])
    expect(await world.logIn('tim@example.test', 'geheim')).toEqual(welcome)
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })

  it('says for the log why a login was refused', async () => {
    await using world = await open([tim, account('off@example.test', { enabled: false })])
    const reason = async (login: string, password: string) => {
      const result = await world.logIn(login, password)
      return result.kind === 'refused' ? result.reason : result.kind
    }
    expect(await reason('tim', 'falsch')).toBe('password')
    expect(await reason('nobody', 'geheim')).toBe('unknown')
    expect(await reason('off', 'geheim')).toBe('disabled')
    expect(await reason('off', 'falsch')).toBe('password')
    expect(await reason('', 'geheim')).toBe('malformed')
    expect(await reason('tim', '')).toBe('malformed')
    expect(await reason('tim', 'x'.repeat(1_025))).toBe('malformed')
  })

  it('refuses logins without a domain where there is no default', async () => {
    await using world = await open([tim], ['defaultDomain='])
    expect(await world.logIn('tim', 'geheim')).toEqual({ kind: 'refused', reason: 'malformed' })
  })

  it('answers every wrong login after the same time, and right ones at once', async () => {
    await using world = await open([tim], ['authFailureDelay=2s'])
    await world.logIn('tim', 'falsch')
    await world.logIn('nobody', 'falsch')
    await world.logIn('', 'falsch')
    expect(world.sleptMs).toEqual([2_000, 2_000, 2_000])
    await world.logIn('tim', 'geheim')
    expect(world.sleptMs).toHaveLength(3)
  })

  it('passes on that the directory does not answer, and counts no failure', async () => {
    await using world = await open([tim], ['authFailureLimitPerAddress=1'])
    const find = world.store.find
    Object.assign(world.store, { find: () => Promise.reject(new TemporaryFailure('away')) })
    await expect(world.logIn('tim', 'geheim')).rejects.toBeInstanceOf(TemporaryFailure)
    Object.assign(world.store, { find })
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })

  it('tells of hashes it cannot verify, and refuses', async () => {
    await using world = await open([account('tim@example.test', { passwordHash: '{PLAIN}geheim' })])
    expect(await world.logIn('tim', 'geheim')).toEqual({ kind: 'refused', reason: 'password' })
    expect(world.logged).toEqual([
      { accountId: 'tim@example.test', scheme: 'PLAIN', message: 'password scheme not supported' },
    ])
  })
})

describe('changes of an account', () => {
  it('are in force with the next login though the last one was good', async () => {
    await using world = await open([tim])
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
    world.put({ ...tim, enabled: false })
    expect(await world.logIn('tim', 'geheim')).toEqual({ kind: 'refused', reason: 'disabled' })
    world.put({ ...tim, passwordHash: await hashPassword('anders') })
    expect(await world.logIn('tim', 'geheim')).toEqual({ kind: 'refused', reason: 'password' })
    expect(await world.logIn('tim', 'anders')).toEqual(welcome)
  })
})

describe('old hashes', () => {
  const [password, hash] = cryptVectors[2] ?? ['', '']

  it('become argon2id at the first good login', async () => {
    await using world = await open([account('tim@example.test', { passwordHash: hash })])
    await world.logIn('tim', `${password}!`)
    expect(world.byLogin.get('tim@example.test')?.passwordHash).toBe(hash)
    expect(await world.logIn('tim', password)).toEqual(welcome)
    expect(world.byLogin.get('tim@example.test')?.passwordHash).toMatch(/^\$argon2id\$/)
    expect(await world.logIn('tim', password)).toEqual(welcome)
  })

  it('do not keep anybody out when the new one cannot be stored', async () => {
    await using world = await open([account('tim@example.test', { passwordHash: hash })])
    Object.assign(world.store, { replaceHash: () => Promise.reject(new TemporaryFailure('full')) })
    expect(await world.logIn('tim', password)).toEqual(welcome)
    expect(world.logged).toMatchObject([{ message: 'password could not be hashed anew' }])
  })
})

describe('back-off', () => {
  const perAccount = [
    'authFailureLimitPerAccount=3',
    'authMinimalBackoffTime=30s',
    'authFailureDelay=0',
  ]
  const perAddress = [
    'authFailureLimitPerAddress=3',
    'authMinimalBackoffTime=30s',
    'authFailureDelay=0',
  ]

  it('holds an account back from any address, untried, until the time is over', async () => {
    await using world = await open([tim], perAccount)
    for (const remoteAddress of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      expect((await world.logIn('tim', 'falsch', { remoteAddress })).kind).toBe('refused')
    const held = await world.logIn('tim', 'geheim', { remoteAddress: '192.0.2.4' })
    expect(held).toEqual({ kind: 'throttled', retryAfterSeconds: 30 })
    expect(world.logged).toContainEqual({
      subject: 'account#tim@example.test',
      message: 'too many failed logins',
    })
    world.advance(30_000)
    expect(await world.logIn('tim', 'geheim', { remoteAddress: '192.0.2.4' })).toEqual(welcome)
  })

  it('is not avoided by another spelling of the login', async () => {
    await using world = await open([tim], perAccount)
    for (const login of ['tim', 'TIM', 'Tim@Example.TEST']) await world.logIn(login, 'falsch')
    expect((await world.logIn('tim', 'geheim')).kind).toBe('throttled')
  })

  it('holds accounts that do not exist back just so', async () => {
    await using world = await open([tim], perAccount)
    for (let i = 0; i < 3; i += 1) await world.logIn('nobody', 'falsch')
    expect((await world.logIn('nobody', 'falsch')).kind).toBe('throttled')
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })

  it('holds even a password back that was right a moment ago', async () => {
    await using world = await open([tim], perAccount)
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
    for (let i = 0; i < 3; i += 1) await world.logIn('tim', 'falsch')
    expect((await world.logIn('tim', 'geheim')).kind).toBe('throttled')
  })

  it('holds an address back for any account, malformed logins counted', async () => {
    await using world = await open([tim], perAddress)
    await world.logIn('one', 'falsch')
    await world.logIn('two', 'falsch')
    await world.logIn('', 'falsch')
    expect((await world.logIn('tim', 'geheim')).kind).toBe('throttled')
    expect((await world.logIn('', 'geheim')).kind).toBe('throttled')
    expect(await world.logIn('tim', 'geheim', { remoteAddress: '192.0.2.2' })).toEqual(welcome)
  })

  it('takes an IPv6 /64 and an IPv4 address in IPv6 clothes for one client', async () => {
    await using world = await open([tim], perAddress)
    for (const host of ['1', '2', '3'])
      await world.logIn('x', 'falsch', { remoteAddress: `2001:db8:0:7::${host}` })
    const from = async (remoteAddress: string) =>
      (await world.logIn('tim', 'geheim', { remoteAddress })).kind
    expect(await from('2001:db8:0:7:ffff::1')).toBe('throttled')
    expect(await from('2001:db8:0:8::1')).toBe('authenticated')
    for (let i = 0; i < 3; i += 1) await world.logIn('y', 'falsch')
    expect(await from('::ffff:192.0.2.1')).toBe('throttled')
  })

  it('does not let a burst of guesses through before the first is counted', async () => {
    await using world = await open([tim], perAccount)
    const guesses = Array.from({ length: 40 }, (_, i) =>
      world.logIn('tim', `guess ${i}`, { remoteAddress: `198.51.100.${i}` }),
    )
    const results = await Promise.all(guesses)
    const tried = results.filter(({ kind }) => kind === 'refused')
    // The limit, and what was being verified in that moment.
    expect(tried.length).toBeGreaterThanOrEqual(3)
    expect(tried.length).toBeLessThanOrEqual(5)
  })

  it('is over when the window is, without a lasting record', async () => {
    await using world = await open([tim], perAccount)
    for (let i = 0; i < 2; i += 1) await world.logIn('tim', 'falsch')
    world.advance(16 * MINUTE)
    for (let i = 0; i < 2; i += 1) await world.logIn('tim', 'falsch')
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })
})

describe('a flood of logins', () => {
  it('is turned away beyond what may wait, and everybody else is served', async () => {
    const others = Array.from({ length: 4 }, (_, i) => account(`u${i}@example.test`))
    await using world = await open(
      [tim, ...others],
      ['authFailureDelay=0', 'authFailureLimitPerAddress=1000'],
    )
    const flood = Array.from({ length: 130 }, (_, i) => world.logIn(`guess${i}`, 'x'))
    const served = others.map(({ login }) =>
      world.logIn(login, 'geheim', { remoteAddress: '198.51.100.1' }),
    )
    const outcomes = await Promise.allSettled(flood)
    const turnedAway = outcomes.filter(({ status }) => status === 'rejected')
    expect(turnedAway.length).toBeGreaterThan(0)
    for (const outcome of turnedAway)
      expect(outcome).toMatchObject({ reason: expect.any(TemporaryFailure) })
    expect((await Promise.all(served)).map(({ kind }) => kind)).toEqual(
      others.map(() => 'authenticated'),
    )
  })
})
