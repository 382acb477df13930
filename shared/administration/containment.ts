// An account that somebody else has taken over: ended with one act, and given back with another. What let somebody in is gone for good; the
// switches come back.

import type { FactorsRecord } from '#shared/directory/factors.ts'
import type { Forward } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { AccountAdministration, ForwardFacts } from './accounts.ts'
import type { AuditLog } from './audit/reading.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import type { BadValue, NoSuchAccount } from './refusals.ts'

export interface ContainmentAdministration {
  /** Freezes its sending, holds what it has queued, ends its logins and sessions, revokes its app passwords, tokens and links. */
  contain(request: Contain): Promise<Contained | BadValue | NoSuchAccount>
  /**
   * It may send again, and what was held goes; logins, app passwords and tokens stay revoked, and a barred password is barred until there is another.
   * What was frozen before stays so: that was another's act.
   */
  release(address: string): Promise<Released | BadValue | NoSuchAccount>
}

export type Contain = {
  readonly address: string
  readonly reason: string
  /** No password logs it in until another is set, and no passkey in place of one: whoever took it over may have added his. */
  readonly barPassword?: boolean | undefined
}

export type Contained = {
  readonly kind: 'contained'
  readonly address: string
  readonly wasFrozen: boolean
  /** Messages in the queue. */
  readonly held: number
  /** Of console and API; logins of mail programs end too, uncounted. */
  readonly sessions: number
  readonly appPasswords: number
  readonly tokens: number
  /** Removed with the password. */
  readonly passkeys: number
  readonly passwordBarred: boolean
  /** Whoever took it over may have had its mail sent on. */
  readonly forward: ForwardFacts | null
  /** Changes of where its mail goes, of the last LATELY_MS, the newest first. */
  readonly forwardsLately: readonly ForwardChange[]
}

export type ForwardChange = {
  readonly atMs: number
  readonly by: string
  readonly from: readonly string[] | null
  readonly to: readonly string[] | null
}

export type Released = {
  readonly kind: 'released'
  readonly address: string
  readonly wasFrozen: boolean
  /** Frozen before it was contained, or again since. */
  readonly staysFrozen: boolean
  readonly released: number
  readonly passwordBarred: boolean
}

/** What no password fits, as in shadow(5). */
const BARRED = '!'

export const LATELY_MS = 30 * 86_400_000
const FORWARDS_TOLD_MAX = 20

export function createContainmentAdministration(
  deps: AdministrationDeps,
  fields: Fields,
  accounts: Pick<AccountAdministration, 'freeze' | 'unfreeze'>,
  audit: Pick<AuditLog, 'page'>,
): ContainmentAdministration {
  const { directory, webSessions, tokens, links, clock, record } = deps

  async function forwardsLately(address: string): Promise<readonly ForwardChange[]> {
    const { items } = await audit.page({
      extent: { kind: 'all' },
      object: `accounts/${address}`,
      sinceMs: clock.now() - LATELY_MS,
      limit: 100,
    })
    return items
      .flatMap(({ atMs, actor, changes }) =>
        changes
          .filter(
            ({ what, name, after }) =>
              what === 'account' && name === address && after !== null && 'forward' in after,
          )
          .map(({ before, after }) => ({
            atMs,
            by: actor.name,
            from: listOf(before?.forward),
            to: listOf(after?.forward),
          })),
      )
      .slice(0, FORWARDS_TOLD_MAX)
  }

  return {
    async contain({ address: text, reason, barPassword = false }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address, forward } = found.account
      const name = formatAddress(address)
      // The reason is checked with it, before anything is done.
      const frozen = await accounts.freeze({ address: name, reason, isContained: true })
      if (frozen.kind !== 'frozen') return frozen
      const taken = await directory.factors.change(id, (before) => withoutKeys(before, barPassword))
      const { appPasswords, passkeys } = taken ?? { appPasswords: 0, passkeys: 0 }
      const revoked = await tokens.removeAll(id)
      await links.withdraw(id)
      // Either ends the sessions of mail programs.
      if (barPassword) await directory.accounts.set(address, { passwordHash: BARRED })
      else await directory.accounts.endSessions(id)
      const sessions = await webSessions.endAll(id)
      record({
        what: 'login',
        name,
        before: { sessions: 'all', appPasswords, passkeys, tokens: revoked },
        after: barPassword ? { password: 'barred' } : null,
      })
      return {
        kind: 'contained',
        address: name,
        wasFrozen: frozen.wasFrozen,
        held: frozen.held,
        sessions,
        appPasswords,
        tokens: revoked,
        passkeys,
        passwordBarred: barPassword,
        forward: forwardFacts(forward),
        forwardsLately: await forwardsLately(name),
      }
    },

    async release(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { address, frozen, passwordHash } = found.account
      const name = formatAddress(address)
      const state = {
        kind: 'released',
        address: name,
        passwordBarred: passwordHash === BARRED,
      } as const
      if (frozen !== null && frozen.isContained !== true) {
        return { ...state, wasFrozen: true, staysFrozen: true, released: 0 }
      }
      const given = await accounts.unfreeze({ address: name, release: true })
      if (given.kind !== 'unfrozen') return given
      const { wasFrozen, released } = given
      return { ...state, wasFrozen, staysFrozen: false, released }
    },
  }
}

/** What logs in with no password of the account; recovery codes stay where there is a factor that may be lost. */
function withoutKeys(before: FactorsRecord, barsPassword: boolean) {
  const passkeys = barsPassword ? before.passkeys.length : 0
  const result = { appPasswords: before.appPasswords.length, passkeys }
  if (result.appPasswords + passkeys === 0) return { result }
  const next = {
    ...before,
    appPasswords: [],
    ...(passkeys > 0 && {
      passkeys: [],
      recovery: before.totp === null ? null : before.recovery,
    }),
  }
  return { next, result }
}

const listOf = (value: unknown): readonly string[] | null =>
  Array.isArray(value) ? value.map(String) : null

const forwardFacts = (forward: Forward | null): ForwardFacts | null =>
  forward && { to: forward.to.map(formatAddress), keep: forward.keep }
