// Who somebody is over HTTP, on a store: sessions, tokens, links and sign-in.

import type { Authenticator } from '#shared/contracts/authenticate.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { createIdentities, type Identities } from '#shared/identity/identities.ts'
import { createLinks, type Links } from '#shared/identity/links.ts'
import type { SecondFactors } from '#shared/identity/second-factors.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { createSessions, type Sessions } from '#shared/identity/sessions.ts'
import { createSetupLinks, type SetupLinks } from '#shared/identity/setup-links.ts'
import { createSignIns, type SignIns } from '#shared/identity/sign-in.ts'
import { createTokens, type Tokens } from '#shared/identity/tokens.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'

export type Identification = {
  readonly webSessions: Sessions
  readonly tokens: Tokens
  readonly links: Links
  readonly setupLinks: SetupLinks
  readonly identities: Identities
}

export function assembleIdentification(backend: {
  readonly store: Pick<Store, 'tables'>
  readonly directory: Directory
  readonly settings: Settings
  readonly clock: Clock
}): Identification {
  const { directory, settings, clock } = backend
  const { tables } = backend.store
  const given = {
    counters: tables.counters,
    directory: tables.directory,
    clock,
    random: systemRandom,
  }
  const sessions = createSessions({ ...given, settings })
  const tokens = createTokens(given)
  return {
    webSessions: sessions,
    tokens,
    links: createLinks(given),
    setupLinks: createSetupLinks(given),
    identities: createIdentities({ accounts: directory.accounts, sessions, tokens, clock }),
  }
}

export function assembleSignIns(
  backend: {
    readonly store: Pick<Store, 'tables'>
    readonly directory: Directory
    readonly rates: Rates
    readonly clock: Clock
    readonly log: Log
    readonly webSessions: Sessions
  },
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
