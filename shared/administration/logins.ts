// Where an account is logged in, and was lately; and how that ends.

import type { LiveSession } from '#shared/auth/account-watch.ts'
import type { Device } from '#shared/auth/devices.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import { findAccount } from './found-account.ts'
import type { BadValue, NoSuchAccount, NoSuchSession } from './refusals.ts'

export interface LoginAdministration {
  /** The last first. */
  list(address: string): Promise<Logins | BadValue | NoSuchAccount>
  /** Ends one session of this process. */
  end(request: SessionRequest): Promise<SessionEnded | BadValue | NoSuchAccount | NoSuchSession>
  /** Ends all, wherever they are; whoever knows the password or an app password logs in again. */
  endAll(address: string): Promise<LoginsEnded | BadValue | NoSuchAccount>
}

export type SessionRequest = { readonly address: string; readonly session: string }

export type Logins = {
  readonly kind: 'logins'
  readonly address: string
  /** Of the last 180 days, to the hour. */
  readonly devices: readonly DeviceFacts[]
  /** Null: they are in another process, which alone knows. */
  readonly sessions: readonly SessionFacts[] | null
}

/** `appPassword`: what it is called, or was; null: it logged in with something else. */
export type DeviceFacts = Device & { readonly appPassword: string | null }
export type SessionFacts = Omit<LiveSession, 'means'> & {
  readonly means: string
  readonly appPassword: string | null
}

export type SessionEnded = { readonly kind: 'session-ended'; readonly address: string }
export type LoginsEnded = { readonly kind: 'logins-ended'; readonly address: string }

export function createLoginAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): LoginAdministration {
  const { directory, devices, sessions, record } = deps

  return {
    async list(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { id, address } = found.account
      const [seen, { appPasswords }] = await Promise.all([devices.of(id), directory.factors.of(id)])
      const names = new Map(appPasswords.map(({ id, name }) => [id, name]))
      const named = <T extends { readonly means: string }>(one: T) => ({
        ...one,
        appPassword: names.get(one.means) ?? null,
      })
      return {
        kind: 'logins',
        address: formatAddress(address),
        devices: seen.devices.map(named),
        sessions:
          sessions?.of(id).map(({ means, ...session }) =>
            named({
              ...session,
              means: means?.kind === 'app-password' ? means.id : (means?.kind ?? 'password'),
            }),
          ) ?? null,
      }
    },

    async end({ address: text, session }) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const address = formatAddress(found.account.address)
      if (sessions?.end(found.account.id, session) !== true) {
        return { kind: 'no-such-session', field: 'session', value: session, account: address }
      }
      record({ what: 'login', name: address, before: { session }, after: null })
      return { kind: 'session-ended', address }
    },

    async endAll(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      if (!(await directory.accounts.endSessions(found.account.id))) return found.gone
      const address = formatAddress(found.account.address)
      record({ what: 'login', name: address, before: { sessions: 'all' }, after: null })
      return { kind: 'logins-ended', address }
    },
  }
}
