// Sessions of people who signed in over HTTP: what a cookie is worth. The cookie holds the account's id and 256 random bits, of which the
// hash is kept; so one read finds a session, one query those of an account, and nobody who reads the table can use what he reads.
//
//   counters   SESSION#<account> / <hash of the secret>   who, when, from where, with what; ttl
//
// Implementation notes: a session ends when it is not used (`sessionIdleTime`), when it is old (`sessionLifetime`), when it is ended, and
// with the account's epoch (another password, disabled, a role narrowed); the last is seen by who reads the account (identities.ts). Its
// use is noted now and then, not at each request. At a step-up it gets another secret; the old one stays good for what is under way, and
// for nothing dangerous.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { allItems } from '#shared/directory/pages.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import {
  type Condition,
  ConditionFailed,
  type Item,
  type Key,
  type Table,
} from '#shared/storage/ports.ts'
import type { ProofMethod } from './second-factors.ts'
import { hashOf, type RandomBytes } from './secrets.ts'

export type Session = {
  /** Names it in lists; of no use to sign in. */
  readonly id: string
  readonly accountId: AccountId
  readonly methods: readonly ProofMethod[]
  readonly createdMs: number
  /** Noted now and then. */
  readonly usedMs: number
  readonly expiresMs: number
  /** When the person proved himself last; null in a session whose secret was replaced. */
  readonly steppedUpMs: number | null
  readonly from: SessionPlace
  /** Of the account when it began. */
  readonly sessionsEpoch: number
  readonly roleEpoch: number
}

export type SessionPlace = {
  readonly address: string
  /** What the client calls itself; cut. */
  readonly client: string
}

/** `cookie`: the secret, for the person alone. */
export type BegunSession = { readonly cookie: string; readonly session: Session }

export interface Sessions {
  begin(
    account: Pick<AccountRecord, 'id' | 'sessionsEpoch' | 'roleEpoch'>,
    methods: readonly ProofMethod[],
    from: SessionPlace,
  ): Promise<BegunSession>
  find(cookie: string): Promise<Session | undefined>
  /** After a proof: with another secret. Undefined: it has ended meanwhile. */
  stepUp(session: Session, method: ProofMethod): Promise<BegunSession | undefined>
  /** The last used first. */
  list(accountId: AccountId): Promise<readonly Session[]>
  /** False: there is none. */
  end(accountId: AccountId, id: string): Promise<boolean>
  /** How many. */
  endAll(accountId: AccountId, options?: { readonly except?: string }): Promise<number>
}

const SECRET_BYTES = 32
export const COOKIE_CHARACTERS_MAX = 128
/** With one more the least used ends. */
export const SESSIONS_MAX = 50
const CLIENT_CHARACTERS_MAX = 200
/** Parts of the idle time after which a use is noted. */
const NOTES_PER_IDLE_TIME = 20
/** How long the secret of before goes on after a step-up: for what other tabs have under way. */
const REPLACED_MS = 30_000

export function createSessions(deps: {
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: Pick<Settings, 'sessionIdleTime' | 'sessionLifetime'>
  readonly clock: Clock
  readonly random: RandomBytes
}): Sessions {
  const { counters, settings, clock, random } = deps

  /** It ends at the earliest of both. */
  const endOf = (createdMs: number, usedMs: number) =>
    Math.min(createdMs + settings.sessionLifetime, usedMs + settings.sessionIdleTime)

  async function write(session: Omit<Session, 'id' | 'expiresMs'>): Promise<BegunSession> {
    const secret = Buffer.from(random(SECRET_BYTES)).toString('base64url')
    const id = hashOf(secret)
    const expiresMs = endOf(session.createdMs, session.usedMs)
    const written: Session = { ...session, id, expiresMs }
    await counters.write({ put: itemOf(written), if: { absent: 'pk' } })
    return { cookie: `${session.accountId}.${secret}`, session: written }
  }

  async function find(cookie: string): Promise<Session | undefined> {
    const key = keyOfCookie(cookie)
    const item = key && (await counters.get(key, { consistent: true }))
    const session = item && readSession(item)
    const nowMs = clock.now()
    if (session === undefined || session.expiresMs <= nowMs) return undefined
    const isReplaced = session.steppedUpMs === null
    if (isReplaced || nowMs - session.usedMs < settings.sessionIdleTime / NOTES_PER_IDLE_TIME) {
      return session
    }
    const used = { ...session, usedMs: nowMs, expiresMs: endOf(session.createdMs, nowMs) }
    const { usedMs, expiresMs, ttl } = itemOf(used)
    // Not where it was replaced meanwhile: its secret has little time left, and gets no more.
    await writeIf(counters, keyOf(session), { usedMs, expiresMs, ttl }, isAsBefore(session))
    return used
  }

  async function list(accountId: AccountId): Promise<readonly Session[]> {
    const found: Session[] = []
    for await (const item of allItems(counters, { pk: pkOf(accountId) })) {
      const session = readSession(item)
      const isCurrent = session !== undefined && session.expiresMs > clock.now()
      if (isCurrent && session.steppedUpMs !== null) found.push(session)
    }
    return found.sort((a, b) => b.usedMs - a.usedMs)
  }

  async function remove(accountId: AccountId, ids: readonly string[]): Promise<void> {
    const pk = pkOf(accountId)
    await counters.batchWrite(ids.map((sk) => ({ delete: { pk, sk } })))
  }

  return {
    find,
    list,

    async begin({ id: accountId, sessionsEpoch, roleEpoch }, methods, from) {
      const open = await list(accountId)
      const tooMany = open.slice(SESSIONS_MAX - 1).map(({ id }) => id)
      if (tooMany.length > 0) await remove(accountId, tooMany)
      const nowMs = clock.now()
      return await write({
        accountId,
        methods,
        createdMs: nowMs,
        usedMs: nowMs,
        steppedUpMs: nowMs,
        from: { address: from.address, client: from.client.slice(0, CLIENT_CHARACTERS_MAX) },
        sessionsEpoch,
        roleEpoch,
      })
    },

    async stepUp(session, method) {
      const nowMs = clock.now()
      const expiresMs = Math.min(session.expiresMs, nowMs + REPLACED_MS)
      const ttl = ttlOf(expiresMs)
      // First, so that one that was ended does not come back.
      const replaced = { steppedUpMs: null, expiresMs, ttl }
      const isThere = await writeIf(counters, keyOf(session), replaced, { exists: 'pk' })
      if (!isThere) return undefined
      const { id: _, expiresMs: __, ...kept } = session
      const methods = [...new Set([...session.methods, method])]
      return await write({ ...kept, methods, usedMs: nowMs, steppedUpMs: nowMs })
    },

    async end(accountId, id) {
      if (!(await list(accountId)).some((session) => session.id === id)) return false
      await remove(accountId, [id])
      return true
    },

    async endAll(accountId, { except } = {}) {
      const shown = await list(accountId)
      // Replaced ones too, which no list has.
      const ids: string[] = []
      for await (const { sk } of allItems(counters, { pk: pkOf(accountId) })) {
        if (sk !== except) ids.push(sk)
      }
      await remove(accountId, ids)
      return shown.filter(({ id }) => id !== except).length
    },
  }
}

const pkOf = (accountId: AccountId) => `SESSION#${accountId}`

const keyOf = ({ accountId, id }: Session): Key => ({ pk: pkOf(accountId), sk: id })

function keyOfCookie(cookie: string): Key | undefined {
  if (cookie.length > COOKIE_CHARACTERS_MAX) return undefined
  const dot = cookie.indexOf('.')
  const accountId = parseAccountId(cookie.slice(0, Math.max(dot, 0)))
  return accountId && { pk: pkOf(accountId), sk: hashOf(cookie.slice(dot + 1)) }
}

const ttlOf = (expiresMs: number) => Math.ceil(expiresMs / 1_000)

const itemOf = ({ id: _, accountId: __, ...session }: Session) => ({
  pk: pkOf(__),
  sk: _,
  ...session,
  methods: [...session.methods],
  from: { ...session.from },
  ttl: ttlOf(session.expiresMs),
})

/** Undefined for what another version wrote in a way that this one does not know: its person signs in again. */
function readSession(item: Item): Session | undefined {
  const accountId = parseAccountId(item.pk.slice('SESSION#'.length))
  const { methods, createdMs, usedMs, expiresMs, steppedUpMs, sessionsEpoch, roleEpoch } = item
  const { address, client } = Object(item.from)
  if (accountId === undefined || !Array.isArray(methods)) return undefined
  return {
    id: item.sk,
    accountId,
    methods: methods as readonly ProofMethod[],
    createdMs: Number(createdMs),
    usedMs: Number(usedMs),
    expiresMs: Number(expiresMs),
    steppedUpMs: typeof steppedUpMs === 'number' ? steppedUpMs : null,
    from: { address: String(address), client: String(client) },
    sessionsEpoch: Number(sessionsEpoch),
    roleEpoch: Number(roleEpoch),
  }
}

const isAsBefore = ({ steppedUpMs }: Session): Condition =>
  steppedUpMs === null
    ? { exists: 'pk' }
    : { attribute: 'steppedUpMs', is: '=', value: steppedUpMs }

async function writeIf(
  table: Table,
  update: Key,
  set: { readonly [name: string]: number | null },
  condition: Condition,
): Promise<boolean> {
  try {
    await table.write({ update, changes: { set }, if: condition })
    return true
  } catch (error) {
    if (error instanceof ConditionFailed) return false
    throw error
  }
}
