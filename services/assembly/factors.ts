// Second factors on a store, and signing in with an issuer.

import type { Issuer } from '#shared/auth/issuer/issuer.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { createFactorKeeper, type FactorKeeper } from '#shared/identity/factor-keeper.ts'
import { createOidcSignIns, type OidcSignIns } from '#shared/identity/oidc-sign-in.ts'
import { createPasskeySite } from '#shared/identity/passkey-site.ts'
import { createPending } from '#shared/identity/pending.ts'
import type { SecondFactors } from '#shared/identity/second-factors.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'
import type { Backend } from './backend.ts'
import { assembleIssuer, clientOf } from './issuer.ts'

export function assembleFactorKeeper({
  store,
  directory,
  settings,
  clock,
  log,
}: {
  readonly store: Pick<Store, 'tables'>
  readonly directory: Pick<Directory, 'factors'>
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
}): FactorKeeper & SecondFactors {
  return createFactorKeeper({
    factors: directory.factors,
    pending: createPending(store.tables.counters, clock),
    ...createPasskeySite(store.tables.directory, settings),
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
    client: () => clientOf(settings),
    settings,
    directory,
    pending: createPending(store.tables.counters, clock),
    random: systemRandom,
    clock,
    log: log.child({ service: 'api' }),
  })
}
