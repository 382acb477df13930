// Second factors on a store.

import type { Directory } from '#shared/directory/directory.ts'
import { createFactorKeeper, type FactorKeeper } from '#shared/identity/factor-keeper.ts'
import { createPasskeySite } from '#shared/identity/passkey-site.ts'
import { createPending } from '#shared/identity/pending.ts'
import type { SecondFactors } from '#shared/identity/second-factors.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'

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
