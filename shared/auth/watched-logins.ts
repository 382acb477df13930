// Looks from which country somebody has logged in, by whatever protocol and mechanism. The login does not wait for that.

import type { Authenticator, LoginResult, ScramResult } from '#shared/contracts/authenticate.ts'
import type { CountryOf } from '#shared/net/country-database.ts'
import type { Suspicion } from './suspicion.ts'

export function watchLogins(
  authenticator: Authenticator,
  deps: { readonly countryOf: CountryOf; readonly suspicion: Pick<Suspicion, 'noteCountry'> },
): Authenticator {
  function look(remoteAddress: string, result: LoginResult | ScramResult): void {
    if (result.kind !== 'authenticated') return
    const country = deps.countryOf(remoteAddress)
    if (country !== undefined) void deps.suspicion.noteCountry(result.account, country)
  }

  return {
    async authenticate(attempt) {
      const result = await authenticator.authenticate(attempt)
      look(attempt.remoteAddress, result)
      return result
    },
    scramChallenge: (attempt) => authenticator.scramChallenge(attempt),
    async scramProof(attempt) {
      const result = await authenticator.scramProof(attempt)
      look(attempt.remoteAddress, result)
      return result
    },
    async authenticateToken(attempt) {
      const result = await authenticator.authenticateToken(attempt)
      look(attempt.remoteAddress, result)
      return result
    },
  }
}
