// One-time links: whoever has one may do one thing once, within a time. The secret stands in the fragment of the address, which no server
// is sent and no log has; only its hash is kept. One of a kind for each account: a new one makes the old one worthless.
//
//   counters   LINK#<account or first-owner> / <kind>   hash, until when, who made it (`byAccount`: where an account has), what about; ttl

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import { hashOf, hexOf, isSameHash, type RandomBytes } from './secrets.ts'

/**
 * `first-owner`: makes an account and its domain where there are none, and the account an owner, while there is none. `owner`: makes the
 * account one. `password`: a new password; what else was set stays. `forgotten`: the same, of whoever had it sent to his recovery address.
 * `recovery-address`: what it is about becomes that address.
 */
export const linkKinds = [
  'first-owner',
  'owner',
  'password',
  'forgotten',
  'recovery-address',
] as const
export type LinkKind = (typeof linkKinds)[number]

/** Those with which a password is set. */
export const invitationKinds = ['first-owner', 'owner', 'password', 'forgotten'] as const
export type InvitationKind = (typeof invitationKinds)[number]

export const isInvitation = (kind: LinkKind): kind is InvitationKind => kind !== 'recovery-address'

export type Link = {
  readonly kind: LinkKind
  /** Null of `first-owner`. */
  readonly accountId: AccountId | null
  readonly expiresMs: number
  /** Who made it, as the audit names him. */
  readonly by: string
  /** Of `recovery-address`: which. */
  readonly about?: string
  /** His account; null: the machine's user. */
  readonly byAccount: AccountId | null
}

export type NewLink = Omit<Link, 'expiresMs' | 'byAccount'> & Partial<Pick<Link, 'byAccount'>>

export interface Links {
  /** `secret`: for the fragment. */
  make(link: NewLink): Promise<{ readonly secret: string; readonly link: Link }>
  /** What it is good for, without using it. */
  find(secret: string): Promise<Link | undefined>
  /** Uses it up; of two who use it at once one gets it. */
  take(secret: string): Promise<Link | undefined>
  /** Those of an account. */
  withdraw(accountId: AccountId, kinds?: readonly LinkKind[]): Promise<void>
  /** When the newest of that kind ends; undefined: there is none. */
  expiry(kind: LinkKind, accountId: AccountId | null): Promise<number | undefined>
}

export const LINK_MS = 24 * 3_600_000
/** Anybody may have it sent; it waits in a mailbox elsewhere. */
export const FORGOTTEN_LINK_MS = 3_600_000
export const LINK_CHARACTERS_MAX = 200
const SECRET_BYTES = 24
const FIRST_OWNER = 'first-owner'

const LINK = /^([a-z-]{1,20})\.([0-9A-Za-z_-]{1,64})\.([0-9a-f]{48})$/

export function createLinks(deps: {
  /** The `counters` table. */
  readonly counters: Table
  readonly clock: Clock
  readonly random: RandomBytes
}): Links {
  const { counters, clock, random } = deps

  async function look(secret: string) {
    const parsed = parseLink(secret)
    if (parsed === undefined) return undefined
    const item = await counters.get(keyOf(parsed), { consistent: true })
    if (item === undefined || !isSameHash(hashOf(parsed.secret), String(item.hash))) {
      return undefined
    }
    const link = readLink(parsed, item)
    return link.expiresMs > clock.now() ? { link, key: keyOf(parsed), item } : undefined
  }

  return {
    async make({ kind, accountId, by, byAccount = null, about }) {
      const text = hexOf(random(SECRET_BYTES))
      const expiresMs = clock.now() + (kind === 'forgotten' ? FORGOTTEN_LINK_MS : LINK_MS)
      const ttl = Math.ceil(expiresMs / 1_000)
      const key = keyOf({ kind, accountId })
      const maker = byAccount === null ? { by } : { by, byAccount }
      const told = about === undefined ? {} : { about }
      await counters.write({
        put: { ...key, hash: hashOf(text), expiresMs, ...maker, ...told, ttl },
      })
      const link = { kind, accountId, by, byAccount, expiresMs, ...told }
      return { secret: `${kind}.${accountId ?? FIRST_OWNER}.${text}`, link }
    },

    find: async (secret) => (await look(secret))?.link,

    async take(secret) {
      const found = await look(secret)
      if (found === undefined) return undefined
      try {
        const condition = { attribute: 'hash', is: '=', value: String(found.item.hash) } as const
        await counters.write({ delete: found.key, if: condition })
        return found.link
      } catch (error) {
        if (error instanceof ConditionFailed) return undefined
        throw error
      }
    },

    async withdraw(accountId, kinds = linkKinds) {
      const keys = kinds.map((kind) => keyOf({ kind, accountId }))
      await counters.batchWrite(keys.map((key) => ({ delete: key })))
    },

    async expiry(kind, accountId) {
      const item = await counters.get(keyOf({ kind, accountId }), { consistent: true })
      const expiresMs = Number(item?.expiresMs ?? 0)
      return expiresMs > clock.now() ? expiresMs : undefined
    },
  }
}

type Place = Pick<Link, 'kind' | 'accountId'>

const keyOf = ({ kind, accountId }: Place): Key => ({
  pk: `LINK#${accountId ?? FIRST_OWNER}`,
  sk: kind,
})

function parseLink(text: string): (Place & { readonly secret: string }) | undefined {
  if (text.length > LINK_CHARACTERS_MAX) return undefined
  const [, name, subject = '', secret = ''] = LINK.exec(text) ?? []
  const kind = linkKinds.find((one) => one === name)
  const accountId = kind === 'first-owner' ? null : parseAccountId(subject)
  return kind && accountId !== undefined ? { kind, accountId, secret } : undefined
}

const readLink = ({ kind, accountId }: Place, item: Item): Link => ({
  kind,
  accountId,
  expiresMs: Number(item.expiresMs),
  by: String(item.by),
  ...(typeof item.about === 'string' && { about: item.about }),
  byAccount: parseAccountId(String(item.byAccount ?? '')) ?? null,
})
