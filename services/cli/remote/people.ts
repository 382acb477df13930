// Who may what and with what over the API: roles, tokens, links, app passwords, factors, logins, and an account that somebody took over.

import type {
  AppPasswordAdministration,
  AppPasswordFacts,
} from '#shared/administration/app-passwords.ts'
import type {
  ClientSetup,
  ClientSetupAdministration,
} from '#shared/administration/client-setup/client-setup.ts'
import type {
  Contained,
  ContainmentAdministration,
  Released,
} from '#shared/administration/containment.ts'
import type { FactorAdministration } from '#shared/administration/factors.ts'
import type { InvitationAdministration } from '#shared/administration/invitations.ts'
import type { LoginAdministration, Logins } from '#shared/administration/logins.ts'
import type { RecoveryAdministration } from '#shared/administration/recovery.ts'
import type { RoleAdministration, RoleFacts, RoleSet } from '#shared/administration/roles.ts'
import type { TokenAdministration, TokenFacts } from '#shared/administration/tokens.ts'
import { CommandFailure } from '../failure.ts'
import { type ApiClient, msOf, msOrNull, type Page, path, RefusedByServer } from './client.ts'
import { accountPath, canonical } from './names.ts'

/** What stands on no operation, for the reason given. */
const onStoreOnly = async (why: string): Promise<never> => {
  throw new CommandFailure(`this needs the data folder or the deployment: ${why}`, 'usage')
}

export function remoteRoles(client: ApiClient): RoleAdministration {
  return {
    async list() {
      const { data } = await client.ask<{
        readonly data: readonly (Omit<RoleFacts, 'sinceMs'> & { readonly since: string })[]
      }>({ method: 'GET', path: '/roles' })
      const holders = data.map(({ since, ...facts }) => ({ ...facts, sinceMs: msOf(since) }))
      return { kind: 'roles', holders }
    },
    async set({ address, role, domains }) {
      const set = await client.ask<Omit<RoleSet, 'kind'>>({
        method: 'PUT',
        path: `${accountPath(address)}/role`,
        body: { role, domains },
      })
      return { kind: 'role-set', ...set }
    },
  }
}

type TokenBody = Omit<TokenFacts, 'createdMs' | 'expiresMs' | 'usedMs'> & {
  readonly createdAt: string
  readonly expiresAt: string
  readonly usedAt: string | null
}

export const tokenOf = ({ createdAt, expiresAt, usedAt, ...facts }: TokenBody): TokenFacts => ({
  ...facts,
  createdMs: msOf(createdAt),
  expiresMs: msOf(expiresAt),
  usedMs: msOrNull(usedAt),
})

export function remoteTokens(client: ApiClient): TokenAdministration {
  return {
    async make({ actor: _, ...body }) {
      const { secret, ...token } = await client.ask<TokenBody & { readonly secret: string }>({
        method: 'POST',
        path: '/me/tokens',
        body,
      })
      return { kind: 'made', token: tokenOf(token), text: secret }
    },
    async of() {
      const { data } = await client.ask<{ readonly data: readonly TokenBody[] }>({
        method: 'GET',
        path: '/me/tokens',
      })
      return data.map(tokenOf)
    },
    async page({ after, limit }) {
      const query = { cursor: after, limit }
      const page: Page<TokenBody> = await client.ask({ method: 'GET', path: '/tokens', query })
      return { items: page.data.map(tokenOf), next: page.next ?? undefined }
    },
    get: () => onStoreOnly('one token has no page of its own'),
    async revoke(id) {
      const found = await findToken(client, id)
      await client.ask({ method: 'DELETE', path: path`/tokens/${id}` })
      if (found !== undefined) return { kind: 'revoked', token: found }
      return { kind: 'revoked', token: nameless(id) }
    },
  }
}

/** Whoever may not see those of all sees his own. */
async function findToken(client: ApiClient, id: string): Promise<TokenFacts | undefined> {
  const { data } = await client.ask<{ readonly data: readonly TokenBody[] }>({
    method: 'GET',
    path: '/me/tokens',
  })
  const own = data.find((one) => one.id === id)
  return own && tokenOf(own)
}

const nameless = (id: string): TokenFacts => ({
  ...{ id, accountId: id.split('.')[0] as TokenFacts['accountId'], address: null, name: '' },
  ...{ scopes: [], createdMs: 0, expiresMs: 0, hasExpired: false, usedMs: null, usedFrom: null },
})

export function remoteInvitations(client: ApiClient): InvitationAdministration {
  return {
    inviteFirstOwner: () => onStoreOnly('who is first has no way in yet'),
    recoverOwner: () => onStoreOnly('it is for an owner who has no way in'),
    look: () => onStoreOnly('links are for browsers'),
    accept: () => onStoreOnly('links are for browsers'),
    async invite({ address }) {
      const made = await client.ask<{
        readonly address: string
        readonly url: string
        readonly expiresAt: string
      }>({ method: 'POST', path: `${accountPath(address)}/invitation` })
      const secret = new URL(made.url).hash.slice(1)
      const expiresMs = msOf(made.expiresAt)
      return { kind: 'invited', link: 'password', address: made.address, secret, expiresMs }
    },
  }
}

type ChangeBody = Omit<Contained['forwardsLately'][number], 'atMs'> & { readonly at: string }

export function remoteRecovery(client: ApiClient): RecoveryAdministration {
  const recovery = (address: string) => `${accountPath(address)}/recovery`

  async function show(address: string) {
    const found = await client.ask<{
      readonly recoveryAddress: string | null
      readonly since: string | null
      readonly waitsUntil: string | null
    }>({ method: 'GET', path: recovery(address) })
    return {
      kind: 'recovery',
      address: canonical(address),
      recoveryAddress: found.recoveryAddress,
      sinceMs: msOrNull(found.since),
      waitsUntilMs: msOrNull(found.waitsUntil),
    } as const
  }

  return {
    show,
    async ask({ address, recoveryAddress }) {
      const asked = await client.ask<{
        readonly recoveryAddress: string
        readonly waitsUntil: string
      }>({ method: 'PUT', path: recovery(address), body: { recoveryAddress } })
      return {
        kind: 'recovery-asked',
        address: canonical(address),
        recoveryAddress: asked.recoveryAddress,
        expiresMs: msOf(asked.waitsUntil),
      }
    },
    async remove(address) {
      const { recoveryAddress } = await show(address)
      await client.ask({ method: 'DELETE', path: recovery(address) })
      return {
        kind: 'recovery-removed',
        address: canonical(address),
        recoveryAddress: recoveryAddress ?? '',
      }
    },
    look: () => onStoreOnly('links are for browsers'),
    confirm: () => onStoreOnly('links are for browsers'),
    forgotten: () => onStoreOnly('whoever has a token knows his way in'),
  }
}

export function remoteContainment(client: ApiClient): ContainmentAdministration {
  return {
    async contain({ address, ...body }) {
      const done = await client.ask<
        Omit<Contained, 'kind' | 'forwardsLately'> & {
          readonly forwardsLately: readonly ChangeBody[]
        }
      >({ method: 'POST', path: `${accountPath(address)}:contain`, body })
      const forwardsLately = done.forwardsLately.map(({ at, ...change }) => ({
        ...change,
        atMs: msOf(at),
      }))
      return { kind: 'contained', ...done, forwardsLately }
    },
    async release(address) {
      const { staysRevoked: _, ...done } = await client.ask<
        Omit<Released, 'kind'> & { readonly staysRevoked: unknown }
      >({ method: 'POST', path: `${accountPath(address)}:release` })
      return { kind: 'released', ...done }
    },
  }
}

type AppPasswordBody = Omit<AppPasswordFacts, 'createdMs' | 'expiresMs' | 'lastUse'> & {
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUse: {
    readonly service: string
    readonly network: string
    readonly at: string
  } | null
}

const appPasswordOf = ({
  createdAt,
  expiresAt,
  lastUse,
  ...facts
}: AppPasswordBody): AppPasswordFacts => ({
  ...facts,
  createdMs: msOf(createdAt),
  expiresMs: msOrNull(expiresAt),
  lastUse:
    lastUse &&
    ({
      ...{ service: lastUse.service, network: lastUse.network, lastMs: msOf(lastUse.at) },
    } as AppPasswordFacts['lastUse']),
})

export function remoteClientSetup(client: ApiClient): ClientSetupAdministration {
  return {
    async make({ address, ...body }) {
      const made = await client.ask<{
        readonly appPassword: AppPasswordBody
        readonly password: string
        readonly login: string
        readonly displayName: string
        readonly services: ClientSetup['services']
        readonly profile: { readonly url: string; readonly expiresAt: string }
        readonly thunderbirdCode: string | null
      }>({ method: 'POST', path: `${accountPath(address)}/setup`, body })
      const { password, displayName, services, profile } = made
      return {
        kind: 'client-setup',
        address: made.login,
        appPassword: appPasswordOf(made.appPassword),
        ...{ password, displayName, services },
        url: profile.url,
        expiresMs: Date.parse(profile.expiresAt),
        thunderbirdCode: made.thunderbirdCode ?? undefined,
      }
    },
  }
}

export function remoteAppPasswords(client: ApiClient): Omit<AppPasswordAdministration, 'bring'> {
  const all = (address: string) => `${accountPath(address)}/appPasswords`

  async function list(address: string) {
    const { data, hasSecondFactor } = await client.ask<{
      readonly data: readonly AppPasswordBody[]
      readonly hasSecondFactor: boolean
    }>({ method: 'GET', path: all(address) })
    const appPasswords = data.map(appPasswordOf)
    return {
      kind: 'app-passwords',
      address: canonical(address),
      hasSecondFactor,
      appPasswords,
    } as const
  }

  const end = async (address: string, id: string) =>
    void (await client.ask({ method: 'DELETE', path: `${all(address)}${path`/${id}`}` }))

  return {
    list,
    async make({ address, ...body }) {
      const made = await client.ask<{
        readonly appPassword: AppPasswordBody
        readonly password: string
      }>({ method: 'POST', path: all(address), body })
      const { password } = made
      const appPassword = appPasswordOf(made.appPassword)
      return { kind: 'made', address: canonical(address), appPassword, password }
    },
    async revoke({ address, id }) {
      const { appPasswords } = await list(address)
      const found = appPasswords.find((one) => one.id === id)
      if (found === undefined) {
        throw new RefusedByServer({ kind: 'no-such-app-password', field: 'appPassword', value: id })
      }
      await end(address, id)
      return { kind: 'revoked', address: canonical(address), appPassword: found }
    },
    async revokeAll(address) {
      const { appPasswords } = await list(address)
      for (const { id } of appPasswords) await end(address, id)
      return { kind: 'all-revoked', address: canonical(address), count: appPasswords.length }
    },
  }
}

type DeviceBody = Omit<Logins['devices'][number], 'lastMs'> & { readonly lastAt: string }
type SessionBody = Omit<NonNullable<Logins['sessions']>[number], 'sinceMs'> & {
  readonly since: string
}

export function remoteLogins(client: ApiClient): LoginAdministration {
  const logins = (address: string) => `${accountPath(address)}/logins`
  return {
    async list(address) {
      const found = await client.ask<{
        readonly devices: readonly DeviceBody[]
        readonly sessions: readonly SessionBody[] | null
      }>({ method: 'GET', path: logins(address) })
      return {
        kind: 'logins',
        address: canonical(address),
        devices: found.devices.map(({ lastAt, ...facts }) => ({ ...facts, lastMs: msOf(lastAt) })),
        sessions:
          found.sessions?.map(({ since, ...facts }) => ({ ...facts, sinceMs: msOf(since) })) ??
          null,
      }
    },
    async end({ address, session }) {
      await client.ask({ method: 'DELETE', path: `${logins(address)}${path`/${session}`}` })
      return { kind: 'session-ended', address: canonical(address) }
    },
    async endAll(address) {
      await client.ask({ method: 'POST', path: `${logins(address)}:endAll` })
      return { kind: 'logins-ended', address: canonical(address) }
    },
  }
}

export function remoteFactors(client: ApiClient): FactorAdministration {
  const factors = (address: string) => `${accountPath(address)}/factors`
  const inBrowser = () => onStoreOnly('factors are set up in the console, by whoever has them')
  return {
    async show(address) {
      const found = await client.ask<{
        readonly totp: { readonly since: string } | null
        readonly recoveryCodes: { readonly left: number; readonly madeAt: string } | null
        readonly passkeys: readonly {
          readonly id: string
          readonly name: string
          readonly isBackedUp: boolean
          readonly createdAt: string
          readonly lastUsedAt: string | null
          readonly isUsable: boolean
        }[]
        readonly identities: readonly {
          readonly issuer: string
          readonly subject: string
          readonly since: string
        }[]
      }>({ method: 'GET', path: factors(address) })
      const { totp, recoveryCodes, passkeys, identities } = found
      return {
        kind: 'factors',
        address: canonical(address),
        totp: totp && { sinceMs: msOf(totp.since) },
        recoveryCodes: recoveryCodes && {
          left: recoveryCodes.left,
          madeMs: msOf(recoveryCodes.madeAt),
        },
        passkeys: passkeys.map(({ createdAt, lastUsedAt, ...facts }) => ({
          ...facts,
          createdMs: msOf(createdAt),
          lastUsedMs: msOrNull(lastUsedAt),
        })),
        identities: identities.map(({ since, ...facts }) => ({ ...facts, sinceMs: msOf(since) })),
      }
    },
    async removeAll(address) {
      const { removed } = await client.ask<{ readonly removed: number }>({
        method: 'DELETE',
        path: factors(address),
      })
      return { kind: 'factors-removed', address: canonical(address), count: removed }
    },
    beginTotp: inBrowser,
    confirmTotp: inBrowser,
    removeTotp: inBrowser,
    makeRecoveryCodes: inBrowser,
    beginPasskey: inBrowser,
    addPasskey: inBrowser,
    renamePasskey: inBrowser,
    removePasskey: inBrowser,
  }
}
