// The recovery address of an account, and a forgotten password. Whoever has the account sets the address, and confirms it by a link that is
// sent there; from then on a link for a new password is sent there to whoever asks for one. What is answered to him says nothing of whether
// there is such an account, nor does the time that it takes (whoever calls `forgotten` waits: shared/runtime/in-steps.ts).
//
// Who has a role is sent such a link only where a second factor is asked for besides: else whoever reads that one mailbox elsewhere would
// run the system.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { hasSecondFactor } from '#shared/directory/factors.ts'
import { type AccountRecord, isContained } from '#shared/directory/records.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'
import type { Rate } from '#shared/rates/rate.ts'
import { siteHost, siteOrigin } from './client-setup/offered.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import { type RecoveryLetter, recoveryLetter } from './recovery-letters.ts'
import {
  type BadValue,
  badValue,
  type NoSuchAccount,
  type NoSuchLink,
  type NoSuchRecoveryAddress,
  type TooOften,
} from './refusals.ts'
import { findRoute } from './routes.ts'

export interface RecoveryAdministration {
  show(address: string): Promise<RecoveryShown | BadValue | NoSuchAccount>
  /** Mails a link to the new address; the one of before holds until it is used. */
  ask(request: AskRecovery): Promise<RecoveryAsked | BadValue | NoSuchAccount | TooOften>
  /** What the link is good for, without using it. */
  look(secret: string): Promise<RecoveryLook | NoSuchLink>
  confirm(secret: string): Promise<RecoveryConfirmed | NoSuchLink>
  remove(
    address: string,
  ): Promise<RecoveryRemoved | BadValue | NoSuchAccount | NoSuchRecoveryAddress>
  /** Mails a link for a new password, where there is somebody to be sent one; only the record is to know. */
  forgotten(login: string): Promise<ForgottenAnswered>
}

export type AskRecovery = {
  readonly address: string
  readonly recoveryAddress: string
  readonly by: string
}

export type RecoveryShown = {
  readonly kind: 'recovery'
  readonly address: string
  readonly recoveryAddress: string | null
  readonly sinceMs: number | null
  /** Until when a link that was sent can be used; null: none waits. */
  readonly waitsUntilMs: number | null
}
export type RecoveryAsked = {
  readonly kind: 'recovery-asked'
  readonly address: string
  readonly recoveryAddress: string
  readonly expiresMs: number
}
export type RecoveryLook = {
  readonly kind: 'recovery-link'
  readonly accountId: AccountId
  readonly address: string
  readonly recoveryAddress: string
}
export type RecoveryConfirmed = {
  readonly kind: 'recovery-confirmed'
  readonly address: string
  readonly recoveryAddress: string
}
export type RecoveryRemoved = {
  readonly kind: 'recovery-removed'
  readonly address: string
  readonly recoveryAddress: string
}
export type ForgottenAnswered = {
  readonly kind: 'forgotten'
  /** Null: nobody was sent anything. */
  readonly account: AccountRecord | null
}

const HOUR_MS = 3_600_000
/** Links for a new password that an account is sent. */
export const FORGOTTEN_RATE: Rate = { name: 'forgotten', capacity: 3, perMs: HOUR_MS }
/** Confirmations that an account has sent, and that one address is sent by all accounts. */
export const CONFIRMATION_RATE: Rate = { name: 'recovery-from', capacity: 5, perMs: HOUR_MS }
export const CONFIRMED_RATE: Rate = { name: 'recovery-to', capacity: 3, perMs: HOUR_MS }

/** Of an account as it is now; asked again when the link is used. */
export async function mayRecover(
  account: AccountRecord,
  { directory }: Pick<AdministrationDeps, 'directory'>,
): Promise<boolean> {
  if (!account.enabled || isContained(account)) return false
  return account.role === null || hasSecondFactor(await directory.factors.of(account.id))
}

/** Written to whoever has the account, and to the address that is not his any more. */
export async function tellOfRecovery(
  letter: RecoveryLetter,
  account: AccountRecord,
  to: readonly Address[],
  { letters, settings, log }: Pick<AdministrationDeps, 'letters' | 'settings' | 'log'>,
): Promise<void> {
  const named = { account: formatAddress(account.address), host: siteHost(settings) }
  const written = recoveryLetter(letter, named, settings.noticeLanguages)
  for (const one of to) {
    await letters.send({ to: one, ...written }).catch((error) => {
      log.warn({ accountId: account.id, error }, 'letter not sent')
    })
  }
}

export function createRecoveryAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): RecoveryAdministration {
  const { directory, links, letters, rates, settings, record, log } = deps
  const { recoveryAddresses, accounts } = directory
  const noSuchLink: NoSuchLink = { kind: 'no-such-link', field: 'link', value: '' }
  const urlOf = (secret: string) => `${siteOrigin(settings)}/link#${secret}`

  /** Null: it is as good as none, for its mail comes here, where whoever forgot the password does not get. */
  async function parseRecovery(text: string, own: Address): Promise<Address | BadValue> {
    const address = fields.address(text, 'recoveryAddress')
    if (address.kind !== 'ok') return address
    const other = badValue('recoveryAddress', text, { name: 'address-elsewhere' })
    if (isSame(address.value, own)) return other
    const route = await findRoute(directory, [address.value])
    const isOnlyOwn = route.accounts.every((one) => one === formatAddress(own))
    return isOnlyOwn && route.elsewhere.length === 0 ? other : address.value
  }

  async function find(secret: string) {
    const link = await links.find(secret)
    const isOne = link?.kind === 'recovery-address' && link.accountId !== null
    const account = isOne && link.accountId ? await accounts.byId(link.accountId) : undefined
    const address = link?.about === undefined ? undefined : fields.address(link.about)
    const isGood = account?.enabled && !isContained(account) && address?.kind === 'ok'
    return isGood ? { account, address: address.value } : undefined
  }

  async function sendTo(login: string): Promise<AccountRecord | null> {
    const found = await findAccount(directory, fields, login)
    if (found.kind !== 'found') return null
    const { account } = found
    const recovery = await recoveryAddresses.of(account.id)
    if (recovery === undefined || !(await mayRecover(account, deps))) return null
    if (!(await rates.takeShared(FORGOTTEN_RATE, account.id))) return null
    const name = formatAddress(account.address)
    const made = await links.make({
      kind: 'forgotten',
      accountId: account.id,
      by: 'recovery address',
    })
    const { expiresMs } = made.link
    const named = { account: name, host: siteHost(settings) }
    const letter = { kind: 'forgotten', url: urlOf(made.secret), expiresMs } as const
    await letters.send({
      to: recovery.address,
      ...recoveryLetter(letter, named, settings.noticeLanguages),
    })
    const expires = new Date(expiresMs).toISOString()
    record({ what: 'link', name, before: null, after: { kind: 'forgotten', expires } })
    return account
  }

  return {
    async show(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const recovery = await recoveryAddresses.of(id)
      return {
        kind: 'recovery',
        address: formatAddress(address),
        recoveryAddress: recovery ? formatAddress(recovery.address) : null,
        sinceMs: recovery?.sinceMs ?? null,
        waitsUntilMs: (await links.expiry('recovery-address', id)) ?? null,
      }
    },

    async ask({ address: text, recoveryAddress: wanted, by }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const parsed = await parseRecovery(wanted, address)
      if ('kind' in parsed) return parsed
      const to = formatAddress(parsed)
      const mayAsk =
        (await rates.takeShared(CONFIRMATION_RATE, id)) &&
        (await rates.takeShared(CONFIRMED_RATE, to))
      if (!mayAsk) {
        const perHour = CONFIRMED_RATE.capacity
        return { kind: 'too-often', field: 'recoveryAddress', value: to, perHour }
      }
      const made = await links.make({ kind: 'recovery-address', accountId: id, by, about: to })
      const name = formatAddress(address)
      const { expiresMs } = made.link
      const letter = { kind: 'confirm', url: urlOf(made.secret), expiresMs } as const
      const named = { account: name, host: siteHost(settings) }
      await letters.send({
        to: parsed,
        ...recoveryLetter(letter, named, settings.noticeLanguages),
      })
      const expires = new Date(expiresMs).toISOString()
      const after = { kind: 'recovery-address', to, expires }
      record({ what: 'link', name, before: null, after })
      return { kind: 'recovery-asked', address: name, recoveryAddress: to, expiresMs }
    },

    async look(secret) {
      const found = await find(secret)
      if (found === undefined) return noSuchLink
      return {
        kind: 'recovery-link',
        accountId: found.account.id,
        address: formatAddress(found.account.address),
        recoveryAddress: formatAddress(found.address),
      }
    },

    async confirm(secret) {
      const found = await find(secret)
      if (found === undefined || (await links.take(secret)) === undefined) return noSuchLink
      const { account, address } = found
      const set = await recoveryAddresses.set(account.id, address)
      if (set.kind === 'gone') return noSuchLink
      const [name, to] = [formatAddress(account.address), formatAddress(address)]
      const before = set.before && formatAddress(set.before.address)
      record({
        what: 'recovery',
        name,
        before: { recoveryAddress: before ?? null },
        after: { recoveryAddress: to },
      })
      const isOther = set.before !== undefined && before !== to
      const told = [account.address, ...(isOther ? [set.before.address] : [])]
      await tellOfRecovery({ kind: 'changed' }, account, told, deps)
      return { kind: 'recovery-confirmed', address: name, recoveryAddress: to }
    },

    async remove(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { account } = found
      await links.withdraw(account.id, ['recovery-address', 'forgotten'])
      const gone = await recoveryAddresses.remove(account.id)
      const name = formatAddress(account.address)
      if (gone === undefined) {
        return { kind: 'no-such-recovery-address', field: 'recoveryAddress', value: name }
      }
      const recoveryAddress = formatAddress(gone.address)
      record({ what: 'recovery', name, before: { recoveryAddress }, after: null })
      await tellOfRecovery({ kind: 'changed' }, account, [account.address, gone.address], deps)
      return { kind: 'recovery-removed', address: name, recoveryAddress }
    },

    async forgotten(login) {
      const account = await sendTo(login).catch((error) => {
        // Or its failure would tell that there was something to send.
        log.warn({ error }, 'link for a new password not sent')
        return null
      })
      return { kind: 'forgotten', account }
    },
  }
}

const isSame = (one: Address, other: Address) =>
  one.domain === other.domain && lookupKey(one.local) === lookupKey(other.local)
