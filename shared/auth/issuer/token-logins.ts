// Logins with a token of the issuer, slowed down as those with a password are.

import type { Authenticator, TokenAttempt, TokenResult } from '#shared/contracts/authenticate.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Factors } from '#shared/directory/factors.ts'
import { isContained } from '#shared/directory/records.ts'
import { formatAddress, lookupKey } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { TOKEN_CHARACTERS_MAX } from '#shared/sasl/bearer.ts'
import type { Table } from '#shared/storage/ports.ts'
import { createLoginGuard, type GuardSettings } from '../login-guard.ts'
import { createWorkLimit, type WorkLimits } from '../work-limit.ts'
import { accountOfClaims } from './account-of-claims.ts'
import { configurationUrl, type Issuer } from './issuer.ts'
import type { TokenClaims } from './token-claims.ts'

/** Questions to the issuer: it has its limits too, and who waits holds a connection. */
const QUESTIONS: WorkLimits = {
  runningMax: 16,
  runningPerAccountMax: 2,
  waitingMax: 400,
  waitingPerClientMax: 50,
  waitingPerAccountMax: 16,
}

export type TokenLoginsDeps = {
  readonly issuer: Issuer
  readonly claimsOf: (token: string) => Promise<TokenClaims>
  readonly accountClaim: string
  readonly scope: string
  readonly accounts: Pick<Accounts, 'get' | 'byId'>
  readonly factors: Pick<Factors, 'accountOfIdentity'>
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: GuardSettings
  readonly clock: Clock
  readonly log: Log
}

export function createTokenLogins(deps: TokenLoginsDeps): Pick<Authenticator, 'authenticateToken'> {
  const { issuer, claimsOf, accountClaim, scope, accounts, factors, log } = deps
  const guard = createLoginGuard(deps)
  const limit = createWorkLimit(QUESTIONS)
  const refuse = (reason: 'token' | 'unknown' | 'disabled' | 'other-identity'): TokenResult => ({
    kind: 'refused',
    reason,
    configuration: configurationUrl(issuer.url),
    scope,
  })

  async function check({ login, token }: TokenAttempt, asked: Asked): Promise<TokenResult> {
    if (token.length > TOKEN_CHARACTERS_MAX) return refuse('token')
    const found = await claimsOf(token)
    if (found.kind === 'invalid') {
      log.info({ login, fault: found.fault }, 'token refused')
      return refuse('token')
    }
    const claimed = await accountOfClaims(found.claims, {
      accounts,
      factors,
      issuer: issuer.url,
      accountClaim,
    })
    if (claimed === undefined) return refuse('unknown')
    const { id, address, enabled, sessionsEpoch, source } = claimed.account
    const { wanted } = asked
    const isOther =
      wanted !== undefined &&
      (wanted.domain !== address.domain || lookupKey(wanted.local) !== lookupKey(address.local))
    // RFC 7628 §3.2.1: the token says who it is; the client may only say the same.
    if (isOther || (login !== '' && wanted === undefined)) return refuse('other-identity')
    // What an issuer says lets nobody into an account that somebody took over, until it is released.
    if (!enabled || isContained(claimed.account)) return refuse('disabled')
    const means = { kind: 'token' } as const
    return {
      kind: 'authenticated',
      account: {
        ...{ id, login: formatAddress(address), sessionsEpoch, means },
        ...(source && { source }),
      },
    }
  }

  return {
    authenticateToken: (attempt) =>
      guard.slowly(async () => {
        const applicant = guard.applicant(attempt)
        const before = await guard.look(applicant)
        if (before.throttled !== undefined) return before.throttled
        return limit.run(guard.turn(applicant, before), async (waited) => {
          const standing = waited ? await guard.look(applicant) : before
          if (standing.throttled !== undefined) return standing.throttled
          const result = await check(attempt, { wanted: applicant.address })
          if (result.kind === 'authenticated') await guard.succeed(applicant, standing)
          else await guard.fail(standing)
          return result
        })
      }),
  }
}

type Asked = {
  readonly wanted: ReturnType<ReturnType<typeof createLoginGuard>['applicant']>['address']
}
