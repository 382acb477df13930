// Logins with SCRAM-SHA-256 on the verifiers kept beside the password hashes. An account that does not exist, or of which only an
// old hash is known, goes through the same steps with a verifier that no password fits (RFC 5802 §9).
//
// Where the account has app passwords, what the client proves is compared with each of them too: they have one salt together. It is that
// of the account's password where they were made of it; where it has another by now, the challenge says the password's, unless
// that lets nobody in, and an app password needs PLAIN or LOGIN.

import type {
  Authenticator,
  LoginAttempt,
  LoginMeans,
  LoginRefused,
} from '#shared/contracts/authenticate.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { judge } from './app-passwords.ts'
import { barsPassword, type Credential, type CredentialStore } from './credential-store.ts'
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
  readonly settings: { readonly passwordWithSecondFactor: boolean }
  readonly clock: Pick<Clock, 'now'>
  /** Of an account on an old server: throws LoginNotNow where that must be shown the password itself. */
  readonly refuseBeforeProof?: (at: AtSource, service: LoginAttempt['service']) => Promise<void>
  /** The same for all processes and starts of an installation: made-up salts must not change. */
  readonly secret: () => Promise<Uint8Array>
}): Pick<Authenticator, 'scramChallenge' | 'scramProof'> {
  const { credentials, guard, settings, clock, secret } = deps
  const limit = createWorkLimit(PROOFS)

  async function lookUp({ address, client }: Applicant): Promise<{
    readonly credential: Credential | undefined
    /** Of the password. */
    readonly own: ScramVerifier | undefined
    readonly fake: ScramVerifier
  }> {
    const [credential, key] = await Promise.all([address && credentials.find(address), secret()])
    const fake = fakeScramVerifier(key, address === undefined ? client : accountName(address))
    return { credential, own: parseScramVerifier(credential?.scramVerifier ?? null), fake }
  }

  /** Undefined: no proof of the account's. `means` undefined: its password. */
  async function prove(
    credential: Credential,
    own: ScramVerifier | undefined,
    { service, authMessage, clientProof: text }: Proof,
  ): Promise<Proved | undefined> {
    const clientProof = Buffer.from(text, 'base64')
    const { factors, accountId } = credential
    const asked = { service, nowMs: clock.now() }
    for (const record of factors?.appPasswords ? await credentials.appPasswords(accountId) : []) {
      const signature = checkScramProof(record, authMessage, clientProof)
      if (signature === undefined) continue
      const judged = judge(record, asked)
      if (judged.kind === 'refused') return judged
      return { kind: 'proved', signature, means: { kind: 'app-password', id: judged.id } }
    }
    const signature = own && checkScramProof(own, authMessage, clientProof)
    if (signature === undefined) return undefined
    if (barsPassword(credential, service, settings)) {
      return { kind: 'refused', reason: 'second-factor' }
    }
    return { kind: 'proved', signature, means: undefined }
  }

  return {
    async scramChallenge(attempt) {
      const applicant = guard.applicant(attempt)
      const [{ throttled }, found] = await Promise.all([guard.look(applicant), lookUp(applicant)])
      if (throttled !== undefined) return throttled
      const { credential, own, fake } = found
      if (credential?.source) await deps.refuseBeforeProof?.(credential.source, attempt.service)
      const { salt: ofAppPasswords, iterations: rounds } = credential?.factors ?? {}
      const asksForAppPassword =
        own === undefined ||
        (credential !== undefined && barsPassword(credential, attempt.service, settings))
      if (asksForAppPassword && ofAppPasswords !== undefined && rounds !== undefined) {
        return { kind: 'challenge', salt: ofAppPasswords, iterations: rounds }
      }
      const { salt, iterations } = own ?? fake
      return { kind: 'challenge', salt: salt.toString('base64'), iterations }
    },

    scramProof: (attempt) =>
      guard.slowly(async () => {
        const applicant = guard.applicant(attempt)
        const { address } = applicant
        const before = await guard.look(applicant)
        if (before.throttled !== undefined) return before.throttled
        return limit.run(guard.turn(applicant, before), async (waited) => {
          const [standing, { credential, own }] = await Promise.all([
            waited ? guard.look(applicant) : before,
            lookUp(applicant),
          ])
          if (standing.throttled !== undefined) return standing.throttled
          const proved = credential && (await prove(credential, own, attempt))
          if (credential?.enabled && proved?.kind === 'proved') {
            const { accountId: id, login, sessionsEpoch, source } = credential
            await guard.succeed(applicant, standing)
            const { means } = proved
            const account = {
              ...{ id, login, sessionsEpoch },
              ...(means && { means }),
              ...(source && { source }),
            }
            const serverSignature = proved.signature.toString('base64')
            return { kind: 'authenticated', account, serverSignature }
          }
          await guard.fail(standing)
          if (address === undefined) return { kind: 'refused', reason: 'malformed' }
          if (credential === undefined) return { kind: 'refused', reason: 'unknown' }
          if (proved === undefined) return { kind: 'refused', reason: 'password' }
          return proved.kind === 'proved' ? { kind: 'refused', reason: 'disabled' } : proved
        })
      }),
  }
}

type Proof = {
  readonly service: LoginAttempt['service']
  readonly authMessage: string
  readonly clientProof: string
}

type Proved =
  | {
      readonly kind: 'proved'
      readonly signature: Buffer
      readonly means: LoginMeans | undefined
    }
  | LoginRefused
