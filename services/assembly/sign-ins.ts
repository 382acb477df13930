// Signing in over HTTP, on a backend: by password and factors, or with an issuer.

import type { Issuer } from '#shared/auth/issuer/issuer.ts'
import type { Authenticator } from '#shared/contracts/authenticate.ts'
import { createOidcSignIns, type OidcSignIns } from '#shared/identity/oidc-sign-in.ts'
import { createPending } from '#shared/identity/pending.ts'
import type { SecondFactors } from '#shared/identity/second-factors.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { createSignIns, type SignIns } from '#shared/identity/sign-in.ts'
import type { Backend } from './backend.ts'
import { assembleIssuer, clientOf } from './issuer.ts'

export function assembleSignIns(
  backend: Pick<Backend, 'store' | 'directory' | 'rates' | 'clock' | 'log' | 'webSessions'>,
  deps: { readonly authenticator: Authenticator; readonly factors: SecondFactors },
): SignIns {
  const { store, directory, rates, clock } = backend
  return createSignIns({
    ...deps,
    accounts: directory.accounts,
    sessions: backend.webSessions,
    counters: store.tables.counters,
    rates,
    clock,
    random: systemRandom,
    log: backend.log.child({ service: 'api' }),
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
    client: () => clientOf(settings),
    settings,
    directory,
    pending: createPending(store.tables.counters, clock),
    random: systemRandom,
    clock,
    log: log.child({ service: 'api' }),
  })
}
