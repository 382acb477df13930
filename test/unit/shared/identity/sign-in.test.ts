import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LoginResult } from '#shared/contracts/authenticate.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Identity } from '#shared/identity/identities.ts'
import { actorOfSession } from '#shared/identity/identities.ts'
import type { FactorMethod } from '#shared/identity/second-factors.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { createSessions, type Sessions } from '#shared/identity/sessions.ts'
import {
  createSignIns,
  type SignIns,
  TICKET_MS,
  WRONG_ANSWERS_MAX,
} from '#shared/identity/sign-in.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { must } from '#test/support/must.ts'

const HOUR_MS = 3_600_000
const from = { address: '192.0.2.1', client: 'Mozilla' }
const right = { method: 'totp', answer: 'right' } as const
const wrong = { method: 'totp', answer: 'wrong' } as const

let world: Administered
let sessions: Sessions
let signIns: SignIns
let ann: AccountRecord
let people = 0

/** What the account has, and what was looked at. */
let methods: readonly FactorMethod[]
let looked: unknown[]
let hasRoom: boolean
/** Who the password is of: whatever was typed. */
let whose: () => AccountRecord

beforeAll(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  const { clock, pipeline } = world
  const { store, directory } = pipeline.backend
  const { counters } = store.tables
  const settings = { sessionIdleTime: HOUR_MS, sessionLifetime: 24 * HOUR_MS }
  sessions = createSessions({ counters, settings, clock, random: systemRandom })
  signIns = createSignIns({
    authenticator: {
      async authenticate({ password, login }): Promise<LoginResult> {
        if (String(password) !== 'a') return { kind: 'refused', reason: 'password' }
        const { id, sessionsEpoch } = whose()
        return { kind: 'authenticated', account: { id, login, sessionsEpoch } }
      },
    },
    accounts: directory.accounts,
    sessions,
    factors: {
      methodsOf: async () => methods,
      ask: async () => ({ kind: 'question', question: null }),
      async check(_accountId, { answer }) {
        looked.push(answer)
        return answer === 'right' ? { kind: 'right', name: null } : { kind: 'wrong' }
      },
      removeAll: async () => 0,
    },
    counters,
    rates: { takeShared: async () => hasRoom },
    clock,
    random: systemRandom,
    log: silentLog,
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const accounts = () => world.pipeline.backend.directory.accounts

async function somebody(): Promise<AccountRecord> {
  const address = `p${++people}@a.test`
  await world.administration.accounts.add({ address, secret: hashOfA })
  return must(await accounts().get(must(parseAddress(address))))
}

beforeEach(async () => {
  ann = await somebody()
  whose = () => ann
  methods = ['totp']
  looked = []
  hasRoom = true
})

const withPassword = (password = 'a') =>
  signIns.withPassword({
    login: formatAddress(ann.address),
    password: Buffer.from(password),
    from,
  })

async function ticket(): Promise<string> {
  const needed = await withPassword()
  if (needed.kind !== 'needs-factor') throw new Error(needed.kind)
  return needed.ticket
}

const withFactor = async (text: string, answer: typeof right | typeof wrong = right) =>
  (await signIns.withFactor({ ticket: text, answer, from })).kind

const howMany = (kinds: readonly string[], kind: string) =>
  kinds.filter((one) => one === kind).length

describe('a password', () => {
  it('is enough where there is nothing else', async () => {
    methods = []
    const signedIn = await withPassword()
    if (signedIn.kind !== 'signed-in') throw new Error(signedIn.kind)
    expect(await sessions.find(signedIn.cookie)).toMatchObject({
      accountId: ann.id,
      methods: ['password'],
    })
    expect(await withPassword('b')).toEqual({ kind: 'refused' })
  })

  it('that was another one a moment ago lets nobody in, nor does one of a disabled account', async () => {
    methods = []
    const before = { ...ann, sessionsEpoch: ann.sessionsEpoch - 1 }
    whose = () => before
    expect(await withPassword()).toEqual({ kind: 'refused' })
    whose = () => ann
    await accounts().set(ann.address, { enabled: false })
    ann = must(await accounts().byId(ann.id))
    expect(await withPassword()).toEqual({ kind: 'refused' })
    expect(await signIns.begin(ann.id, ['oidc'], from)).toEqual({ kind: 'refused' })
    expect(await sessions.list(ann.id)).toEqual([])
  })

  it('earns a ticket, and no session, where there is a factor', async () => {
    expect(await withPassword()).toMatchObject({ kind: 'needs-factor', methods: ['totp'] })
    expect(await sessions.list(ann.id)).toEqual([])
  })
})

describe('a ticket', () => {
  it('is good for one session, of two right answers at once too', async () => {
    const text = await ticket()
    const kinds = await Promise.all([withFactor(text), withFactor(text)])
    expect(kinds.toSorted()).toEqual(['signed-in', 'ticket-gone'])
    expect(await withFactor(text)).toBe('ticket-gone')
    expect(await sessions.list(ann.id)).toMatchObject([{ methods: ['password', 'totp'] }])
  })

  it('has so many answers, and the last of them counts', async () => {
    const text = await ticket()
    for (let n = 1; n < WRONG_ANSWERS_MAX; n++)
      expect(await withFactor(text, wrong)).toBe('refused')
    expect(await withFactor(text)).toBe('signed-in')
    const other = await ticket()
    for (let n = 0; n < WRONG_ANSWERS_MAX; n++) await withFactor(other, wrong)
    expect(await withFactor(other)).toBe('ticket-gone')
  })

  it('has no more answers where many come at once', async () => {
    const text = await ticket()
    const kinds = await Promise.all(
      Array.from({ length: 4 * WRONG_ANSWERS_MAX }, () => withFactor(text, wrong)),
    )
    expect(looked).toHaveLength(WRONG_ANSWERS_MAX)
    expect(howMany(kinds, 'refused')).toBe(WRONG_ANSWERS_MAX)
  })

  it('ends, and is of one account and one secret', async () => {
    const text = await ticket()
    const [, secret = ''] = text.split('.')
    const other = await somebody()
    for (const none of ['', '.', secret, `${other.id}.${secret}`, `${ann.id}.x`, 'x'.repeat(9_999)])
      expect(await withFactor(none)).toBe('ticket-gone')
    expect(await signIns.ask(text, 'totp')).toMatchObject({ kind: 'question' })
    world.clock.advance(TICKET_MS)
    expect(await signIns.ask(text, 'totp')).toEqual({ kind: 'ticket-gone' })
    expect(await withFactor(text)).toBe('ticket-gone')
    expect(looked).toEqual([])
  })

  it('is worth nothing when the password was changed meanwhile', async () => {
    const before = { ...ann, sessionsEpoch: ann.sessionsEpoch - 1 }
    whose = () => before
    expect(await withFactor(await ticket())).toBe('refused')
    expect(await sessions.list(ann.id)).toEqual([])
  })

  it('is not answered where an account was answered for too often', async () => {
    const text = await ticket()
    hasRoom = false
    expect(await withFactor(text)).toBe('throttled')
    expect(looked).toEqual([])
  })
})

describe('a step-up', () => {
  async function identityOf(): Promise<Identity> {
    const { session } = await sessions.begin(ann, ['password'], from)
    return { actor: actorOfSession(ann, session), account: ann, session, token: null }
  }
  const password = { method: 'password', password: Buffer.from('a') } as const

  it('takes the password of who is signed in, where he has nothing else', async () => {
    methods = []
    const identity = await identityOf()
    expect(await signIns.stepUpMethods(ann.id)).toEqual(['password'])
    const other = await somebody()
    whose = () => other
    expect(await signIns.stepUp(identity, password, from)).toEqual({ kind: 'refused' })
    whose = () => ann
    expect(await signIns.stepUp(identity, password, from)).toMatchObject({ kind: 'stepped-up' })
  })

  it('takes no password where there is a factor, and that factor right only', async () => {
    const identity = await identityOf()
    expect(await signIns.stepUpMethods(ann.id)).toEqual(['totp'])
    expect(await signIns.stepUp(identity, password, from)).toEqual({ kind: 'refused' })
    expect(await signIns.stepUp(identity, wrong, from)).toEqual({ kind: 'refused' })
    hasRoom = false
    expect(await signIns.stepUp(identity, right, from)).toMatchObject({ kind: 'throttled' })
    hasRoom = true
    expect(await signIns.stepUp(identity, right, from)).toMatchObject({
      kind: 'stepped-up',
      session: { methods: ['password', 'totp'] },
    })
  })

  it('is of a session that is there, and of none of a token', async () => {
    const identity = await identityOf()
    await sessions.endAll(ann.id)
    expect(await signIns.stepUp(identity, right, from)).toEqual({ kind: 'refused' })
    const ofToken = { ...identity, session: null }
    expect(await signIns.stepUp(ofToken, right, from)).toEqual({ kind: 'refused' })
    expect(await signIns.askStepUp(ofToken, 'totp')).toEqual({ kind: 'no-factor' })
  })
})
