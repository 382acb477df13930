import { describe, expect, it } from 'vitest'
import { keysOfAppPassword, saltForAppPasswords } from '#shared/auth/app-passwords.ts'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import type { Credential, CredentialStore } from '#shared/auth/credential-store.ts'
import * as passwords from '#shared/auth/passwords.ts'
import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AppPasswordRecord } from '#shared/directory/factors.ts'
import type { FactorsMark } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ScramClient } from '#test/support/scram-client.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { cryptVectors } from './crypt-vectors.ts'

const MINUTE = 60_000
const hashPassword = (password: string) => passwords.hashPassword(Buffer.from(password))
const storedPassword = (password: string) => passwords.storedPassword(Buffer.from(password))
const { passwordHash: current, scramVerifier } = await storedPassword('geheim')

function account(login: string, changes: Partial<Credential> = {}): Credential {
  const stored = { passwordHash: current, scramVerifier }
  const record = {
    accountId: login as AccountId,
    login,
    enabled: true,
    sessionsEpoch: 0,
    factors: null,
  }
  return { ...record, ...stored, ...changes }
}

function memoryCredentials(...accounts: Credential[]) {
  const byLogin = new Map(accounts.map((one) => [one.login, one]))
  const finds: string[] = []
  const kept = new Map<string, readonly AppPasswordRecord[]>()
  const store: CredentialStore = {
    async find(address) {
      finds.push(formatAddress(address))
      return byLogin.get(formatAddress(address))
    },
    appPasswords: async (accountId) => kept.get(accountId) ?? [],
    async replacePassword(accountId, oldHash, stored) {
      const [login, found] = [...byLogin].find(([, one]) => one.accountId === accountId) ?? []
      if (login === undefined || found?.passwordHash !== oldHash) return
      byLogin.set(login, { ...found, ...stored })
    },
  }
  return { store, byLogin, finds, kept, put: (one: Credential) => void byLogin.set(one.login, one) }
}

async function open(accounts: readonly Credential[], set: readonly string[] = []) {
  let wrongs = 0
  const folder = await temporaryFolder()
  const hands = skippingClock()
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
  const calls = { batchGet: 0, get: 0, write: 0 }
  const counters = new Proxy(store.tables.counters, {
    get(table, name: keyof typeof calls) {
      if (name in calls) calls[name] += 1
      return table[name].bind(table)
    },
  })
  const authenticatorParts = {
    credentials: credentials.store,
    counters,
    settings: loaded.settings,
    clock: hands.clock,
    log,
  }
  const authenticator = createAuthenticator(authenticatorParts)
  return {
    ...hands,
    ...credentials,
    logged,
    calls,
    /** A password that nobody has tried before. */
    async guess(login: string, remoteAddress = '192.0.2.1') {
      wrongs += 1
      const password = Buffer.from(`wrong ${wrongs}`)
      const attempt = { service: 'pop3', login, password, remoteAddress } as const
      return (await authenticator.authenticate(attempt)).kind
    },
    logIn: (login: string, password: string | Uint8Array, changes: Partial<LoginAttempt> = {}) =>
      authenticator.authenticate({
        service: 'pop3',
        login,
        password: Buffer.from(password),
        remoteAddress: '192.0.2.1',
        ...changes,
      }),
    /** A whole login with SCRAM; the nonce's second half is the listener's. */
    async scram(login: string, password: string, remoteAddress = '192.0.2.1') {
      const attempt = { service: 'imap', login, remoteAddress } as const
      const challenge = await authenticator.scramChallenge(attempt)
      if (challenge.kind === 'throttled') return challenge
      const client = new ScramClient({ login, password, nonce: 'ours' })
      const { salt, iterations } = challenge
      const final = client.final(`r=oursyours,s=${salt},i=${iterations}`)
      const [withoutProof = '', clientProof = ''] = final.split(',p=')
      const authMessage = `${client.first.slice(3)},${client.serverFirst},${withoutProof}`
      const result = await authenticator.scramProof({ ...attempt, authMessage, clientProof })
      if (result.kind !== 'authenticated') return result
      const { serverSignature, ...accepted } = result
      expect(client.trusts(`v=${serverSignature}`)).toBe(true)
      return accepted
    },
    scramChallenge: (login: string, of = authenticator) =>
      of.scramChallenge({ service: 'imap', login, remoteAddress: '192.0.2.1' }),
    /** Another process on the same store. */
    again: () => createAuthenticator(authenticatorParts),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const tim = account('tim@example.test')
const welcome = {
  kind: 'authenticated',
  account: { id: 'tim@example.test', login: 'tim@example.test', sessionsEpoch: 0 },
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
    const tooDear = `$6$rounds=999999$salt$${'a'.repeat(86)}`
    await using world = await open([
      account('tim@example.test', { passwordHash: '{NTLM}geheim' }),
      account('tom@example.test', { passwordHash: tooDear }),
    ])
    for (const login of ['tim', 'tom'])
      expect(await world.logIn(login, 'geheim')).toEqual({ kind: 'refused', reason: 'password' })
    const message = 'password hash cannot be verified'
    expect(world.logged).toEqual([
      { accountId: 'tim@example.test', scheme: 'NTLM', message },
      {
        accountId: 'tom@example.test',
        scheme: 'sha-crypt: 999999 rounds (250000 at most)',
        message,
      },
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
    Object.assign(world.store, {
      replacePassword: () => Promise.reject(new TemporaryFailure('full')),
    })
    expect(await world.logIn('tim', password)).toEqual(welcome)
    expect(world.logged).toMatchObject([{ message: 'password could not be hashed anew' }])
  })
})

describe('logins with SCRAM', () => {
  const withoutVerifier = account('old@example.test', { scramVerifier: null })

  it('let the right password in, with or without the default domain', async () => {
    await using world = await open([tim])
    expect(await world.scram('tim@example.test', 'geheim')).toEqual(welcome)
    expect(await world.scram('tim', 'geheim')).toEqual(welcome)
  })

  it('refuse everybody else after the same time, and say why for the log only', async () => {
    const off = account('off@example.test', { enabled: false })
    await using world = await open([tim, off, withoutVerifier], ['authFailureDelay=2s'])
    const reason = async (login: string, password: string) => {
      const result = await world.scram(login, password)
      return result.kind === 'refused' ? result.reason : result.kind
    }
    expect(await reason('tim', 'falsch')).toBe('password')
    expect(await reason('nobody', 'geheim')).toBe('unknown')
    expect(await reason('off', 'geheim')).toBe('disabled')
    expect(await reason('old', 'geheim')).toBe('password')
    expect(await reason('two words', 'geheim')).toBe('malformed')
    expect(world.sleptMs).toEqual(Array(5).fill(2_000))
  })

  it('ask accounts that do not exist like others, each the same whenever and wherever', async () => {
    await using world = await open([tim, withoutVerifier])
    const real = await world.scramChallenge('tim')
    const made = await world.scramChallenge('nobody')
    if (real.kind === 'throttled' || made.kind === 'throttled') throw new Error('throttled')
    expect({ ...made, salt: made.salt.length }).toEqual({ ...real, salt: real.salt.length })
    expect(await world.scramChallenge('Nobody@EXAMPLE.test', world.again())).toEqual(made)
    expect(await world.scramChallenge('tim', world.again())).toEqual(real)
    expect(await world.scramChallenge('noone')).not.toEqual(made)
    expect(await world.scramChallenge('old')).toMatchObject({ iterations: real.iterations })
  })

  it('become possible with the first good login by password', async () => {
    await using world = await open([withoutVerifier])
    expect((await world.scram('old', 'geheim')).kind).toBe('refused')
    await world.logIn('old', 'falsch')
    expect(world.byLogin.get('old@example.test')?.scramVerifier).toBeNull()
    await world.logIn('old', 'geheim')
    const made = world.byLogin.get('old@example.test')
    expect(made?.passwordHash).toBe(current)
    expect((await world.scram('old', 'geheim')).kind).toBe('authenticated')
    await world.logIn('old', 'geheim')
    expect(world.byLogin.get('old@example.test')).toEqual(made)
  })

  it('see a changed password at once', async () => {
    await using world = await open([tim])
    expect(await world.scram('tim', 'geheim')).toEqual(welcome)
    world.put({ ...tim, ...(await storedPassword('anders')) })
    expect((await world.scram('tim', 'geheim')).kind).toBe('refused')
    expect(await world.scram('tim', 'anders')).toEqual(welcome)
  })

  it('are counted together with logins by password, and held back with them', async () => {
    await using world = await open(
      [tim],
      ['authFailureLimitPerAccount=3', 'authMinimalBackoffTime=30s', 'authFailureDelay=0'],
    )
    await world.scram('tim', 'falsch', '192.0.2.1')
    await world.logIn('tim', 'falsch', { remoteAddress: '192.0.2.2' })
    await world.scram('TIM', 'falsch', '192.0.2.3')
    const held = { kind: 'throttled', retryAfterSeconds: 30 }
    expect(await world.scram('tim', 'geheim', '192.0.2.4')).toEqual(held)
    expect(await world.logIn('tim', 'geheim', { remoteAddress: '192.0.2.5' })).toEqual(held)
    world.advance(30_000)
    expect(await world.scram('tim', 'geheim', '192.0.2.4')).toEqual(welcome)
  })

  it('hold accounts that do not exist back just so', async () => {
    await using world = await open([tim], ['authFailureLimit=2', 'authFailureDelay=0'])
    for (let i = 0; i < 2; i += 1) await world.scram('nobody', 'falsch')
    expect((await world.scram('nobody', 'falsch')).kind).toBe('throttled')
    expect(await world.scram('tim', 'geheim')).toEqual(welcome)
  })

  it('do not let a burst of proofs through before the first is counted', async () => {
    await using world = await open([tim], ['authFailureLimitPerAccount=3', 'authFailureDelay=0'])
    const authenticator = world.again()
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        authenticator.scramProof({
          service: 'imap',
          login: 'tim',
          remoteAddress: `198.51.100.${i}`,
          authMessage: 'x',
          clientProof: '',
        }),
      ),
    )
    const tried = results.filter(({ kind }) => kind === 'refused')
    expect(tried.length).toBeGreaterThanOrEqual(3)
    expect(tried.length).toBeLessThanOrEqual(6)
  })

  it('of strangers keep nobody out where the account has logged in before', async () => {
    await using world = await open(
      [tim],
      ['authFailureLimitPerAccount=1000', 'authFailureDelay=0', 'authCacheTime=0'],
    )
    const authenticator = world.again()
    const proof = (remoteAddress: string) =>
      authenticator.scramProof({
        service: 'imap',
        login: 'tim',
        remoteAddress,
        authMessage: 'x',
        clientProof: '',
      })
    await world.logIn('tim', 'geheim')
    const strangers = Array.from({ length: 200 }, (_, i) => proof(`198.51.100.${i}`))
    const [outcomes, own] = await Promise.all([Promise.allSettled(strangers), proof('192.0.2.1')])
    expect(own).toEqual({ kind: 'refused', reason: 'password' })
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
})

const HOME = '192.0.2.1'
const ELSEWHERE = '198.51.100.7'
const quick = ['authFailureDelay=0', 'authMinimalBackoffTime=30s']
const alice = account('alice@example.test')
const bob = account('bob@example.test')

describe('a stranger', () => {
  it('does not lock anybody out: not at her usual place, not at a new one, only himself', async () => {
    await using world = await open([alice], quick)
    expect((await world.logIn('alice', 'geheim', { remoteAddress: HOME })).kind).toBe(
      'authenticated',
    )
    const guesses: string[] = []
    for (let i = 0; i < 12; i += 1) guesses.push(await world.guess('alice', ELSEWHERE))
    expect(guesses).toEqual([...Array(10).fill('refused'), 'throttled', 'throttled'])
    for (const remoteAddress of [HOME, '203.0.113.9'])
      expect((await world.logIn('alice', 'geheim', { remoteAddress })).kind).toBe('authenticated')
    expect(await world.logIn('alice', 'geheim', { remoteAddress: ELSEWHERE })).toEqual({
      kind: 'throttled',
      retryAfterSeconds: 30,
    })
  })

  it('who guesses from many networks is slowed, and known networks come in', async () => {
    await using world = await open([alice], [...quick, 'authFailureLimitPerAccount=12'])
    await world.logIn('alice', 'geheim', { remoteAddress: HOME })
    const from = (i: number) => `198.51.100.${i}`
    for (let i = 0; i < 12; i += 1) expect(await world.guess('alice', from(i))).toBe('refused')
    for (let i = 0; i < 20; i += 1) expect(await world.guess('alice', from(i))).toBe('throttled')
    expect((await world.logIn('alice', 'geheim', { remoteAddress: HOME })).kind).toBe(
      'authenticated',
    )
    expect((await world.scram('alice', 'geheim', HOME)).kind).toBe('authenticated')
    const travelling = { remoteAddress: '203.0.113.9' }
    expect((await world.logIn('alice', 'geheim', travelling)).kind).toBe('throttled')
    world.advance(30_000)
    expect((await world.logIn('alice', 'geheim', travelling)).kind).toBe('authenticated')
  })

  it('with a thousand addresses learns nothing and keeps the owner out of no place that is known', async () => {
    await using world = await open([alice], quick)
    const at = { remoteAddress: HOME }
    await world.logIn('alice', 'geheim', at)
    const from = (i: number) => `10.${i % 4}.${Math.floor(i / 256)}.${i % 256}`
    const results = new Map<string, number>()
    for (let i = 0; i < 1_000; i += 20) {
      const kinds = Array.from({ length: 20 }, (_, n) => world.guess('alice', from(i + n)))
      // While they are under way, and at once: nothing was slept for.
      const slept = world.sleptMs.length
      expect((await world.logIn('alice', 'geheim', at)).kind).toBe('authenticated')
      expect(world.sleptMs.length).toBe(slept)
      for (const kind of await Promise.all(kinds)) results.set(kind, (results.get(kind) ?? 0) + 1)
    }
    // Of all of them no more were looked at than the account's limit, and those that were under way just then.
    expect(results.get('refused')).toBeLessThanOrEqual(30 + 20)
    expect((results.get('refused') ?? 0) + (results.get('throttled') ?? 0)).toBe(1_000)
  })

  it('in a network of ours does not keep those out who have logged in there', async () => {
    await using world = await open([alice, bob], quick)
    await world.logIn('alice', 'geheim', { remoteAddress: HOME })
    for (let i = 0; i < 20; i += 1) expect(await world.guess(`name${i}`, HOME)).toBe('refused')
    for (let i = 20; i < 24; i += 1) expect(await world.guess(`name${i}`, HOME)).toBe('throttled')
    const at = { remoteAddress: HOME }
    expect((await world.logIn('alice', 'geheim', at)).kind).toBe('authenticated')
    // Who has never been here waits here, and comes in anywhere else.
    expect((await world.logIn('bob', 'geheim', at)).kind).toBe('throttled')
    const away = { remoteAddress: ELSEWHERE }
    expect((await world.logIn('bob', 'geheim', away)).kind).toBe('authenticated')
  })

  it('from one /64 guesses at many accounts only slowly', async () => {
    await using world = await open([alice], quick)
    const from = (i: number) => `2001:db8:0:7::${i.toString(16)}`
    for (let i = 0; i < 20; i += 1) expect(await world.guess(`name${i}`, from(i))).toBe('refused')
    expect(await world.guess('another', from(99))).toBe('throttled')
    expect(await world.guess('another', '2001:db8:0:8::1')).toBe('refused')
  })

  it('from one /48 does no better by a network for each guess', async () => {
    await using world = await open([alice], [...quick, 'authFailureLimitPerAddress=2'])
    const from = (i: number) => `2001:db8:0:${i.toString(16)}::1`
    const home = { remoteAddress: from(1_000) }
    await world.logIn('alice', 'geheim', home)
    for (let i = 0; i < 32; i += 1) expect(await world.guess(`name${i}`, from(i))).toBe('refused')
    expect(await world.guess('another', from(99))).toBe('throttled')
    expect((await world.logIn('alice', 'geheim', home)).kind).toBe('authenticated')
    expect(await world.guess('another', '2001:db8:1::1')).toBe('refused')
  })
})

describe('an account at a place where it logged in before', () => {
  it('is slowed there by guesses made there, and only there', async () => {
    await using world = await open([alice, bob], quick)
    for (const remoteAddress of [HOME, ELSEWHERE])
      await world.logIn('alice', 'geheim', { remoteAddress })
    for (let i = 0; i < 10; i += 1) expect(await world.guess('alice', HOME)).toBe('refused')
    expect(await world.guess('alice', HOME)).toBe('throttled')
    expect((await world.scram('alice', 'geheim', HOME)).kind).toBe('throttled')
    expect((await world.logIn('alice', 'geheim', { remoteAddress: ELSEWHERE })).kind).toBe(
      'authenticated',
    )
    // Her failures are no sign of a guesser in this network.
    expect(await world.guess('bob', HOME)).toBe('refused')
  })

  it('is known for 90 days after the last login, in every process and after a restart', async () => {
    await using world = await open([alice], [...quick, 'authFailureLimitPerAccount=3'])
    await world.logIn('alice', 'geheim', { remoteAddress: HOME })
    const comes = async (days: number) => {
      world.advance(days * 24 * 60 * MINUTE)
      for (let i = 0; i < 3; i += 1) await world.guess('alice', `198.51.100.${i}`)
      const attempt = { service: 'imap', login: 'alice', password: Buffer.from('geheim') } as const
      const again = await world.again().authenticate({ ...attempt, remoteAddress: HOME })
      return again.kind
    }
    expect(await comes(90)).toBe('authenticated')
    expect(await comes(90)).toBe('authenticated')
    expect(await comes(91)).toBe('throttled')
  })

  it('is remembered at the last 32 places', async () => {
    await using world = await open([alice], [...quick, 'authFailureLimitPerAccount=3'])
    for (let i = 0; i < 33; i += 1)
      await world.logIn('alice', 'geheim', { remoteAddress: `192.0.2.${i}` })
    for (let i = 0; i < 3; i += 1) await world.guess('alice', `198.51.100.${i}`)
    const at = async (remoteAddress: string) =>
      (await world.logIn('alice', 'geheim', { remoteAddress })).kind
    expect(await at('192.0.2.32')).toBe('authenticated')
    expect(await at('192.0.2.1')).toBe('authenticated')
    expect(await at('192.0.2.0')).toBe('throttled')
  })

  it('costs one batch of reads, and one write a day', async () => {
    await using world = await open([alice], quick)
    await world.logIn('alice', 'geheim')
    expect(world.calls).toEqual({ batchGet: 1, get: 0, write: 1 })
    await world.logIn('alice', 'geheim')
    expect(world.calls).toEqual({ batchGet: 2, get: 0, write: 1 })
    world.advance(24 * 60 * MINUTE)
    await world.logIn('alice', 'geheim')
    expect(world.calls).toEqual({ batchGet: 3, get: 0, write: 2 })
  })
})

describe('a trusted network', () => {
  it('is neither counted nor held back', async () => {
    await using world = await open(
      [alice],
      [...quick, 'authTrustedNetworks=192.0.2.0/24', 'authFailureLimitPerAccount=1'],
    )
    for (let i = 0; i < 40; i += 1) expect(await world.guess('alice', HOME)).toBe('refused')
    expect(world.calls).toEqual({ batchGet: 0, get: 0, write: 0 })
    expect(await world.guess('alice', ELSEWHERE)).toBe('refused')
    expect(await world.guess('alice', ELSEWHERE)).toBe('throttled')
    expect((await world.logIn('alice', 'geheim', { remoteAddress: HOME })).kind).toBe(
      'authenticated',
    )
  })
})

describe('back-off', () => {
  const pair = [...quick, 'authFailureLimit=3']
  const perAddress = [...quick, 'authFailureLimitPerAddress=3']

  it('holds back untried, even a password that was right a moment ago', async () => {
    await using world = await open([tim], pair)
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
    for (let i = 0; i < 3; i += 1) expect(await world.guess('tim')).toBe('refused')
    const held = { kind: 'throttled', retryAfterSeconds: 30 }
    expect(await world.logIn('tim', 'geheim')).toEqual(held)
    expect(world.logged).toContainEqual({
      subject: 'account#tim@example.test#address#192.0.2.1/32',
      message: 'too many failed logins',
    })
    world.advance(30_000)
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })

  it('counts the same wrong password once: a forgotten device keeps nobody out', async () => {
    await using world = await open([tim], pair)
    for (let i = 0; i < 50; i += 1)
      expect((await world.logIn('tim', 'old password')).kind).toBe('refused')
    for (let i = 0; i < 50; i += 1)
      expect((await world.logIn('nobody', 'old password')).kind).toBe('refused')
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
    world.put({ ...tim, passwordHash: await hashPassword('old password') })
    expect(await world.logIn('tim', 'old password')).toEqual(welcome)
  })

  it('is not avoided by another spelling of the login', async () => {
    await using world = await open([tim], pair)
    for (const login of ['tim', 'TIM', 'Tim@Example.TEST']) await world.guess(login)
    expect((await world.logIn('tim', 'geheim')).kind).toBe('throttled')
  })

  it('holds accounts that do not exist back just so', async () => {
    await using world = await open([tim], pair)
    for (let i = 0; i < 3; i += 1) await world.guess('nobody')
    expect(await world.guess('nobody')).toBe('throttled')
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })

  it('holds an address back for any account, malformed logins counted', async () => {
    await using world = await open([tim], perAddress)
    await world.guess('one')
    await world.guess('two')
    await world.guess('')
    expect((await world.logIn('tim', 'geheim')).kind).toBe('throttled')
    expect((await world.logIn('', 'geheim')).kind).toBe('throttled')
    expect(await world.logIn('tim', 'geheim', { remoteAddress: '192.0.2.2' })).toEqual(welcome)
  })

  it('takes an IPv4 address in IPv6 clothes for the same client', async () => {
    await using world = await open([tim], perAddress)
    for (let i = 0; i < 3; i += 1) await world.guess('y')
    const from = async (remoteAddress: string) =>
      (await world.logIn('tim', 'geheim', { remoteAddress })).kind
    expect(await from('::ffff:192.0.2.1')).toBe('throttled')
    expect(await from('2001:db8:0:8::1')).toBe('authenticated')
  })

  it('does not let a burst of guesses through before the first is counted', async () => {
    await using world = await open([tim], [...quick, 'authFailureLimitPerAccount=3'])
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) => world.guess('tim', `198.51.100.${i}`)),
    )
    const tried = results.filter((kind) => kind === 'refused')
    // The limit, and what was being verified in that moment.
    expect(tried.length).toBeGreaterThanOrEqual(3)
    expect(tried.length).toBeLessThanOrEqual(5)
  })

  it('is over when the window is, without a lasting record', async () => {
    await using world = await open([tim], pair)
    for (let i = 0; i < 2; i += 1) await world.guess('tim')
    world.advance(16 * MINUTE)
    for (let i = 0; i < 2; i += 1) await world.guess('tim')
    expect(await world.logIn('tim', 'geheim')).toEqual(welcome)
  })
})

describe('passwords that are no UTF-8', () => {
  it('let in who sends the same bytes, have no verifier, and are not hashed again at each login', async () => {
    const passwordHash = await passwords.hashPassword(Buffer.from('Grüße', 'latin1'))
    await using world = await open(
      [account('tim@example.test', { passwordHash, scramVerifier: null })],
      ['authCacheTime=0'],
    )
    const stored = world.byLogin.get('tim@example.test')
    expect(await world.logIn('tim', Buffer.from('Grüße', 'latin1'))).toEqual(welcome)
    expect(world.byLogin.get('tim@example.test')).toBe(stored)
    expect((await world.logIn('tim', 'Grüße')).kind).toBe('refused')
    expect((await world.logIn('tim', 'Gr\ufffd\ufffde')).kind).toBe('refused')
  })
})

describe('attempts at one account', () => {
  it('are not looked at while many are under way, whether it exists or not', async () => {
    await using world = await open([tim], quick)
    const { find } = world.store
    const kinds = async (login: string) => {
      // All come to the same point before the first of them is verified.
      const all = Promise.withResolvers<void>()
      let come = 0
      const together: typeof find = async (address) => {
        come += 1
        if (come === 25) all.resolve()
        await all.promise
        return find(address)
      }
      Object.assign(world.store, { find: together })
      const guesses = Array.from({ length: 25 }, (_, i) => world.guess(login, `198.51.100.${i}`))
      return (await Promise.all(guesses)).filter((kind) => kind === 'throttled').length
    }
    expect(await kinds('tim')).toBe(8)
    expect(await kinds('nobody')).toBe(8)
  })

  it('are answered one after the other, whatever it costs to refuse them', async () => {
    const slow = `$6$rounds=250000$salt$${'a'.repeat(86)}`
    await using world = await open([account('slow@example.test', { passwordHash: slow })])
    const took = async (login: string) => {
      const beganMs = world.clock.now()
      const guesses = ['one', 'two', 'x'.repeat(1_000)].map(async (password) => {
        await world.logIn(login, password)
        return world.clock.now() - beganMs
      })
      return Promise.all(guesses)
    }
    expect(await took('slow')).toEqual([2_000, 4_000, 6_000])
    expect(await took('nobody')).toEqual([2_000, 4_000, 6_000])
  })

  it.each([
    ['where the account has logged in before', []],
    ['in a trusted network', ['authTrustedNetworks=192.0.2.1']],
  ])('of others do not count %s', async (_, set) => {
    await using world = await open([tim], [...quick, 'authCacheTime=0', ...set])
    if (set.length === 0) await world.logIn('tim', 'geheim')
    const guesses = Array.from({ length: 25 }, (_, i) => world.guess('tim', `198.51.100.${i}`))
    const own = await world.logIn('tim', 'geheim', { service: 'imap' })
    expect(own.kind).toBe('authenticated')
    await Promise.all(guesses)
  })

  it('with a slow hash do not keep others waiting', async () => {
    const slow = `$6$rounds=250000$salt$${'a'.repeat(86)}`
    await using world = await open(
      [tim, account('slow@example.test', { passwordHash: slow })],
      [...quick, 'authCacheTime=0'],
    )
    const answered: string[] = []
    const guesses = Array.from({ length: 6 }, async (_, i) => {
      await world.guess('slow', `198.51.100.${i}`)
      answered.push('slow')
    })
    expect((await world.logIn('tim', 'geheim')).kind).toBe('authenticated')
    answered.push('tim')
    await Promise.all(guesses)
    // Some of the slow ones may have been done meanwhile; behind them in line he would be the last.
    expect(answered.indexOf('tim')).toBeLessThan(3)
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

describe('an app password', () => {
  const DAY = 24 * 60 * MINUTE
  const salt = saltForAppPasswords(scramVerifier)
  const mark = (changes: Partial<FactorsMark> = {}): FactorsMark => ({
    second: false,
    appPasswords: 1,
    salt: Buffer.from(salt.salt).toString('base64'),
    iterations: salt.iterations,
    ...changes,
  })
  const shown = 'abcd-efgh-jkmn-pqrs-tuvw'

  async function openWith(
    changes: Partial<AppPasswordRecord> = {},
    { factors = mark(), ...credential }: Partial<Credential> = {},
    set: readonly string[] = [],
  ) {
    const world = await open([account('ann@example.test', { factors, ...credential }), tim], set)
    const keys = await keysOfAppPassword(shown, salt)
    const made = { id: 'a1', name: 'phone', createdMs: 0, expiresMs: null }
    const scopes = ['imap', 'pop3', 'smtp', 'managesieve'] as const
    world.kept.set('ann@example.test', [{ ...made, ...keys, scopes, ...changes }])
    return world
  }

  const by = { kind: 'app-password', id: 'a1' }
  const letIn = { kind: 'authenticated', account: { login: 'ann@example.test', means: by } }

  it.each([shown, 'abcdefghjkmnpqrstuvw', 'ABCD EFGH JKMN PQRS TUVW'])(
    'lets in as it is shown, or typed otherwise: %s',
    async (typed) => {
      await using world = await openWith()
      expect(await world.logIn('ann', typed)).toMatchObject(letIn)
    },
  )

  it('is found without the work of a password, however often', async () => {
    await using world = await openWith({}, { passwordHash: '{NTLM}nobody verifies it' })
    for (const service of ['imap', 'pop3', 'smtp', 'managesieve'] as const) {
      expect(await world.logIn('ann', shown, { service })).toMatchObject(letIn)
    }
    expect(world.logged).toEqual([])
  })

  it('is read of nobody who has none', async () => {
    await using world = await openWith()
    world.kept.set('tim@example.test', world.kept.get('ann@example.test') ?? [])
    expect(await world.logIn('tim', shown)).toEqual({ kind: 'refused', reason: 'password' })
  })

  it.each([
    ['is for other protocols', { scopes: ['smtp', 'managesieve'] }, 'scope'],
    ['is too old', { expiresMs: 1 }, 'expired'],
  ] as const)('does not let in where it %s, and counts once', async (_, changes, reason) => {
    await using world = await openWith(changes, {}, ['authFailureLimit=2'])
    await world.clock.sleep(DAY)
    for (let i = 0; i < 5; i++) {
      expect(await world.logIn('ann', shown)).toEqual({ kind: 'refused', reason })
    }
  })

  it('does not let a disabled account in', async () => {
    await using world = await openWith({}, { enabled: false })
    expect(await world.logIn('ann', shown)).toEqual({ kind: 'refused', reason: 'disabled' })
  })

  it('is no password of the administration', async () => {
    await using world = await openWith()
    const refused = { kind: 'refused', reason: 'scope' }
    expect(await world.logIn('ann', shown, { service: 'api' })).toEqual(refused)
  })

  it('leaves the password in, until there is a second factor', async () => {
    await using world = await openWith()
    expect((await world.logIn('ann', 'geheim')).kind).toBe('authenticated')
    world.put(account('ann@example.test', { factors: mark({ second: true }) }))
    const barred = { kind: 'refused', reason: 'second-factor' }
    // The second time it is remembered; neither is a guess that would hold back the app password.
    for (let i = 0; i < 15; i++) expect(await world.logIn('ann', 'geheim')).toEqual(barred)
    expect(await world.logIn('ann', shown)).toMatchObject(letIn)
    expect((await world.logIn('ann', 'geheim', { service: 'api' })).kind).toBe('authenticated')
    expect(await world.logIn('ann', 'geheim')).toEqual(barred)
    expect(await world.logIn('ann', 'falsch')).toEqual({ kind: 'refused', reason: 'password' })
  })

  it('is not needed where passwordWithSecondFactor says so', async () => {
    const factors = mark({ second: true })
    await using world = await openWith({}, { factors }, ['passwordWithSecondFactor=yes'])
    expect((await world.logIn('ann', 'geheim')).kind).toBe('authenticated')
  })

  it('is proved by SCRAM as the password is, for their salt is the same', async () => {
    await using world = await openWith()
    expect(await world.scram('ann', shown)).toMatchObject(letIn)
    const plain = await world.scram('ann', 'geheim')
    expect(plain).toMatchObject({ kind: 'authenticated' })
    expect(plain).not.toMatchObject(letIn)
    expect(await world.scram('ann', 'falsch')).toMatchObject({ reason: 'password' })
  })

  it('is what SCRAM asks for where the password lets nobody in', async () => {
    const factors = mark({ second: true })
    const other = await storedPassword('geheim')
    await using world = await openWith({}, { factors, scramVerifier: other.scramVerifier })
    expect(await world.scram('ann', shown)).toMatchObject(letIn)
    expect((await world.scram('ann', 'geheim')).kind).toBe('refused')
    world.put(account('ann@example.test', { factors }))
    expect(await world.scram('ann', 'geheim')).toMatchObject({ reason: 'second-factor' })
  })

  it.each([
    ['scope', { scopes: ['pop3'] }],
    ['expired', { expiresMs: 1 }],
  ] as const)('proved by SCRAM is refused for its %s', async (reason, changes) => {
    await using world = await openWith(changes)
    await world.clock.sleep(DAY)
    expect(await world.scram('ann', shown)).toEqual({ kind: 'refused', reason })
  })
})
