// The issuer of OpenID Connect that the settings name, and what is asked of it.

import { readFile } from 'node:fs/promises'
import { createIssuer, type Issuer } from '#shared/auth/issuer/issuer.ts'
import { type ClientCredentials, createTokenClaims } from '#shared/auth/issuer/token-claims.ts'
import { createTokenLogins } from '#shared/auth/issuer/token-logins.ts'
import type { Authenticator } from '#shared/contracts/authenticate.ts'
import { createOidcSignIns, type OidcSignIns } from '#shared/identity/oidc-sign-in.ts'
import { createPending } from '#shared/identity/pending.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Backend } from './backend.ts'

/** Undefined: none is set. */
export function assembleIssuer({ settings, clock }: Pick<Backend, 'settings' | 'clock'>) {
  const { oidcIssuer: url } = settings
  return url === '' ? undefined : createIssuer({ url, clock })
}

/** Read each time it is needed: a new secret holds at once. Undefined for a public client. */
export async function clientOf({
  settings,
  readOidcSecret,
}: Pick<Backend, 'settings' | 'readOidcSecret'>): Promise<ClientCredentials | undefined> {
  const { oidcClientId: id, oidcClientSecretFile: path } = settings
  if (readOidcSecret !== undefined) return { id, secret: await readOidcSecret() }
  if (path === '') return undefined
  try {
    const [secret = ''] = (await readFile(path, 'utf8')).split(/\r?\n/)
    return { id, secret }
  } catch (error) {
    throw new TemporaryFailure('cannot read oidcClientSecretFile', { cause: error })
  }
}

export function assembleTokenLogins(
  backend: Backend,
  issuer: Issuer | undefined = assembleIssuer(backend),
): Pick<Authenticator, 'authenticateToken'> | undefined {
  if (issuer === undefined) return undefined
  const { settings, directory, store, clock, log } = backend
  const { oidcAccountClaim: accountClaim, oidcAudience, oidcClientId, oidcScopes } = settings
  return createTokenLogins({
    issuer,
    claimsOf: createTokenClaims({
      issuer,
      audiences: oidcAudience.length === 0 ? [oidcClientId] : oidcAudience,
      // Then ID tokens name the same audience.
      onlyAccessTokens: oidcAudience.length === 0,
      client: () => clientOf(backend),
      accountClaim,
      clock,
    }),
    accountClaim,
    scope: oidcScopes.join(' '),
    accounts: directory.accounts,
    factors: directory.factors,
    counters: store.tables.counters,
    settings,
    clock,
    log,
  })
}

/** Undefined: no issuer is set. */
export function assembleOidcSignIns(
  backend: Backend,
  issuer: Issuer | undefined = assembleIssuer(backend),
): OidcSignIns | undefined {
  if (issuer === undefined) return undefined
  const { store, directory, settings, clock, log } = backend
  return createOidcSignIns({
    issuer,
    clientId: settings.oidcClientId,
    client: () => clientOf(backend),
    settings,
    directory,
    pending: createPending(store.tables.counters, clock),
    random: systemRandom,
    clock,
    log: log.child({ service: 'api' }),
  })
}
