// An account that somebody else has taken over: ended with one act, and given back with another. What let somebody in is gone for good; the
// switches come back.

import type { Forward } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { AccountAdministration, ForwardFacts } from './accounts.ts'
import type { AuditLog } from './audit/reading.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import type { BadValue, NoSuchAccount } from './refusals.ts'

export interface ContainmentAdministration {
  /**
   * Freezes its sending, holds what it has queued, ends its logins and sessions, revokes its app passwords, tokens, links and recovery
   * address. Until it is released no passkey and no issuer lets anybody in.
   */
  contain(request: Contain): Promise<Contained | BadValue | NoSuchAccount>
  /**
   * It may send again, and what was held goes; passkeys and the issuer let it in again. Logins, app passwords and tokens stay revoked, and a
   * barred password is barred until there is another. What was frozen before stays so: that was another's act.
   */
  release(address: string): Promise<Released | BadValue | NoSuchAccount>
}

export type Contain = {
  readonly address: string
  readonly reason: string
  /** No password logs it in until another is set. */
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
  readonly passwordBarred: boolean
  /** They let nobody in until it is released: whose they are is to be asked before. */
  readonly passkeys: number
  readonly identities: number
  /** Taken away: a link for a new password was sent there. */
  readonly recoveryAddress: string | null
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
      if (frozen.wasFrozen) await directory.accounts.bar(id, true)
      const { passkeys, identities } = await directory.factors.of(id)
      const appPasswords = await directory.factors.change(id, (before) => ({
        next: before.appPasswords.length === 0 ? undefined : { ...before, appPasswords: [] },
        result: before.appPasswords.length,
      }))
      const revoked = await tokens.removeAll(id)
      await links.withdraw(id)
      const recovery = await directory.recoveryAddresses.remove(id)
      // Either ends the sessions of mail programs.
      if (barPassword) await directory.accounts.set(address, { passwordHash: BARRED })
      else await directory.accounts.endSessions(id)
      const sessions = await webSessions.endAll(id)
      record({
        what: 'login',
        name,
        before: {
          sessions: 'all',
          appPasswords: appPasswords ?? 0,
          tokens: revoked,
          ...(recovery && { recoveryAddress: formatAddress(recovery.address) }),
        },
        after: barPassword ? { password: 'barred' } : null,
      })
      return {
        kind: 'contained',
        address: name,
        wasFrozen: frozen.wasFrozen,
        held: frozen.held,
        sessions,
        appPasswords: appPasswords ?? 0,
        tokens: revoked,
        passwordBarred: barPassword,
        passkeys: passkeys.length,
        identities: identities.length,
        recoveryAddress: recovery === undefined ? null : formatAddress(recovery.address),
        forward: forwardFacts(forward),
        forwardsLately: await forwardsLately(name),
      }
    },

    async release(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address, frozen, passwordHash } = found.account
      const name = formatAddress(address)
      const state = {
        kind: 'released',
        address: name,
        passwordBarred: passwordHash === BARRED,
      } as const
      if (frozen !== null && frozen.isContained !== true) {
        await directory.accounts.bar(id, false)
        return { ...state, wasFrozen: true, staysFrozen: true, released: 0 }
      }
      const given = await accounts.unfreeze({ address: name, release: true })
      if (given.kind !== 'unfrozen') return given
      const { wasFrozen, released } = given
      return { ...state, wasFrozen, staysFrozen: false, released }
    },
  }
}

const listOf = (value: unknown): readonly string[] | null =>
  Array.isArray(value) ? value.map(String) : null

const forwardFacts = (forward: Forward | null): ForwardFacts | null =>
  forward && { to: forward.to.map(formatAddress), keep: forward.keep }
