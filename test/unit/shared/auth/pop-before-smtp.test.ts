import { describe, expect, it, onTestFinished } from 'vitest'
import { asksRecentLogins, createRecentLogins, noteLogins } from '#shared/auth/pop-before-smtp.ts'
import type { Authenticator, LoginAttempt, LoginResult } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

const ann = { id: 'a'.repeat(26) as AccountId, login: 'ann@example.test', sessionsEpoch: 1 }
const bob = { id: 'b'.repeat(26) as AccountId, login: 'bob@example.test', sessionsEpoch: 0 }

function settingsOf(set: readonly string[]) {
  const loaded = loadSettings({ environment: {}, overrides: set })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

async function open({
  set = [],
  openStore = openEmbedded,
}: {
  readonly set?: readonly string[]
  readonly openStore?: typeof openEmbedded | typeof openAws
} = {}) {
  const clock = new ManualClock(Math.floor(Date.now() / SECOND) * SECOND)
  const { store, close } = await openStore({ clock })
  onTestFinished(close)
  const { counters } = store.tables
  const records = new Map<string, Pick<AccountRecord, 'enabled' | 'sessionsEpoch'>>([
    [ann.id, { enabled: true, sessionsEpoch: 1 }],
    [bob.id, { enabled: true, sessionsEpoch: 0 }],
  ])
  let writes = 0
  const logins = createRecentLogins({
    counters: {
      get: (key, options) => counters.get(key, options),
      async write(write) {
        const written = await counters.write(write)
        writes += 1
        return written
      },
    },
    accounts: { byId: async (id) => records.get(id) as AccountRecord | undefined },
    options: settingsOf(set),
    clock,
  })
  return { clock, counters, logins, records, writes: () => writes }
}

const hasTables = await hasDynamoDb()

describe('recent logins', () => {
  for (const [driver, openStore, isThere] of [
    ['embedded', openEmbedded, true],
    ['DynamoDB Local', openAws, hasTables],
  ] as const) {
    it.skipIf(!isThere)(
      `are known for their time from their address alone (${driver})`,
      async () => {
        const { clock, logins } = await open({ openStore })
        expect(await logins.find('192.0.2.1')).toBeUndefined()
        await logins.note('192.0.2.1', ann)
        expect(await logins.find('192.0.2.1')).toBe('ann@example.test')
        expect(await logins.find('::ffff:192.0.2.1')).toBe('ann@example.test')
        expect(await logins.find('192.0.2.2')).toBeUndefined()
        await clock.advance(30 * MINUTE)
        expect(await logins.find('192.0.2.1')).toBe('ann@example.test')
        await clock.advance(SECOND)
        expect(await logins.find('192.0.2.1')).toBeUndefined()
        await logins.note('192.0.2.1', bob)
        expect(await logins.find('192.0.2.1')).toBe('bob@example.test')
      },
    )
  }

  it('count for the network of an IPv6 address', async () => {
    const { logins } = await open()
    await logins.note('2001:db8:1:2::1', ann)
    expect(await logins.find('2001:db8:1:2:ffff::9')).toBe('ann@example.test')
    expect(await logins.find('2001:db8:1:3::1')).toBeUndefined()
  })

  it('are noted once a minute, and go with a ttl', async () => {
    const { clock, counters, logins, writes } = await open({ set: ['popBeforeSmtpTime=10m'] })
    await Promise.all([1, 2, 3].map(() => logins.note('192.0.2.1', ann)))
    await clock.advance(59 * SECOND)
    await logins.note('192.0.2.1', ann)
    expect(writes()).toBe(1)
    await clock.advance(SECOND)
    await logins.note('192.0.2.1', ann)
    expect(writes()).toBe(2)
    const at = Math.floor(clock.now() / SECOND)
    expect(await counters.get({ pk: 'POP#192.0.2.1', sk: 'login' })).toEqual({
      ...{ pk: 'POP#192.0.2.1', sk: 'login', account: ann.id, login: ann.login, epoch: 1 },
      ...{ at, ttl: at + 600 },
    })
  })

  it('of an account that was disabled, removed or has another password are over', async () => {
    const { logins, records } = await open()
    await logins.note('192.0.2.1', ann)
    records.set(ann.id, { enabled: true, sessionsEpoch: 2 })
    expect(await logins.find('192.0.2.1')).toBeUndefined()
    records.set(ann.id, { enabled: false, sessionsEpoch: 1 })
    expect(await logins.find('192.0.2.1')).toBeUndefined()
    records.delete(ann.id)
    expect(await logins.find('192.0.2.1')).toBeUndefined()
  })

  it('from networks that many share are neither noted nor known', async () => {
    const shared = await open()
    await shared.logins.note('100.64.9.9', ann)
    expect(shared.writes()).toBe(0)
    await shared.logins.note('192.0.2.1', ann)
    const later = createRecentLogins({
      ...{ counters: shared.counters, clock: shared.clock },
      accounts: { byId: async () => ({ enabled: true, sessionsEpoch: 1 }) as AccountRecord },
      options: settingsOf(['popBeforeSmtpExcludedNetworks=192.0.2.0/24']),
    })
    expect(await later.find('192.0.2.1')).toBeUndefined()
    expect(await shared.logins.find('192.0.2.1')).toBe('ann@example.test')
  })

  it.each([
    [[], false],
    [['popBeforeSmtp=yes'], true],
    [['smtpdRelayRestrictions=permit_pop_before_smtp, reject_unauth_destination'], true],
    [['smtpdRestrictionClasses=ours={ Permit_Pop_Before_Smtp }'], true],
  ])('with %j are asked for: %s', (set, expected) =>
    expect(asksRecentLogins(settingsOf(set))).toBe(expected),
  )
})

describe('an authenticator that notes logins', () => {
  const attempt = (service: LoginAttempt['service']): LoginAttempt => ({
    ...{ service, login: 'ann', remoteAddress: '192.0.2.1', password: Buffer.from('x') },
  })
  const accepted: LoginResult = { kind: 'authenticated', account: ann }

  function make(result: LoginResult, note?: () => Promise<void>) {
    const noted: string[] = []
    const log = new MemoryLog()
    const asked: Authenticator = {
      authenticate: async () => result,
      scramChallenge: async () => ({ kind: 'challenge', salt: '', iterations: 1 }),
      authenticateToken: async () => result,
      scramProof: async () =>
        result.kind === 'authenticated' ? { ...result, serverSignature: 's' } : result,
    }
    const recent = {
      note:
        note ??
        (async (address: string, { login }: typeof ann) => void noted.push(`${address} ${login}`)),
    }
    return { noted, log, authenticator: noteLogins(asked, recent, log) }
  }

  it('notes those by POP3 and IMAP, whatever the mechanism', async () => {
    const { noted, authenticator } = make(accepted)
    for (const service of ['pop3', 'imap'] as const) {
      expect(await authenticator.authenticate(attempt(service))).toEqual(accepted)
      const proof = { ...attempt(service), authMessage: '', clientProof: '' }
      expect(await authenticator.scramProof(proof)).toMatchObject({ serverSignature: 's' })
      const shown = { ...attempt(service), token: 't' }
      expect(await authenticator.authenticateToken(shown)).toEqual(accepted)
    }
    expect(noted).toEqual(Array(6).fill('192.0.2.1 ann@example.test'))
  })

  it('notes neither others nor those that are refused', async () => {
    const { noted, authenticator } = make(accepted)
    await authenticator.authenticate(attempt('smtp'))
    await authenticator.authenticate(attempt('api'))
    const refusing = make({ kind: 'refused', reason: 'password' })
    await refusing.authenticator.authenticate(attempt('imap'))
    expect([...noted, ...refusing.noted]).toEqual([])
  })

  it('lets whoever it is in when a login cannot be noted', async () => {
    const { log, authenticator } = make(accepted, () => Promise.reject(new TemporaryFailure('no')))
    expect(await authenticator.authenticate(attempt('imap'))).toEqual(accepted)
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { remoteAddress: '192.0.2.1' } }])
  })
})
