// Logins with SCRAM-SHA-256 on the verifiers kept beside the password hashes. An account that does not exist, or of which only an
// old hash is known, goes through the same steps with a verifier that no password fits (RFC 5802 §9).

import type { Authenticator } from '#shared/contracts/authenticate.ts'
import type { Credential, CredentialStore } from './credential-store.ts'
import { type Applicant, accountName, type LoginGuard } from './login-guard.ts'
import {
  checkScramProof,
  fakeScramVerifier,
  parseScramVerifier,
  type ScramVerifier,
} from './scram-verifier.ts'
import { createWorkLimit, type WorkLimits } from './work-limit.ts'

/** Few at a time, so that a burst of guesses does not get past the count of the first ones. */
const PROOFS: WorkLimits = {
  runningMax: 4,
  runningPerAccountMax: 4,
  waitingMax: 400,
  waitingPerClientMax: 100,
  waitingPerAccountMax: 100,
}

export function createScramLogins(deps: {
  readonly credentials: CredentialStore
  readonly guard: LoginGuard
  /** The same for all processes and starts of an installation: made-up salts must not change. */
  readonly secret: () => Promise<Uint8Array>
}): Pick<Authenticator, 'scramChallenge' | 'scramProof'> {
  const { credentials, guard, secret } = deps
  const limit = createWorkLimit(PROOFS)

  async function lookUp({ address, client }: Applicant): Promise<{
    readonly credential: Credential | undefined
    readonly verifier: ScramVerifier
  }> {
    const [credential, key] = await Promise.all([address && credentials.find(address), secret()])
    const fake = fakeScramVerifier(key, address === undefined ? client : accountName(address))
    return { credential, verifier: parseScramVerifier(credential?.scramVerifier ?? null) ?? fake }
  }

  return {
    async scramChallenge(attempt) {
      const applicant = guard.applicant(attempt)
      const [{ throttled }, { verifier }] = await Promise.all([
        guard.look(applicant),
        lookUp(applicant),
      ])
      if (throttled !== undefined) return throttled
      const { salt, iterations } = verifier
      return { kind: 'challenge', salt: salt.toString('base64'), iterations }
    },

    scramProof: (attempt) =>
      guard.slowly(async () => {
        const applicant = guard.applicant(attempt)
        const { address } = applicant
        const before = await guard.look(applicant)
        if (before.throttled !== undefined) return before.throttled
        return limit.run(guard.turn(applicant, before), async (waited) => {
          const [standing, { credential, verifier }] = await Promise.all([
            waited ? guard.look(applicant) : before,
            lookUp(applicant),
          ])
          if (standing.throttled !== undefined) return standing.throttled
          const proof = Buffer.from(attempt.clientProof, 'base64')
          const signature = checkScramProof(verifier, attempt.authMessage, proof)
          if (credential?.enabled && signature !== undefined) {
            const { accountId: id, login, sessionsEpoch } = credential
            await guard.succeed(applicant, standing)
            const serverSignature = signature.toString('base64')
            return { kind: 'authenticated', account: { id, login, sessionsEpoch }, serverSignature }
          }
          await guard.fail(standing)
          if (address === undefined) return { kind: 'refused', reason: 'malformed' }
          if (credential === undefined) return { kind: 'refused', reason: 'unknown' }
          return { kind: 'refused', reason: signature === undefined ? 'password' : 'disabled' }
        })
      }),
  }
}
