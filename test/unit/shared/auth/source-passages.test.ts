// Logins of accounts that are still on an old server: who judges the password, what counts as a guess, and what is told of a source that does
// not answer.

import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import type { Credential } from '#shared/auth/credential-store.ts'
import { storedPassword, verifyPassword } from '#shared/auth/passwords.ts'
import { passToSource } from '#shared/auth/source-passages.ts'
import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type AtSource, LoginNotNow } from '#shared/contracts/source.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import type { SourceLogin, SourceLogins } from '#shared/front/source-logins.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ScramClient } from '#test/support/scram-client.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const here = await storedPassword(Buffer.from('word of here'))
const ann = 'ann@ours.test'
const at: AtSource = { name: 'old', state: 'at-source' }
const master = {
  kind: 'master',
  names: 'address',
  user: 'm',
  separator: '*',
  password: 'p',
} as const

type World = {
  readonly source?: AtSource
  readonly login?: SourceHost['login']
  readonly enabled?: boolean
  readonly learnsPasswords?: boolean
  readonly isGuest?: true
}

async function open({
  source = at,
  login = { kind: 'own-password', names: 'address' },
  enabled = true,
  learnsPasswords = false,
  isGuest,
}: World = {}) {
  const folder = await temporaryFolder()
  const { clock } = skippingClock()
  const store = await openEmbeddedStore({ directory: folder.path, clock })
  const loaded = loadSettings({ environment: {}, overrides: ['authFailureLimit=3'] })
  if (loaded.kind === 'invalid') throw new Error('settings')
  let credential: Credential = {
    ...{ accountId: 'ann' as AccountId, login: ann, enabled, sessionsEpoch: 0, factors: null },
    ...{ ...here, source, ...(isGuest && { isGuest }) },
  }
  const host: SourceHost = {
    ...{ name: 'old', endpoints: {}, smtp: null, login, accounts: 1, domains: 0, createdMs: 0 },
  }
  const asked: SourceLogin[] = []
  const source_ = { password: 'word of there', isDown: false, isLost: false }
  const logins: SourceLogins = {
    async find() {
      if (source_.isLost) throw new TemporaryFailure('lost')
      return host
    },
    async open(_, one) {
      asked.push(one)
      if (source_.isDown) throw new TemporaryFailure('down')
      const { password } = one
      if (password && String(Buffer.from(password)) !== source_.password) return { kind: 'refused' }
      const passage = { socket: new PassThrough(), first: Buffer.alloc(0), words: 'IMAP4rev1' }
      return { kind: 'in', passage: one.service === 'smtp' && !one.isGuest ? undefined : passage }
    },
  }
  const authenticator = passToSource(
    createAuthenticator({
      credentials: {
        find: async (address) => (formatAddress(address) === ann ? credential : undefined),
        appPasswords: async () => [],
        async replacePassword(_, oldHash, stored) {
          if (oldHash === credential.passwordHash) credential = { ...credential, ...stored }
        },
      },
      counters: store.tables.counters,
      settings: loaded.settings,
      ...{ clock, log: silentLog, sources: { logins, learnsPasswords } },
    }),
    logins,
  )
  return {
    asked,
    source: source_,
    credential: () => credential,
    move: (to: AtSource | undefined) => {
      credential = { ...credential, source: to }
    },
    logIn: (password: string, service: LoginAttempt['service'] = 'imap') =>
      authenticator.authenticate({
        ...{ service, login: ann, remoteAddress: '192.0.2.1' },
        password: Buffer.from(password),
      }),
    async scram(password: string, service: LoginAttempt['service'] = 'imap') {
      const attempt = { service, login: ann, remoteAddress: '192.0.2.1' } as const
      const challenge = await authenticator.scramChallenge(attempt)
      if (challenge.kind === 'throttled') return challenge
      const client = new ScramClient({ login: ann, password, nonce: 'ours' })
      const final = client.final(`r=oursyours,s=${challenge.salt},i=${challenge.iterations}`)
      const [withoutProof = '', clientProof = ''] = final.split(',p=')
      const authMessage = `${client.first.slice(3)},${client.serverFirst},${withoutProof}`
      return await authenticator.scramProof({ ...attempt, authMessage, clientProof })
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('where the source is shown the password', () => {
  it('it alone judges it, and the session goes on there', async () => {
    await using world = await open()
    expect(await world.logIn('word of there')).toMatchObject({
      kind: 'authenticated',
      account: { source: at },
      passage: { words: 'IMAP4rev1' },
    })
    expect(await world.logIn('word of here')).toEqual({ kind: 'refused', reason: 'password' })
    expect(world.asked).toMatchObject([
      { service: 'imap', account: ann, remoteAddress: '192.0.2.1' },
      { service: 'imap' },
    ])
  })

  it('guesses are counted, and the same wrong word once, which is asked for all the same', async () => {
    await using world = await open()
    for (let n = 0; n < 5; n++) {
      expect(await world.logIn('old word')).toMatchObject({ kind: 'refused' })
    }
    expect(world.asked).toHaveLength(5)
    // It has become that of there.
    world.source.password = 'old word'
    expect(await world.logIn('old word')).toMatchObject({ kind: 'authenticated' })
    for (const guess of ['a', 'b', 'c', 'd']) await world.logIn(guess)
    const before = world.asked.length
    expect(await world.logIn('e')).toMatchObject({ kind: 'throttled' })
    expect(world.asked).toHaveLength(before)
  })

  it('that it does not answer is no wrong password, and counts for nobody', async () => {
    await using world = await open()
    world.source.isDown = true
    for (let n = 0; n < 10; n++) {
      await expect(world.logIn(`word ${n}`)).rejects.toBeInstanceOf(TemporaryFailure)
    }
    world.source.isDown = false
    expect(await world.logIn('word of there')).toMatchObject({ kind: 'authenticated' })
  })

  it('it is not asked about who is disabled here', async () => {
    await using world = await open({ enabled: false })
    expect(await world.logIn('word of there')).toEqual({ kind: 'refused', reason: 'disabled' })
    expect(world.asked).toEqual([])
  })

  it('a proof of the password is not taken, and no wrong one', async () => {
    await using world = await open()
    await expect(world.scram('word of here')).rejects.toBeInstanceOf(LoginNotNow)
  })

  it('sending is let in by its word, and goes on here', async () => {
    await using world = await open()
    const result = await world.logIn('word of there', 'smtp')
    expect(result).toMatchObject({ kind: 'authenticated' })
    expect(result).not.toHaveProperty('passage')
  })

  it('the console knows what is kept here alone', async () => {
    await using world = await open({ learnsPasswords: true })
    expect(await world.logIn('word of there', 'api')).toMatchObject({ kind: 'refused' })
    expect(await world.logIn('word of here', 'api')).toMatchObject({ kind: 'authenticated' })
    expect(world.asked).toEqual([])
  })
})

describe('a guest', () => {
  it('is let in by the source alone, and all of his session goes on there', async () => {
    await using world = await open({ isGuest: true, learnsPasswords: true })
    for (const service of ['imap', 'pop3', 'managesieve', 'smtp'] as const) {
      expect(await world.logIn('word of there', service)).toMatchObject({
        kind: 'authenticated',
        account: { isGuest: true, source: at },
        passage: {},
      })
    }
    expect(await world.logIn('word of here')).toMatchObject({ kind: 'refused' })
    // There is nothing to keep it in.
    expect(world.credential()).toMatchObject(here)
  })

  it('is nobody to the console, and where passwords are checked here', async () => {
    await using world = await open({ isGuest: true })
    const unknown = { kind: 'refused', reason: 'unknown' }
    expect(await world.logIn('word of here', 'api')).toEqual(unknown)
    await using mastered = await open({ isGuest: true, login: master })
    expect(await mastered.logIn('word of here')).toEqual(unknown)
    expect(mastered.asked).toEqual([])
  })
})

it('who is here is asked for nowhere else', async () => {
  await using world = await open()
  world.move(undefined)
  world.source.isLost = true
  for (const service of ['imap', 'smtp', 'api'] as const) {
    expect(await world.logIn('word of here', service)).toMatchObject({ kind: 'authenticated' })
  }
  expect(await world.scram('word of here')).toMatchObject({ kind: 'authenticated' })
  expect(world.asked).toEqual([])
})

it('a source that is not known any more is no wrong password', async () => {
  await using world = await open()
  world.source.isLost = true
  await expect(world.logIn('word of there')).rejects.toBeInstanceOf(TemporaryFailure)
})

describe('while an account moves', () => {
  it('nobody is let in, whatever the password, and sending goes on', async () => {
    await using world = await open({ source: { ...at, state: 'moving' } })
    for (const service of ['imap', 'pop3', 'managesieve'] as const) {
      await expect(world.logIn('word of there', service)).rejects.toBeInstanceOf(LoginNotNow)
      await expect(world.scram('word of here', service)).rejects.toBeInstanceOf(LoginNotNow)
    }
    expect(world.asked).toEqual([])
    expect(await world.logIn('word of there', 'smtp')).toMatchObject({ kind: 'authenticated' })
  })
})

describe('where there is a master user', () => {
  it.each(['logIn', 'scram'] as const)(
    'the login is checked here and made there: %s',
    async (by) => {
      await using world = await open({ login: master })
      expect(await world[by]('word of here')).toMatchObject({
        kind: 'authenticated',
        passage: { words: 'IMAP4rev1' },
      })
      expect(await world[by]('word of there')).toMatchObject({ kind: 'refused' })
      expect(world.asked).toEqual([
        {
          ...{ service: 'imap', account: ann, isGuest: false, remoteAddress: '192.0.2.1' },
          password: undefined,
        },
      ])
    },
  )

  it('nobody is let in while it moves', async () => {
    await using world = await open({ login: master, source: { ...at, state: 'moving' } })
    await expect(world.logIn('word of here')).rejects.toBeInstanceOf(LoginNotNow)
    await expect(world.scram('word of here')).rejects.toBeInstanceOf(LoginNotNow)
  })
})

describe('frontLearnsPasswords', () => {
  it('keeps the hash of what was right there, and of nothing else', async () => {
    await using world = await open({ learnsPasswords: true })
    await world.logIn('a guess')
    expect(world.credential()).toMatchObject(here)
    await world.logIn('word of there')
    const { passwordHash } = world.credential()
    expect(passwordHash).toMatch(/^\$argon2id\$/)
    const verified = await verifyPassword(passwordHash, Buffer.from('word of there'))
    expect(verified.kind).toBe('match')
    world.move(undefined)
    expect(await world.logIn('word of there')).toMatchObject({ kind: 'authenticated' })
    expect(await world.logIn('word of here')).toMatchObject({ kind: 'refused' })
    expect(await world.scram('word of there')).toMatchObject({ kind: 'authenticated' })
  })

  it('keeps nothing where it is off', async () => {
    await using world = await open()
    await world.logIn('word of there')
    expect(world.credential()).toMatchObject(here)
  })
})
