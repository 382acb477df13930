// Logins with tokens for authenticators of tests: one token, the right one for whoever is let in.

import type { Authenticator, LoginAccepted } from '#shared/contracts/authenticate.ts'

export const GOOD_TOKEN = 'good-token'

export const fakeTokens = (
  accountOf: (login: string) => LoginAccepted['account'] | undefined,
): Pick<Authenticator, 'authenticateToken'> => ({
  async authenticateToken({ login, token }) {
    const account = accountOf(login)
    if (token === GOOD_TOKEN && account !== undefined) {
      return { kind: 'authenticated', account: { ...account, means: { kind: 'token' } } }
    }
    const configuration = 'https://login.example/.well-known/openid-configuration'
    return { kind: 'refused', reason: 'token', configuration, scope: 'openid email' }
  },
})
