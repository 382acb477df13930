// The second factors of accounts: how they come, are used and go. Sign-in asks by `SecondFactors` (second-factors.ts); an account's own pages
// and administration by `FactorKeeper`. What is kept of them is in shared/directory/factors.ts.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import {
  type Factors,
  type FactorsRecord,
  hasSecondFactor,
  type PasskeyRecord,
} from '#shared/directory/factors.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  checkCreation,
  checkPasskey,
  type PasskeyAnswer,
  type PasskeySite,
  parsePasskeyAnswer,
  passkeyCreation,
  passkeyQuestion,
} from './passkeys.ts'
import type { Pending } from './pending.ts'
import {
  generateRecoveryCode,
  RECOVERY_CODES,
  recoveryCodeHash,
  spendRecoveryCode,
} from './recovery-codes.ts'
import {
  type FactorMethod,
  type FactorResult,
  factorMethods,
  type SecondFactors,
} from './second-factors.ts'
import { base32, newTotpSecret, stepOfCode, totpUri } from './totp.ts'

export interface FactorKeeper {
  /** A secret for a program that makes codes. It counts once a code of it was given. */
  beginTotp(account: Named): Promise<TotpOffer>
  confirmTotp(id: AccountId, code: string): Promise<Confirmed>
  /** False where there was none. */
  removeTotp(id: AccountId): Promise<boolean>
  /** In place of those before; none where there is no second factor that may be lost. */
  makeRecoveryCodes(id: AccountId): Promise<readonly string[] | undefined>
  /** For `navigator.credentials.create`. `binding` names the session that it is asked for. */
  beginPasskey(account: Named, binding: string): Promise<unknown>
  finishPasskey(id: AccountId, made: MadePasskey, binding: string): Promise<PasskeyAdded>
  renamePasskey(id: AccountId, passkey: string, name: string): Promise<PasskeyRecord | undefined>
  removePasskey(id: AccountId, passkey: string): Promise<PasskeyRecord | undefined>
  /** For `navigator.credentials.get`, whoever it is: the answer says. */
  askAnybody(binding: string): Promise<unknown>
  checkAnybody(answer: unknown, binding: string): Promise<PasskeyOwner | undefined>
  /** Whether a passkey can be used where we are. */
  isUsable(passkey: Pick<PasskeyRecord, 'rpId'>): Promise<boolean>
}

export type Named = { readonly id: AccountId; readonly login: string }
export type TotpOffer = { readonly secret: string; readonly uri: string }
export type Confirmed =
  /** `recoveryCodes`: where it is the first factor; shown this once. */
  | { readonly kind: 'right'; readonly recoveryCodes: readonly string[] | undefined }
  | { readonly kind: 'wrong' }
  /** Or too long ago. */
  | { readonly kind: 'not-begun' }
export type MadePasskey = { readonly name: string; readonly answer: unknown }
export type PasskeyAdded =
  | {
      readonly kind: 'right'
      readonly passkey: PasskeyRecord
      readonly recoveryCodes: readonly string[] | undefined
    }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'too-many'; readonly max: number }
export type PasskeyOwner = { readonly accountId: AccountId; readonly name: string }

/** Of one account. */
export const PASSKEYS_MAX = 20

export type FactorKeeperDeps = {
  readonly factors: Factors
  readonly pending: Pending
  /** The domain that passkeys are for: as the first was made. */
  readonly site: () => Promise<PasskeySite>
  /** Called when the first is made: from now on the domain stays. */
  readonly settle: (site: PasskeySite) => Promise<void>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

export function createFactorKeeper(deps: FactorKeeperDeps): FactorKeeper & SecondFactors {
  const { factors, pending, site, settle, clock, log } = deps

  /** With recovery codes, where this is its first factor and it has none. */
  function withFirst(
    before: FactorsRecord,
    next: FactorsRecord,
    codes: readonly string[],
  ): { readonly next: FactorsRecord; readonly recoveryCodes: readonly string[] | undefined } {
    if (hasSecondFactor(before) || next.recovery !== null) return { next, recoveryCodes: undefined }
    return { next: { ...next, recovery: recoveryOf(codes) }, recoveryCodes: codes }
  }

  const recoveryOf = (codes: readonly string[]) => ({
    hashes: codes.map(recoveryCodeHash),
    madeMs: clock.now(),
  })

  const newCodes = () => Array.from({ length: RECOVERY_CODES }, generateRecoveryCode)

  async function isUsable({ rpId }: Pick<PasskeyRecord, 'rpId'>): Promise<boolean> {
    return rpId === (await site()).rpId
  }

  async function usableKeys(id: AccountId): Promise<readonly PasskeyRecord[]> {
    const [{ passkeys }, { rpId }] = await Promise.all([factors.of(id), site()])
    return passkeys.filter((key) => key.rpId === rpId)
  }

  async function usePasskey(
    id: AccountId,
    answer: PasskeyAnswer,
    asked: { readonly challenge: string; readonly isAlone: boolean },
  ): Promise<PasskeyRecord | undefined> {
    const key = (await usableKeys(id)).find((one) => one.id === answer.id)
    if (key === undefined) return undefined
    const checked = await checkPasskey(await site(), answer, key, asked)
    if (checked.kind === 'copied') {
      log.warn({ accountId: id, passkey: key.name }, 'a passkey counts backwards: it was copied')
    }
    if (checked.kind !== 'right') return undefined
    const { counter } = checked
    return await factors.change(id, (now) => {
      const current = now.passkeys.find((one) => one.id === key.id)
      // Used at the same time by two, or removed.
      const isBehind = counter !== 0 && counter <= (current?.counter ?? 0)
      if (current === undefined || isBehind) return { result: undefined }
      const used = { ...current, counter, lastUsedMs: clock.now() }
      return { next: withPasskey(now, used), result: used }
    })
  }

  async function changePasskey(
    id: AccountId,
    passkey: string,
    edit: (before: FactorsRecord, key: PasskeyRecord) => FactorsRecord,
  ): Promise<PasskeyRecord | undefined> {
    return await factors.change(id, (now) => {
      const key = now.passkeys.find((one) => one.id === passkey)
      return key === undefined
        ? { result: undefined }
        : { next: withoutLostCodes(edit(now, key)), result: key }
    })
  }

  async function checkTotp(id: AccountId, code: string): Promise<FactorResult> {
    const isRight = await factors.change(id, (now) => {
      const { totp } = now
      if (totp === null) return { result: false }
      const asked = { nowMs: clock.now(), afterStep: totp.lastStep }
      const lastStep = stepOfCode(totp.secret, code, asked)
      return lastStep === undefined
        ? { result: false }
        : { next: { ...now, totp: { ...totp, lastStep } }, result: true }
    })
    return isRight === true ? { kind: 'right', name: null } : { kind: 'wrong' }
  }

  async function checkRecoveryCode(id: AccountId, code: string): Promise<FactorResult> {
    const left = await factors.change(id, (now) => {
      const { recovery } = now
      const hashes = recovery && spendRecoveryCode(recovery.hashes, code)
      if (!hashes) return { result: undefined }
      return { next: { ...now, recovery: { ...recovery, hashes } }, result: hashes.length }
    })
    return left === undefined ? { kind: 'wrong' } : { kind: 'right', name: null, left }
  }

  return {
    isUsable,

    async methodsOf(id) {
      const { totp, recovery, passkeys } = await factors.of(id)
      const has: { readonly [method in FactorMethod]: boolean } = {
        // Also one that was made for another domain: its password alone is not enough because of that.
        passkey: passkeys.length > 0,
        totp: totp !== null,
        'recovery-code': (recovery?.hashes.length ?? 0) > 0,
      }
      return factorMethods.filter((method) => has[method])
    },

    async ask(id, method, binding) {
      if (method !== 'passkey') {
        const { totp, recovery } = await factors.of(id)
        const has = method === 'totp' ? totp !== null : recovery !== null
        return has ? { kind: 'question', question: null } : { kind: 'no-factor' }
      }
      const keys = await usableKeys(id)
      if (keys.length === 0) return { kind: 'no-factor' }
      const question = await passkeyQuestion(await site(), keys)
      await pending.put(`passkey ${id} ${binding}`, question.challenge)
      return { kind: 'question', question }
    },

    async check(id, { method, answer }, binding) {
      if (method !== 'passkey') {
        if (typeof answer !== 'string') return { kind: 'wrong' }
        return method === 'totp' ? checkTotp(id, answer) : checkRecoveryCode(id, answer)
      }
      const parsed = parsePasskeyAnswer(answer)
      const challenge = parsed && (await pending.take(`passkey ${id} ${binding}`))
      if (parsed === undefined || challenge === undefined) return { kind: 'wrong' }
      const key = await usePasskey(id, parsed, { challenge, isAlone: false })
      return key === undefined ? { kind: 'wrong' } : { kind: 'right', name: key.name }
    },

    async removeAll(id) {
      const count = await factors.change(id, (now) => {
        const { totp, passkeys, recovery } = now
        const result = passkeys.length + (totp === null ? 0 : 1)
        if (result === 0 && recovery === null) return { result }
        return { next: { ...now, totp: null, passkeys: [], recovery: null }, result }
      })
      return count ?? 0
    },

    async beginTotp({ id, login }) {
      const secret = newTotpSecret()
      await pending.put(`totp ${id}`, Buffer.from(secret).toString('base64'))
      const { name: issuer } = await site()
      return { secret: base32(secret), uri: totpUri(secret, { login, issuer }) }
    },

    async confirmTotp(id, code) {
      const begun = await pending.read(`totp ${id}`)
      if (begun === undefined) return { kind: 'not-begun' }
      const secret = Buffer.from(begun, 'base64')
      const nowMs = clock.now()
      const lastStep = stepOfCode(secret, code, { nowMs, afterStep: 0 })
      if (lastStep === undefined) return { kind: 'wrong' }
      if ((await pending.take(`totp ${id}`)) === undefined) return { kind: 'not-begun' }
      const codes = newCodes()
      const recoveryCodes = await factors.change(id, (now) => {
        const added = { ...now, totp: { secret, lastStep, sinceMs: nowMs } }
        const { next, recoveryCodes } = withFirst(now, added, codes)
        return { next, result: { recoveryCodes } }
      })
      return recoveryCodes === undefined
        ? { kind: 'not-begun' }
        : { kind: 'right', ...recoveryCodes }
    },

    async removeTotp(id) {
      const had = await factors.change(id, (now) =>
        now.totp === null
          ? { result: false }
          : { next: withoutLostCodes({ ...now, totp: null }), result: true },
      )
      return had === true
    },

    async makeRecoveryCodes(id) {
      const codes = newCodes()
      return await factors.change(id, (now) =>
        hasSecondFactor(now)
          ? { next: { ...now, recovery: recoveryOf(codes) }, result: codes }
          : { result: undefined },
      )
    },

    async beginPasskey(account, binding) {
      const { passkeys } = await factors.of(account.id)
      const options = await passkeyCreation(await site(), account, passkeys)
      await pending.put(`new passkey ${account.id} ${binding}`, options.challenge)
      return options
    },

    async finishPasskey(id, { name, answer }, binding) {
      const challenge = await pending.take(`new passkey ${id} ${binding}`)
      if (challenge === undefined) return { kind: 'wrong' }
      const here = await site()
      const made = await checkCreation(here, answer, challenge)
      if (made === undefined) return { kind: 'wrong' }
      const passkey: PasskeyRecord = { ...made, name, createdMs: clock.now(), lastUsedMs: null }
      await settle(here)
      const codes = newCodes()
      const added = await factors.change<PasskeyAdded>(id, (now) => {
        if (now.passkeys.length >= PASSKEYS_MAX) {
          return { result: { kind: 'too-many', max: PASSKEYS_MAX } }
        }
        if (now.passkeys.some((one) => one.id === passkey.id)) return { result: { kind: 'wrong' } }
        const { next, recoveryCodes } = withFirst(now, withPasskey(now, passkey), codes)
        return { next, result: { kind: 'right', passkey, recoveryCodes } }
      })
      return added ?? { kind: 'wrong' }
    },

    renamePasskey: (id, passkey, name) =>
      changePasskey(id, passkey, (now, key) => withPasskey(now, { ...key, name })),

    removePasskey: (id, passkey) =>
      changePasskey(id, passkey, (now, key) => ({
        ...now,
        passkeys: now.passkeys.filter((one) => one !== key),
      })),

    async askAnybody(binding) {
      const question = await passkeyQuestion(await site())
      await pending.put(`anybody ${binding}`, question.challenge)
      return question
    },

    async checkAnybody(answer, binding) {
      const parsed = parsePasskeyAnswer(answer)
      const accountId = parseAccountId(parsed?.userHandle ?? '')
      const challenge = parsed && (await pending.take(`anybody ${binding}`))
      if (parsed === undefined || accountId === undefined || challenge === undefined) {
        return undefined
      }
      const key = await usePasskey(accountId, parsed, { challenge, isAlone: true })
      return key && { accountId, name: key.name }
    },
  }
}

/** In its place, or as the last. */
function withPasskey(before: FactorsRecord, key: PasskeyRecord): FactorsRecord {
  const isThere = before.passkeys.some(({ id }) => id === key.id)
  const passkeys = isThere
    ? before.passkeys.map((one) => (one.id === key.id ? key : one))
    : [...before.passkeys, key]
  return { ...before, passkeys }
}

/** There is nothing left that could be lost. */
const withoutLostCodes = (next: FactorsRecord): FactorsRecord =>
  hasSecondFactor(next) ? next : { ...next, recovery: null }
