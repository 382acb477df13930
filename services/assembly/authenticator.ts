// Who checks names and passwords: of listeners, and of sign-ins over HTTP, which load no listener.

import { accountCredentials } from '#shared/auth/account-credentials.ts'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import { asksRecentLogins, createRecentLogins, noteLogins } from '#shared/auth/pop-before-smtp.ts'
import { passToSource } from '#shared/auth/source-passages.ts'
import { watchLogins } from '#shared/auth/watched-logins.ts'
import type { Authenticator } from '#shared/contracts/authenticate.ts'
import { createSourceLogins } from '#shared/front/source-logins.ts'
import type { CountryOf } from '#shared/net/country-database.ts'
import type { Backend } from './backend.ts'
import { assembleTokenLogins } from './issuer.ts'

export type LoginParts = {
  /** Undefined: no countries are looked at. */
  readonly countryOf?: CountryOf | undefined
  /** Whether logins are noted, where that may change; undefined: as the settings say. */
  readonly areLoginsAskedFor?: () => boolean
}

export function assembleAuthenticator(
  backend: Backend,
  { countryOf, areLoginsAskedFor = () => asksRecentLogins(backend.settings) }: LoginParts,
): Authenticator {
  const { settings, store, directory, suspicion, clock, log } = backend
  const { accounts } = directory
  const { counters } = store.tables
  const tokens = assembleTokenLogins(backend)
  const credentials = accountCredentials(directory)
  const sourceLogins = createSourceLogins({
    ...{ sources: directory.sources, clock, log, hostname: settings.hostname },
  })
  const sources = { logins: sourceLogins, learnsPasswords: settings.frontLearnsPasswords }
  const parts = { credentials, counters, settings, clock, log, tokens, sources }
  const checked = passToSource(createAuthenticator(parts), sourceLogins)
  const watched = countryOf === undefined ? checked : watchLogins(checked, { countryOf, suspicion })
  const logins = createRecentLogins({ counters, accounts, options: settings, clock })
  const note: typeof logins.note = async (...login) => {
    if (areLoginsAskedFor()) await logins.note(...login)
  }
  return noteLogins(watched, { note }, log)
}

/** Of sign-ins over HTTP: nobody may relay because of one. */
export const assembleApiAuthenticator = (backend: Backend): Authenticator =>
  assembleAuthenticator(backend, { countryOf: undefined, areLoginsAskedFor: () => false })
