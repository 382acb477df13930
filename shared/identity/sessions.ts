// Sessions of people who signed in over HTTP: what a cookie is worth. The cookie holds the account's id and 256 random bits, of which the
// hash is kept; so one read finds a session, one query those of an account, and nobody who reads the table can use what he reads.
//
//   counters   SESSION#<account> / <hash of the secret>   who, when, from where, with what; ttl
//
// Implementation notes: a session ends when it is not used (`sessionIdleTime`), when it is old (`sessionLifetime`), when it is ended, and
// with the account's epoch (another password, disabled, a role narrowed); the last is seen by who reads the account (identities.ts). Its
// use is noted now and then, not at each request. At a step-up it gets another secret. The old one stays good for REPLACED_MS: requests of
// other tabs are under way with it, and a refusal of one would take the cookie away that has just been set. It is good for no more than
// it was before (nothing that needs a step-up), goes with the session that came in its place, and is in no list.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { allItems } from '#shared/directory/pages.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import {
  ConditionFailed,
  Conflict,
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
  /** The session with the new secret; null: it has not been replaced. */
  readonly replacedBy: string | null
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
  /** Of one that was replaced, the one in its place. False: there is none. */
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
export const REPLACED_MS = 30_000
/** With one session. */
const STEP_UPS_AT_ONCE = 5

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

  const newSecret = () => Buffer.from(random(SECRET_BYTES)).toString('base64url')

  function made(
    secret: string,
    session: Omit<Session, 'id' | 'expiresMs' | 'replacedBy'>,
  ): BegunSession {
    const id = hashOf(secret)
    const expiresMs = endOf(session.createdMs, session.usedMs)
    const cookie = `${session.accountId}.${secret}`
    return { cookie, session: { ...session, id, expiresMs, replacedBy: null } }
  }

  async function find(cookie: string): Promise<Session | undefined> {
    const key = keyOfCookie(cookie)
    const item = key && (await counters.get(key, { consistent: true }))
    const session = item && readSession(item)
    const nowMs = clock.now()
    if (session === undefined || session.expiresMs <= nowMs) return undefined
    const isReplaced = session.replacedBy !== null
    if (isReplaced || nowMs - session.usedMs < settings.sessionIdleTime / NOTES_PER_IDLE_TIME) {
      return session
    }
    const used = { ...session, usedMs: nowMs, expiresMs: endOf(session.createdMs, nowMs) }
    const { usedMs, expiresMs, ttl } = itemOf(used)
    await writeIfNotReplaced(counters, keyOf(session), { usedMs, expiresMs, ttl })
    return used
  }

  /** Replaced ones too, whether they are good any more or not. */
  async function allOf(accountId: AccountId): Promise<readonly Session[]> {
    const found: Session[] = []
    for await (const item of allItems(counters, { pk: pkOf(accountId) })) {
      const session = readSession(item)
      if (session !== undefined) found.push(session)
    }
    return found
  }

  const shown = (all: readonly Session[]) =>
    all.filter(({ expiresMs, replacedBy }) => expiresMs > clock.now() && replacedBy === null)

  async function list(accountId: AccountId): Promise<readonly Session[]> {
    return shown(await allOf(accountId)).sort((a, b) => b.usedMs - a.usedMs)
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
      const begun = made(newSecret(), {
        accountId,
        methods,
        createdMs: nowMs,
        usedMs: nowMs,
        steppedUpMs: nowMs,
        from: { address: from.address, client: from.client.slice(0, CLIENT_CHARACTERS_MAX) },
        sessionsEpoch,
        roleEpoch,
      })
      await counters.write({ put: itemOf(begun.session), if: { absent: 'pk' } })
      return begun
    },

    async stepUp(session, method) {
      const nowMs = clock.now()
      // Of two tabs that step up at once, the second replaces what came of the first.
      for (let attempt = 0; attempt < STEP_UPS_AT_ONCE; attempt++) {
        const last = lastOf(await allOf(session.accountId), session.id)
        if (last === undefined) return undefined
        const { id: _, expiresMs: __, replacedBy: ___, ...kept } = last
        const methods = [...new Set([...last.methods, method])]
        const begun = made(newSecret(), { ...kept, methods, usedMs: nowMs, steppedUpMs: nowMs })
        if (await replace(counters, last, begun.session, nowMs)) return begun
      }
      return undefined
    },

    async end(accountId, id) {
      const all = await allOf(accountId)
      const one = lastOf(all, id)
      if (one === undefined || !shown(all).includes(one)) return false
      const family = all.filter((other) => lastOf(all, other.id) === one)
      await remove(
        accountId,
        family.map((other) => other.id),
      )
      return true
    },

    async endAll(accountId, { except } = {}) {
      const all = await allOf(accountId)
      const kept = except === undefined ? undefined : lastOf(all, except)?.id
      // Those too that this version does not know.
      const ids: string[] = []
      for await (const { sk } of allItems(counters, { pk: pkOf(accountId) })) {
        if (sk !== kept) ids.push(sk)
      }
      await remove(accountId, ids)
      return shown(all).filter(({ id }) => id !== kept).length
    },
  }
}

/** What came in the place of a session, at last; itself where nothing did. */
function lastOf(all: readonly Session[], id: string): Session | undefined {
  const byId = new Map(all.map((session) => [session.id, session]))
  let last = byId.get(id)
  // Each comes once: nothing replaces what replaced it.
  for (const _ of all) {
    if (last === undefined || last.replacedBy === null) return last
    last = byId.get(last.replacedBy)
  }
  return undefined
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

const itemOf = ({ id, accountId, replacedBy, ...session }: Session) => ({
  pk: pkOf(accountId),
  sk: id,
  ...session,
  ...(replacedBy !== null && { replacedBy }),
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
    // One that the version before replaced has no such attribute, and no time of a proof.
    replacedBy: readReplacedBy(item),
    from: { address: String(address), client: String(client) },
    sessionsEpoch: Number(sessionsEpoch),
    roleEpoch: Number(roleEpoch),
  }
}

const readReplacedBy = ({ replacedBy, steppedUpMs }: Item): string | null =>
  typeof replacedBy === 'string' ? replacedBy : typeof steppedUpMs === 'number' ? null : ''

/** False: it is gone, or was replaced already. One that was ended does not come back. */
async function replace(table: Table, last: Session, by: Session, nowMs: number): Promise<boolean> {
  const expiresMs = Math.min(last.expiresMs, nowMs + REPLACED_MS)
  const set = { steppedUpMs: null, replacedBy: by.id, expiresMs, ttl: ttlOf(expiresMs) }
  return isDone(
    table.transact([
      {
        update: keyOf(last),
        changes: { set },
        if: { all: [{ exists: 'pk' }, { absent: 'replacedBy' }] },
      },
      { put: itemOf(by), if: { absent: 'pk' } },
    ]),
  )
}

/** What was replaced meanwhile has little time left, and gets no more. */
const writeIfNotReplaced = (
  table: Table,
  update: Key,
  set: { readonly [name: string]: number },
): Promise<boolean> => {
  const condition = { all: [{ exists: 'pk' }, { absent: 'replacedBy' }] } as const
  return isDone(table.write({ update, changes: { set }, if: condition }))
}

async function isDone(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if (error instanceof ConditionFailed || error instanceof Conflict) return false
    throw error
  }
}
