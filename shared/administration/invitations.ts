// One-time links: the first owner's, an owner's who was made or lost his way in, and the help desk's for a new password. Whoever makes one
// passes it on; nobody who makes it learns the password.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { type InvitationKind, isInvitation, type Link } from '#shared/identity/links.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import { findMaker, refusalOf } from './jobs/maker.ts'
import { mayRecover, tellOfRecovery } from './recovery.ts'
import {
  type BadValue,
  badValue,
  type ChangedMeanwhile,
  type LastOwner,
  type NoSuchAccount,
  type NoSuchLink,
} from './refusals.ts'

export interface InvitationAdministration {
  /** For whoever comes first: makes an account, its domain and the owner. Refused where there is an owner already. */
  inviteFirstOwner(by: string): Promise<Invited | HasOwner>
  /** For a new password; with `owner` its account becomes owner by it. */
  invite(request: Invite): Promise<Invited | BadValue | NoSuchAccount>
  /** Takes his second factors away and ends his sessions; the link sets a password and makes him owner. */
  recoverOwner(
    request: Omit<Invite, 'as' | 'byAccount'>,
  ): Promise<Invited | BadValue | NoSuchAccount>
  /** What the link is good for, to be shown before it is used. */
  look(secret: string): Promise<InvitationFacts | NoSuchLink>
  /** Uses it up. */
  accept(
    request: Accept,
  ): Promise<Accepted | BadValue | NoSuchLink | NoSuchAccount | LastOwner | ChangedMeanwhile>
}

export type Invite = {
  readonly address: string
  readonly as: 'owner' | 'password'
  readonly by: string
  /** Of an account that makes it: the link is good while that account may make it. */
  readonly byAccount?: AccountId | null | undefined
}

export type Accept = {
  readonly secret: string
  readonly password: string
  /** Of the first owner, whose account may not be there. */
  readonly address?: string | undefined
}

export type Invited = {
  readonly kind: 'invited'
  readonly link: InvitationKind
  readonly address: string | null
  /** For the fragment of the address; shown this once. */
  readonly secret: string
  readonly expiresMs: number
}
export type HasOwner = { readonly kind: 'has-owner' }
export type InvitationFacts = {
  readonly kind: 'invitation'
  readonly link: InvitationKind
  readonly address: string | null
  readonly expiresMs: number
}
export type Accepted = {
  readonly kind: 'accepted'
  readonly link: InvitationKind
  readonly address: string
  readonly accountId: AccountId
}

export function createInvitationAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): InvitationAdministration {
  const { directory, links, webSessions, record, mailbox } = deps
  const { accounts, domains, roles } = directory

  const noSuchLink: NoSuchLink = { kind: 'no-such-link', field: 'link', value: '' }

  async function invited(
    kind: InvitationKind,
    accountId: AccountId | null,
    address: string | null,
    { by, byAccount = null }: Pick<Invite, 'by' | 'byAccount'>,
  ): Promise<Invited> {
    const { secret, link } = await links.make({ kind, accountId, by, byAccount })
    const expires = new Date(link.expiresMs).toISOString()
    record({ what: 'link', name: address ?? kind, before: null, after: { kind, expires } })
    return { kind: 'invited', link: kind, address, secret, expiresMs: link.expiresMs }
  }

  /** Null: none that is good any more. */
  async function addressOf(link: Link): Promise<string | null | undefined> {
    const { kind, accountId } = link
    if (kind === 'first-owner') return (await roles.owners()) === 0 ? null : undefined
    if (!isInvitation(kind)) return undefined
    const account = accountId === null ? undefined : await accounts.byId(accountId)
    if (account === undefined || !(await mayStillInvite(link, account))) return undefined
    // Contained or disabled since, or given a role.
    if (kind === 'forgotten' && !(await mayRecover(account, deps))) return undefined
    return formatAddress(account.address)
  }

  async function tellOfUse(id: AccountId): Promise<void> {
    const account = await accounts.byId(id)
    if (account === undefined) return
    await tellOfRecovery({ kind: 'used' }, account, [account.address], deps)
  }

  /** Whoever lost his role since has no way in left behind, and nobody gets by an old link what his account was given since. */
  async function mayStillInvite({ by, byAccount }: Link, account: AccountRecord) {
    if (byAccount === null) return true
    const maker = await findMaker({ accountId: byAccount, name: by }, accounts)
    return maker !== undefined && refusalOf(maker, 'credentials.invite', account) === undefined
  }

  async function firstOwner(
    text: string | undefined,
    stored: StoredPassword,
  ): Promise<AccountId | BadValue> {
    const address = fields.ownAddress(text ?? '')
    if (address.kind !== 'ok') return address
    const { domain } = address.value
    if ((await domains.get(domain)) === undefined) {
      const made = await domains.add(domain)
      if (made.kind === 'ok') {
        record({ what: 'domain', name: domain, before: null, after: { accounts: 0, aliases: 0 } })
      }
    }
    const name = formatAddress(address.value)
    const added = await accounts.add({ address: address.value, ...stored })
    if (added.kind === 'ok') {
      record({ what: 'account', name, before: null, after: { password: 'set' } })
      await mailbox.folders.list(added.account.id)
      return added.account.id
    }
    const changed = await accounts.set(address.value, { ...stored, enabled: true })
    if (changed.kind !== 'ok')
      return badValue('address', name, { name: 'mail-address', lacksDomain: false })
    record({ what: 'account', name, before: {}, after: { password: 'replaced', enabled: true } })
    return changed.account.id
  }

  return {
    async inviteFirstOwner(by) {
      if ((await roles.owners()) > 0) return { kind: 'has-owner' }
      return invited('first-owner', null, null, { by })
    },

    async invite({ address: text, as, ...maker }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      return invited(as, id, formatAddress(address), maker)
    },

    async recoverOwner({ address: text, by }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const name = formatAddress(address)
      const taken = await directory.factors.change(id, (before) => ({
        next: { ...before, totp: null, recovery: null, passkeys: [] },
        result: before.passkeys.length + (before.totp === null ? 0 : 1),
      }))
      await directory.accounts.endSessions(id)
      await directory.recoveryAddresses.remove(id)
      await webSessions.endAll(id)
      record({ what: 'account', name, before: { factors: taken ?? 0 }, after: { factors: 0 } })
      return invited('owner', id, name, { by })
    },

    async look(secret) {
      const link = await links.find(secret)
      const address = link && (await addressOf(link))
      if (link === undefined || address === undefined) return noSuchLink
      if (!isInvitation(link.kind)) return noSuchLink
      return { kind: 'invitation', link: link.kind, address, expiresMs: link.expiresMs }
    },

    async accept({ secret, password, address: wanted }) {
      // All that can be wrong comes before the link is used up.
      const link = await links.find(secret)
      const address = link && (await addressOf(link))
      if (link === undefined || address === undefined || !isInvitation(link.kind)) return noSuchLink
      if (link.kind === 'first-owner') {
        const parsed = fields.ownAddress(wanted ?? '')
        if (parsed.kind !== 'ok') return parsed
      }
      const { storeSecret } = await import('./secrets.ts')
      const stored = await storeSecret({ kind: 'password', password: Buffer.from(password) })
      if (stored.kind !== 'ok') return stored
      if ((await links.take(secret)) === undefined) return noSuchLink
      const { kind, accountId } = link
      const id = accountId ?? (await firstOwner(wanted, stored.value))
      if (typeof id !== 'string') return id
      if (accountId !== null) {
        const parsed = fields.address(address ?? '')
        if (parsed.kind !== 'ok') return parsed
        // Who was sent it is meant to come in again.
        const isOwner = kind === 'owner'
        const changed = await accounts.set(parsed.value, {
          ...stored.value,
          ...(isOwner && { enabled: true }),
        })
        // Cannot happen: no quota is given.
        if (changed.kind === 'over-limit') return noSuchLink
        if (changed.kind !== 'ok')
          return { kind: changed.kind, field: 'address', value: address ?? '' }
        record({
          what: 'account',
          name: address ?? '',
          before: {},
          after: { password: 'replaced' },
        })
      }
      const name = address ?? String(wanted)
      if (kind === 'owner' || kind === 'first-owner') {
        const set = await roles.set(id, { name: 'owner', domains: [] })
        if (set.kind !== 'ok') return { kind: set.kind, field: 'address', value: name }
        record({
          what: 'role',
          name,
          before: { role: set.before.role?.name ?? 'holder' },
          after: { role: 'owner' },
        })
      }
      await webSessions.endAll(id)
      await links.withdraw(id)
      if (kind === 'forgotten') await tellOfUse(id)
      return { kind: 'accepted', link: kind, address: name, accountId: id }
    },
  }
}

type StoredPassword = import('#shared/directory/records.ts').StoredPassword
