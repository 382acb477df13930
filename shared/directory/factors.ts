// What logs an account in besides its password: app passwords, TOTP, recovery codes, passkeys, sign-ins of an issuer. All of one account is
// one item beside its profile, changed on the condition of its version, so that a code counts once whoever asks at the same time:
//
//   ACC#<id>         / FACTORS   version, appPasswords, salt, totp, recovery, passkeys, identities
//   IDENTITY#<hash>  / ACCOUNT   whose the subject of an issuer is; the hash is of both (SHA-256)
//
// What a login with a password needs to know stands in the profile too (`FactorsMark`), so that it reads no further item of an account
// that has none of these. App passwords and recovery codes are stored as hashes, passkeys as public keys. The secret of TOTP is there as it
// is: a code can be checked with nothing less.

import { createHash } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import {
  ConditionFailed,
  type Item,
  type Key,
  type Table,
  type Value,
  type Write,
} from '#shared/storage/ports.ts'
import { parseAccountId } from './account-id.ts'
import { optimistic } from './optimistic.ts'
import { accountKey, type FactorsMark, factorsKey } from './records.ts'

export interface Factors {
  /** Of an account that has none, or is not there, nothing. */
  of(id: AccountId): Promise<FactorsRecord>
  /**
   * Changes them as `edit` says, which is asked again where others changed them meanwhile. Undefined where there is no such account.
   * Sessions that what is gone had let in end.
   */
  change<T>(id: AccountId, edit: (before: FactorsRecord) => Edited<T>): Promise<T | undefined>
  /** Whose the subject of an issuer is. */
  accountOfIdentity(issuer: string, subject: string): Promise<AccountId | undefined>
}

/** `next` undefined: nothing is to be changed. */
export type Edited<T> = { readonly next?: FactorsRecord | undefined; readonly result: T }

export type FactorsRecord = {
  readonly appPasswords: readonly AppPasswordRecord[]
  /** Of all verifiers of app passwords, so that one challenge of SCRAM fits them all; null before the first. */
  readonly salt: ScramSalt | null
  readonly totp: TotpRecord | null
  readonly recovery: RecoveryRecord | null
  readonly passkeys: readonly PasskeyRecord[]
  readonly identities: readonly IdentityRecord[]
}

export type ScramSalt = { readonly salt: Uint8Array; readonly iterations: number }

export const appPasswordScopes = ['imap', 'pop3', 'smtp', 'managesieve'] as const
export type AppPasswordScope = (typeof appPasswordScopes)[number]

export type AppPasswordRecord = {
  readonly id: string
  readonly name: string
  /** SHA-256 of what is random and long: nobody guesses it from there. */
  readonly hash: Uint8Array
  /** Never empty. */
  readonly scopes: readonly AppPasswordScope[]
  readonly createdMs: number
  /** Null: it does not end by itself. */
  readonly expiresMs: number | null
  /** Of SCRAM-SHA-256, with the salt of all. */
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

export type TotpRecord = {
  readonly secret: Uint8Array
  /** Of the last code that was taken: neither it nor one before counts again. */
  readonly lastStep: number
  readonly sinceMs: number
}

export type RecoveryRecord = { readonly hashes: readonly Uint8Array[]; readonly madeMs: number }

export type PasskeyRecord = {
  /** As the authenticator named it; base64url. */
  readonly id: string
  readonly name: string
  /** COSE. */
  readonly publicKey: Uint8Array
  readonly counter: number
  /** The domain that it was made for: nothing else can use it. */
  readonly rpId: string
  readonly transports: readonly string[]
  readonly isBackedUp: boolean
  readonly createdMs: number
  readonly lastUsedMs: number | null
}

export type IdentityRecord = {
  readonly issuer: string
  readonly subject: string
  readonly sinceMs: number
}

export const noFactors: FactorsRecord = {
  appPasswords: [],
  salt: null,
  totp: null,
  recovery: null,
  passkeys: [],
  identities: [],
}

export const hasSecondFactor = ({ totp, passkeys }: FactorsRecord): boolean =>
  totp !== null || passkeys.length > 0

export function createFactors(deps: {
  readonly table: Pick<Table, 'get' | 'transact'>
  /** Told when sessions of the account may have to end. */
  readonly onSessionsEnd: (id: AccountId) => void
}): Factors {
  const { table, onSessionsEnd } = deps

  return {
    async of(id) {
      const item = await table.get(factorsKey(id), { consistent: true })
      return item === undefined ? noFactors : readFactors(item)
    },

    change: (id, edit) =>
      optimistic(async () => {
        const key = factorsKey(id)
        const item = await table.get(key, { consistent: true })
        const before = item === undefined ? noFactors : readFactors(item)
        const { next, result } = edit(before)
        if (next === undefined) return result
        const linked = await links(table, id, before, next)
        const after = { ...next, identities: linked.identities }
        const version = Number(item?.version ?? 0)
        const mark = markOf(after)
        const profile = accountKey(id)
        try {
          await table.transact([
            {
              update: profile,
              changes: mark === null ? { remove: ['factors'] } : { set: { factors: mark } },
              if: { exists: 'pk' },
            },
            {
              put: { ...key, version: version + 1, ...factorsValue(after) },
              if:
                item === undefined
                  ? { absent: 'pk' }
                  : { attribute: 'version', is: '=', value: version },
            },
            ...linked.writes,
          ])
        } catch (error) {
          if (error instanceof ConditionFailed && error.at(0)) return undefined
          throw error
        }
        if (letsInLess(before, after)) onSessionsEnd(id)
        return result
      }),

    async accountOfIdentity(issuer, subject) {
      const item = await table.get(identityKey(issuer, subject), { consistent: true })
      return item === undefined ? undefined : parseAccountId(String(item.accountId))
    },
  }
}

/**
 * What goes and what comes of the subjects of issuers. A subject is one account's: what another has by now neither goes with this one nor
 * comes to it. One of an account that is gone is nobody's.
 */
async function links(
  table: Pick<Table, 'get'>,
  id: AccountId,
  before: FactorsRecord,
  next: FactorsRecord,
): Promise<{
  readonly writes: readonly Write[]
  readonly identities: FactorsRecord['identities']
}> {
  const has = (all: readonly IdentityRecord[], one: IdentityRecord) =>
    all.some(({ issuer, subject }) => issuer === one.issuer && subject === one.subject)
  const writes: Write[] = []
  for (const { issuer, subject } of before.identities.filter((one) => !has(next.identities, one))) {
    const key = identityKey(issuer, subject)
    const item = await table.get(key, { consistent: true })
    if (item?.accountId === id) writes.push({ delete: key, if: stillOf(id) })
  }
  const identities: IdentityRecord[] = []
  for (const one of next.identities) {
    const key = identityKey(one.issuer, one.subject)
    const isKept = has(before.identities, one)
    const item = isKept ? undefined : await table.get(key, { consistent: true })
    const owner = item && parseAccountId(String(item.accountId))
    const isTaken = owner !== undefined && owner !== id && (await isThere(table, owner))
    if (!isTaken) identities.push(one)
    if (isKept || isTaken) continue
    const condition = owner === undefined ? ({ absent: 'pk' } as const) : stillOf(owner)
    writes.push({ put: { ...key, accountId: id }, if: condition })
  }
  return { writes, identities }
}

const stillOf = (id: AccountId) => ({ attribute: 'accountId', is: '=', value: id }) as const

const isThere = async (table: Pick<Table, 'get'>, id: AccountId) =>
  (await table.get(accountKey(id), { consistent: true })) !== undefined

function letsInLess(before: FactorsRecord, next: FactorsRecord): boolean {
  const stay = new Set(next.appPasswords.map(({ id }) => id))
  const isRevoked = before.appPasswords.some(({ id }) => !stay.has(id))
  return isRevoked || (hasSecondFactor(next) && !hasSecondFactor(before))
}

/** Null where a login need not look further. */
function markOf(factors: FactorsRecord): FactorsMark | null {
  const { appPasswords, salt } = factors
  const second = hasSecondFactor(factors)
  if (!second && appPasswords.length === 0) return null
  const isForScram = appPasswords.length > 0 && salt !== null
  return {
    second,
    appPasswords: appPasswords.length,
    ...(isForScram && {
      salt: Buffer.from(salt.salt).toString('base64'),
      iterations: salt.iterations,
    }),
  }
}

function identityKey(issuer: string, subject: string): Key {
  const hash = createHash('sha256').update(`${issuer}\0${subject}`).digest('base64url')
  return { pk: `IDENTITY#${hash}`, sk: 'ACCOUNT' }
}

/** What is not there has no attribute. */
function factorsValue(factors: FactorsRecord): { readonly [attribute: string]: Value } {
  const { appPasswords, salt, totp, recovery, passkeys, identities } = factors
  return {
    ...(appPasswords.length > 0 && { appPasswords }),
    ...(salt && { salt }),
    ...(totp && { totp }),
    ...(recovery && { recovery }),
    ...(passkeys.length > 0 && { passkeys }),
    ...(identities.length > 0 && { identities }),
  }
}

/** Only this file writes it, and it writes what it can read. */
function readFactors(item: Item): FactorsRecord {
  const { appPasswords, salt, totp, recovery, passkeys, identities } = item
  return {
    appPasswords: packed(appPasswords).map((one) => ({
      id: text(one.id),
      name: text(one.name),
      hash: octets(one.hash),
      scopes: appPasswordScopes.filter((scope) => list(one.scopes).includes(scope)),
      createdMs: Number(one.createdMs),
      expiresMs: one.expiresMs == null ? null : Number(one.expiresMs),
      storedKey: octets(one.storedKey),
      serverKey: octets(one.serverKey),
    })),
    salt: salt == null ? null : readSalt(Object(salt)),
    totp: totp == null ? null : readTotp(Object(totp)),
    recovery: recovery == null ? null : readRecovery(Object(recovery)),
    passkeys: packed(passkeys).map((one) => ({
      id: text(one.id),
      name: text(one.name),
      publicKey: octets(one.publicKey),
      counter: Number(one.counter),
      rpId: text(one.rpId),
      transports: list(one.transports).map(String),
      isBackedUp: one.isBackedUp === true,
      createdMs: Number(one.createdMs),
      lastUsedMs: one.lastUsedMs == null ? null : Number(one.lastUsedMs),
    })),
    identities: packed(identities).map((one) => ({
      issuer: text(one.issuer),
      subject: text(one.subject),
      sinceMs: Number(one.sinceMs),
    })),
  }
}

type Packed = { readonly [name: string]: unknown }

const readSalt = ({ salt, iterations }: Packed): ScramSalt => ({
  salt: octets(salt),
  iterations: Number(iterations),
})

const readTotp = ({ secret, lastStep, sinceMs }: Packed): TotpRecord => ({
  secret: octets(secret),
  lastStep: Number(lastStep),
  sinceMs: Number(sinceMs),
})

const readRecovery = ({ hashes, madeMs }: Packed): RecoveryRecord => ({
  hashes: list(hashes).map(octets),
  madeMs: Number(madeMs),
})

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const packed = (value: unknown): readonly Packed[] => list(value).map((one): Packed => Object(one))

const text = (value: unknown): string => String(value)

function octets(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('unreadable factors of an account')
  return value
}
