// Logins with SCRAM for authenticators of tests: one password, the right one for whoever is let in.

import { checkScramProof, makeScramVerifier } from '#shared/auth/scram-verifier.ts'
import type { Authenticator, LoginAccepted } from '#shared/contracts/authenticate.ts'

const salt = Buffer.from('sixteen bytes...')
const ITERATIONS = 4_096

export function fakeScram(
  password: string,
  accountOf: (login: string) => LoginAccepted['account'] | undefined,
): Pick<Authenticator, 'scramChallenge' | 'scramProof'> {
  const made = makeScramVerifier(password, salt, ITERATIONS)
  return {
    scramChallenge: async () => ({
      kind: 'challenge',
      salt: salt.toString('base64'),
      iterations: ITERATIONS,
    }),
    async scramProof({ login, authMessage, clientProof }) {
      const proof = Buffer.from(clientProof, 'base64')
      const signature = checkScramProof(await made, authMessage, proof)
      const account = accountOf(login)
      if (signature === undefined || account === undefined) {
        return { kind: 'refused', reason: 'password' }
      }
      return { kind: 'authenticated', account, serverSignature: signature.toString('base64') }
    },
  }
}
