// From what a request shows to who acts. The account is read at each request, so that a role that was taken away, another password or a
// disabled account hold with the next one.

import type { Actor } from '#shared/administration/rights/actor.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Token, Tokens } from './tokens.ts'

export type Identity = {
  readonly actor: Actor
  /** Null of whoever runs the command on the data folder. */
  readonly account: AccountRecord | null
  /** By a cookie. */
  readonly session: Session | null
  /** By a token. */
  readonly token: Token | null
}

export interface Identities {
  /** Undefined: nobody, or not any more. */
  ofCookie(cookie: string): Promise<Identity | undefined>
  ofToken(text: string, from: string): Promise<Identity | undefined>
  /** Whether somebody is still who he was, and may what he might: of what goes on after its request was answered. */
  holds(identity: Identity): Promise<boolean>
}

export function createIdentities(deps: {
  readonly accounts: Pick<Accounts, 'byId'>
  readonly sessions: Pick<Sessions, 'find' | 'list'>
  readonly tokens: Pick<Tokens, 'find' | 'get'>
  readonly clock: Clock
}): Identities {
  const { accounts, sessions, tokens, clock } = deps

  async function isThere({ session, token }: Identity): Promise<boolean> {
    if (session !== null) {
      return (await sessions.list(session.accountId)).some(({ id }) => id === session.id)
    }
    const now = token === null ? undefined : await tokens.get(token.id)
    return now !== undefined && now.expiresMs > clock.now()
  }

  return {
    async ofCookie(cookie) {
      const session = await sessions.find(cookie)
      const account = session && (await accounts.byId(session.accountId))
      if (account === undefined || session === undefined || !account.enabled) return undefined
      const isCurrent =
        session.sessionsEpoch === account.sessionsEpoch && session.roleEpoch === account.roleEpoch
      return isCurrent
        ? { actor: actorOfSession(account, session), account, session, token: null }
        : undefined
    },

    async ofToken(text, from) {
      const token = await tokens.find(text, from)
      if (token === undefined || token.expiresMs <= clock.now()) return undefined
      const account = await accounts.byId(token.accountId)
      if (!account?.enabled) return undefined
      return { actor: actorOfToken(account, token), account, session: null, token }
    },

    async holds(identity) {
      const { account: before } = identity
      if (before === null) return true
      const account = await accounts.byId(before.id)
      const isSame =
        account?.enabled === true &&
        account.sessionsEpoch === before.sessionsEpoch &&
        account.roleEpoch === before.roleEpoch
      return isSame && (await isThere(identity))
    },
  }
}

export function actorOfSession(account: AccountRecord, { steppedUpMs }: Session): Actor {
  const { name: role = 'holder', domains = [] } = account.role ?? {}
  return {
    accountId: account.id,
    name: formatAddress(account.address),
    role,
    domains,
    scopes: null,
    via: 'cookie',
    steppedUpMs,
  }
}

function actorOfToken(account: AccountRecord, token: Token): Actor {
  // It was given for a role that is gone.
  const given = token.roleEpoch === account.roleEpoch ? account.role : null
  const { name: role = 'holder', domains = [] } = given ?? {}
  return {
    accountId: account.id,
    name: formatAddress(account.address),
    role,
    domains,
    scopes: token.scopes,
    via: 'token',
    steppedUpMs: null,
  }
}

/** Whoever runs the command on the data folder, or with the deployment's rights. */
export const localActor = (name: string): Actor => ({
  accountId: null,
  name,
  role: 'owner',
  domains: [],
  scopes: null,
  via: 'local',
  steppedUpMs: null,
})
