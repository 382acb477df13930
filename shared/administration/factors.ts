// What an account proves itself with besides its password. It is set up by whoever has it, and taken away by him or for him.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { PasskeyRecord } from '#shared/directory/factors.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { type FoundAccount, findAccount } from './found-account.ts'
import {
  type BadValue,
  badValue,
  type NoSuchAccount,
  type NoSuchFactor,
  ok,
  type Parsed,
  type TooMany,
  type WrongAnswer,
} from './refusals.ts'

type Missing = BadValue | NoSuchAccount

export interface FactorAdministration {
  show(address: string): Promise<FactorsShown | Missing>
  /** A secret for a program that makes codes; nothing changes before a code of it was given. */
  beginTotp(address: string): Promise<TotpBegun | Missing>
  confirmTotp(request: {
    readonly address: string
    readonly code: string
  }): Promise<FactorAdded | WrongAnswer | Missing>
  removeTotp(address: string): Promise<FactorRemoved | NoSuchFactor | Missing>
  /** In place of those before. */
  makeRecoveryCodes(address: string): Promise<RecoveryCodesMade | NoSuchFactor | Missing>
  /** `binding`: the session that asks; only it can answer. */
  beginPasskey(request: PasskeyRequest): Promise<PasskeyBegun | Missing>
  addPasskey(
    request: PasskeyRequest & { readonly name: string; readonly answer: unknown },
  ): Promise<FactorAdded | WrongAnswer | TooMany | Missing>
  renamePasskey(
    request: PasskeyName & { readonly name: string },
  ): Promise<PasskeyRenamed | NoSuchFactor | Missing>
  removePasskey(request: PasskeyName): Promise<FactorRemoved | NoSuchFactor | Missing>
  /** For somebody who has lost them: his password alone signs him in again. */
  removeAll(address: string): Promise<FactorsRemoved | Missing>
}

export type PasskeyRequest = { readonly address: string; readonly binding: string }
export type PasskeyName = { readonly address: string; readonly passkey: string }

export type FactorsShown = {
  readonly kind: 'factors'
  readonly address: string
  readonly totp: { readonly sinceMs: number } | null
  readonly recoveryCodes: { readonly left: number; readonly madeMs: number } | null
  readonly passkeys: readonly PasskeyFacts[]
  /** At an issuer. */
  readonly identities: readonly {
    readonly issuer: string
    readonly subject: string
    readonly sinceMs: number
  }[]
}

export type PasskeyFacts = Pick<
  PasskeyRecord,
  'id' | 'name' | 'isBackedUp' | 'createdMs' | 'lastUsedMs'
> & {
  /** False: it was made for another domain. */
  readonly isUsable: boolean
}

export type TotpBegun = {
  readonly kind: 'totp-begun'
  readonly secret: string
  readonly uri: string
}
export type FactorAdded = {
  readonly kind: 'factor-added'
  readonly address: string
  /** With the first factor; shown this once. */
  readonly recoveryCodes: readonly string[] | null
}
export type FactorRemoved = { readonly kind: 'factor-removed'; readonly address: string }
export type FactorsRemoved = {
  readonly kind: 'factors-removed'
  readonly address: string
  readonly count: number
}
export type RecoveryCodesMade = {
  readonly kind: 'recovery-codes'
  readonly address: string
  readonly codes: readonly string[]
}
export type PasskeyBegun = { readonly kind: 'passkey-begun'; readonly question: unknown }
export type PasskeyRenamed = { readonly kind: 'passkey-renamed'; readonly address: string }

export const PASSKEY_NAME_CHARACTERS_MAX = 100

export function createFactorAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): FactorAdministration {
  const { directory, factorKeeper: keeper, record } = deps

  async function withAccount<T>(
    text: string,
    work: (account: Found) => Promise<T>,
  ): Promise<T | Missing> {
    const found = await findAccount(directory, fields, text)
    if (found.kind !== 'found') return found
    const { id, address } = found.account
    return work({ id, login: formatAddress(address), gone: found.gone })
  }

  const note = (name: string, facts: { readonly [fact: string]: string | number }) =>
    record({ what: 'factor', name, before: null, after: facts })
  const noteGone = (name: string, facts: { readonly [fact: string]: string | number }) =>
    record({ what: 'factor', name, before: facts, after: null })

  return {
    show: (address) =>
      withAccount(address, async ({ id, login }) => {
        const { totp, recovery, passkeys, identities } = await directory.factors.of(id)
        return {
          kind: 'factors',
          address: login,
          totp: totp && { sinceMs: totp.sinceMs },
          recoveryCodes: recovery && { left: recovery.hashes.length, madeMs: recovery.madeMs },
          passkeys: await Promise.all(
            passkeys.map(async (key) => ({
              id: key.id,
              name: key.name,
              isBackedUp: key.isBackedUp,
              createdMs: key.createdMs,
              lastUsedMs: key.lastUsedMs,
              isUsable: await keeper.isUsable(key),
            })),
          ),
          identities,
        }
      }),

    beginTotp: (address) =>
      withAccount(address, async (account) => ({
        kind: 'totp-begun',
        ...(await keeper.beginTotp(account)),
      })),

    confirmTotp: ({ address, code }) =>
      withAccount(address, async ({ id, login }) => {
        const confirmed = await keeper.confirmTotp(id, code)
        if (confirmed.kind !== 'right') return wrong('code')
        note(login, { factor: 'totp' })
        return {
          kind: 'factor-added',
          address: login,
          recoveryCodes: confirmed.recoveryCodes ?? null,
        }
      }),

    removeTotp: (address) =>
      withAccount(address, async ({ id, login }) => {
        if (!(await keeper.removeTotp(id))) return noSuchFactor('totp')
        noteGone(login, { factor: 'totp' })
        return { kind: 'factor-removed', address: login }
      }),

    makeRecoveryCodes: (address) =>
      withAccount(address, async ({ id, login }) => {
        const codes = await keeper.makeRecoveryCodes(id)
        if (codes === undefined) return noSuchFactor('totp, passkey')
        note(login, { factor: 'recovery-codes', count: codes.length })
        return { kind: 'recovery-codes', address: login, codes }
      }),

    beginPasskey: ({ address, binding }) =>
      withAccount(address, async (account) => ({
        kind: 'passkey-begun',
        question: await keeper.beginPasskey(account, binding),
      })),

    async addPasskey({ address, binding, answer, name: text }) {
      const name = parseName(text)
      if (name.kind !== 'ok') return name
      return withAccount(address, async ({ id, login }) => {
        const added = await keeper.finishPasskey(id, { name: name.value, answer }, binding)
        if (added.kind === 'too-many') {
          return { kind: 'too-many', field: 'passkey', value: name.value, max: added.max }
        }
        if (added.kind === 'wrong') return wrong('passkey')
        note(login, { factor: 'passkey', label: name.value })
        return { kind: 'factor-added', address: login, recoveryCodes: added.recoveryCodes ?? null }
      })
    },

    async renamePasskey({ address, passkey, name: text }) {
      const name = parseName(text)
      if (name.kind !== 'ok') return name
      return withAccount(address, async ({ id, login }) => {
        const before = await keeper.renamePasskey(id, passkey, name.value)
        if (before === undefined) return noSuchFactor(passkey)
        const [from, to] = [before.name, name.value]
        record({ what: 'factor', name: login, before: { label: from }, after: { label: to } })
        return { kind: 'passkey-renamed', address: login }
      })
    },

    removePasskey: ({ address, passkey }) =>
      withAccount(address, async ({ id, login }) => {
        const removed = await keeper.removePasskey(id, passkey)
        if (removed === undefined) return noSuchFactor(passkey)
        noteGone(login, { factor: 'passkey', label: removed.name })
        return { kind: 'factor-removed', address: login }
      }),

    removeAll: (address) =>
      withAccount(address, async ({ id, login }) => {
        const count = await keeper.removeAll(id)
        if (count > 0) noteGone(login, { factor: 'all', count })
        return { kind: 'factors-removed', address: login, count }
      }),
  }
}

type Found = {
  readonly id: AccountId
  readonly login: string
  readonly gone: FoundAccount['gone']
}

const wrong = (field: 'code' | 'passkey'): WrongAnswer => ({
  kind: 'wrong-answer',
  field,
  value: '',
})
const noSuchFactor = (value: string): NoSuchFactor => ({
  kind: 'no-such-factor',
  field: 'factor',
  value,
})

function parseName(text: string): Parsed<string> {
  const name = text.trim()
  const charactersMax = PASSKEY_NAME_CHARACTERS_MAX
  return /^[^\p{Cc}]+$/u.test(name) && name.length <= charactersMax
    ? ok(name)
    : badValue('name', text, { name: 'one-line', charactersMax })
}
