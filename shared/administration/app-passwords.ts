// Passwords for one program each: what an account makes for itself, and an administrator for it. None is ever shown again.

import { APP_PASSWORDS_MAX } from '#shared/auth/app-password-limits.ts'
import type { LastUse } from '#shared/auth/devices.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import {
  type AppPasswordRecord,
  type AppPasswordScope,
  appPasswordScopes,
  hasSecondFactor,
} from '#shared/directory/factors.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import {
  type BadValue,
  badValue,
  type NoSuchAccount,
  type NoSuchAppPassword,
  ok,
  type Parsed,
  type TooMany,
} from './refusals.ts'

export interface AppPasswordAdministration {
  /** The newest first. */
  list(address: string): Promise<AppPasswords | BadValue | NoSuchAccount>
  make(request: MakeAppPassword): Promise<AppPasswordMade | BadValue | NoSuchAccount | TooMany>
  /** A row that an export wrote, with secrets: programs log in with what they have. Those that are here stay. */
  bring(
    row: unknown,
  ): Promise<AppPasswordsBrought | NoAppPasswords | BadValue | NoSuchAccount | TooMany>
  /** Sessions that came by it end. */
  revoke(
    request: AppPasswordRequest,
  ): Promise<AppPasswordRevoked | BadValue | NoSuchAccount | NoSuchAppPassword>
  revokeAll(address: string): Promise<AppPasswordsRevoked | BadValue | NoSuchAccount>
}

export type MakeAppPassword = {
  readonly address: string
  /** For people: which program has it. */
  readonly name: string
  /** `imap`, `pop3`, `smtp`, `managesieve` or `all`; none: all. */
  readonly scopes?: readonly string[] | undefined
  /** A time as in RFC 3339, or for how long, such as 90d; none: it does not end by itself. */
  readonly expires?: string | undefined
}

export type AppPasswordRequest = { readonly address: string; readonly id: string }

export type AppPasswords = {
  readonly kind: 'app-passwords'
  readonly address: string
  /** Only these log in to mail, and not the account's password. */
  readonly hasSecondFactor: boolean
  readonly appPasswords: readonly AppPasswordFacts[]
}

export type AppPasswordFacts = {
  readonly id: string
  readonly name: string
  readonly scopes: readonly AppPasswordScope[]
  readonly createdMs: number
  /** Null: never. */
  readonly expiresMs: number | null
  readonly hasExpired: boolean
  /** Of the last 180 days, to the hour; null: none. */
  readonly lastUse: LastUse | null
}

export type AppPasswordMade = {
  readonly kind: 'made'
  readonly address: string
  readonly appPassword: AppPasswordFacts
  /** Nobody gets to see it a second time. */
  readonly password: string
}

/** `count`: those that were not here. */
export type AppPasswordsBrought = { readonly kind: 'brought'; readonly count: number }
/** It is no such row. */
export type NoAppPasswords = { readonly kind: 'no-row' }

export type AppPasswordRevoked = {
  readonly kind: 'revoked'
  readonly address: string
  readonly appPassword: AppPasswordFacts
}

export type AppPasswordsRevoked = {
  readonly kind: 'all-revoked'
  readonly address: string
  readonly count: number
}

export const APP_PASSWORD_NAME_CHARACTERS_MAX = 100
const DAY_MS = 86_400_000
const EXPIRES_MS_MAX = 3_660 * DAY_MS
const lifetime = duration({ min: 60_000, max: EXPIRES_MS_MAX })

export function createAppPasswordAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): AppPasswordAdministration {
  const { directory, devices, clock, record } = deps
  const { factors } = directory

  async function lastUses(id: AccountId) {
    return (await devices.of(id)).appPasswords
  }

  function describe(one: AppPasswordRecord, uses: ReadonlyMap<string, LastUse>): AppPasswordFacts {
    const { id, name, scopes, createdMs, expiresMs } = one
    const hasExpired = expiresMs !== null && expiresMs <= clock.now()
    return { id, name, scopes, createdMs, expiresMs, hasExpired, lastUse: uses.get(id) ?? null }
  }

  return {
    async list(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const [all, uses] = await Promise.all([factors.of(id), lastUses(id)])
      return {
        kind: 'app-passwords',
        address: formatAddress(address),
        hasSecondFactor: hasSecondFactor(all),
        appPasswords: all.appPasswords.map((one) => describe(one, uses)).reverse(),
      }
    },

    async make(request) {
      const name = parseName(request.name)
      if (name.kind !== 'ok') return name
      const scopes = parseScopes(request.scopes ?? [])
      if (scopes.kind !== 'ok') return scopes
      const expires = parseExpires(request.expires, clock.now())
      if (expires.kind !== 'ok') return expires
      const found = await findAccount(directory, fields, request.address)
      if (found.kind !== 'found') return found
      const { id: accountId, address, scramVerifier } = found.account
      const before = await factors.of(accountId)
      if (before.appPasswords.length >= APP_PASSWORDS_MAX) return tooMany(request.name)
      const { generateAppPassword, keysOfAppPassword, newAppPasswordId, saltForAppPasswords } =
        await import('#shared/auth/app-passwords.ts')
      const password = generateAppPassword()
      const salt = before.salt ?? saltForAppPasswords(scramVerifier)
      const made: AppPasswordRecord = {
        id: newAppPasswordId(),
        name: name.value,
        ...(await keysOfAppPassword(password, salt)),
        scopes: scopes.value,
        createdMs: clock.now(),
        expiresMs: expires.value,
      }
      const changed = await factors.change(accountId, (now) => {
        if (now.appPasswords.length >= APP_PASSWORDS_MAX) return { result: 'too-many' as const }
        // Another was made this moment, with a salt of its own: this one is for PLAIN and LOGIN alone.
        const next = { ...now, salt: now.salt ?? salt, appPasswords: [...now.appPasswords, made] }
        return { next, result: 'made' as const }
      })
      if (changed === undefined) return found.gone
      if (changed === 'too-many') return tooMany(request.name)
      const text = formatAddress(address)
      record({ what: 'app-password', name: text, before: null, after: changeFacts(made) })
      return { kind: 'made', address: text, appPassword: describe(made, new Map()), password }
    },

    async bring(row) {
      const { readAppPasswordsRow } = await import('./moving/written-secrets.ts')
      const written = readAppPasswordsRow(row)
      if (written === undefined) return { kind: 'no-row' }
      const found = await findAccount(directory, fields, written.address)
      if (found.kind !== 'found') return found
      const brought = await factors.change(found.account.id, (now) => {
        const known = new Set(now.appPasswords.map(({ id }) => id))
        const fresh = written.appPasswords.filter(({ id }) => !known.has(id))
        if (fresh.length === 0) return { result: [] }
        const appPasswords = [...now.appPasswords, ...fresh]
        if (appPasswords.length > APP_PASSWORDS_MAX) return { result: null }
        // With another salt they are for PLAIN and LOGIN alone.
        return { next: { ...now, salt: now.salt ?? written.salt, appPasswords }, result: fresh }
      })
      if (brought === undefined) return found.gone
      if (brought === null) return tooMany(written.address)
      const name = formatAddress(found.account.address)
      for (const one of brought) {
        record({ what: 'app-password', name, before: null, after: changeFacts(one) })
      }
      return { kind: 'brought', count: brought.length }
    },

    async revoke({ address: text, id }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const revoked = await factors.change(found.account.id, (now) => {
        const one = now.appPasswords.find((one) => one.id === id)
        if (one === undefined) return { result: null }
        const appPasswords = now.appPasswords.filter((other) => other !== one)
        return { next: { ...now, appPasswords }, result: one }
      })
      if (revoked === undefined) return found.gone
      if (revoked === null) return { kind: 'no-such-app-password', field: 'appPassword', value: id }
      const name = formatAddress(found.account.address)
      record({ what: 'app-password', name, before: changeFacts(revoked), after: null })
      const uses = await lastUses(found.account.id)
      return { kind: 'revoked', address: name, appPassword: describe(revoked, uses) }
    },

    async revokeAll(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const count = await factors.change(found.account.id, (now) => {
        const { length } = now.appPasswords
        return { next: length === 0 ? undefined : { ...now, appPasswords: [] }, result: length }
      })
      if (count === undefined) return found.gone
      const name = formatAddress(found.account.address)
      if (count > 0) record({ what: 'app-password', name, before: { count }, after: { count: 0 } })
      return { kind: 'all-revoked', address: name, count }
    },
  }
}

const changeFacts = ({ id, name, scopes, expiresMs }: AppPasswordRecord) => ({
  id,
  label: name,
  scopes,
  expires: expiresMs === null ? null : new Date(expiresMs).toISOString(),
})

const tooMany = (value: string): TooMany => ({
  kind: 'too-many',
  field: 'appPassword',
  value,
  max: APP_PASSWORDS_MAX,
})

function parseName(text: string): Parsed<string> {
  const name = text.trim()
  const charactersMax = APP_PASSWORD_NAME_CHARACTERS_MAX
  return /^[^\p{Cc}]+$/u.test(name) && name.length <= charactersMax
    ? ok(name)
    : badValue('name', text, { name: 'one-line', charactersMax })
}

function parseScopes(texts: readonly string[]): Parsed<readonly AppPasswordScope[]> {
  const allowed = [...appPasswordScopes, 'all']
  for (const text of texts) {
    if (!allowed.includes(text)) return badValue('scopes', text, { name: 'one-of', allowed })
  }
  const isAll = texts.length === 0 || texts.includes('all')
  return ok(appPasswordScopes.filter((scope) => isAll || texts.includes(scope)))
}

function parseExpires(text: string | undefined, nowMs: number): Parsed<number | null> {
  if (text === undefined || text === 'never') return ok(null)
  const forMs = lifetime.parse(text)
  const untilMs = forMs === undefined ? parseTime(text) : nowMs + forMs
  return untilMs !== undefined && untilMs > nowMs && untilMs <= nowMs + EXPIRES_MS_MAX
    ? ok(untilMs)
    : badValue('expires', text, { name: 'future-time', allowed: lifetime.allowed })
}

/** RFC 3339 §5.6, or a day alone, which is over at its end. */
function parseTime(text: string): number | undefined {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i.test(text)
  if (!day && !time) return undefined
  const ms = Date.parse(text) + (day ? DAY_MS : 0)
  return Number.isNaN(ms) ? undefined : ms
}
