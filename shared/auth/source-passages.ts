// Logins of accounts that are still on an old server (shared/front). Where the source is shown the user's own password it judges it, and the
// authenticator asks there. Where there is a master user the login is checked here, by whatever mechanism, and what is added here is the
// session there.

import type { Authenticator, LoginAttempt, LoginResult } from '#shared/contracts/authenticate.ts'
import { type AtSource, LoginNotNow } from '#shared/contracts/source.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import type { SourceLogins } from '#shared/front/source-logins.ts'

type Service = LoginAttempt['service']

const moving = () => new LoginNotNow('The account is moving to this server, try again in a minute')
const passwordNeeded = () =>
  new LoginNotNow('Log in with the password itself (PLAIN or LOGIN) while the account is moved')

/** Of those a session goes on at the source. What is submitted is taken here, and the console knows what is kept here alone. */
const hasSessions = (service: Service) => service !== 'smtp' && service !== 'api'

/** Where the password of an account is judged; undefined: here. Throws LoginNotNow while it is moving. */
export async function judgedAt(
  at: AtSource | undefined,
  service: Service,
  logins: SourceLogins | undefined,
): Promise<SourceHost | undefined> {
  if (at === undefined || logins === undefined || service === 'api') return undefined
  if (at.state === 'moving' && hasSessions(service)) throw moving()
  const host = await logins.find(at)
  return host.login.kind === 'own-password' ? host : undefined
}

/** A proof shows the password to nobody, the source neither. */
export const refuseBeforeProof =
  (logins: SourceLogins) =>
  async (at: AtSource, service: Service): Promise<void> => {
    if ((await judgedAt(at, service, logins)) !== undefined) throw passwordNeeded()
  }

/** The same authenticator; who is logged in here is logged in at the source. */
export function passToSource(authenticator: Authenticator, logins: SourceLogins): Authenticator {
  async function pass<T extends LoginResult>(
    { service, remoteAddress }: Pick<LoginAttempt, 'service' | 'remoteAddress'>,
    result: T,
  ): Promise<T> {
    if (result.kind !== 'authenticated' || result.passage !== undefined) return result
    const { login, source } = result.account
    if (source === undefined || !hasSessions(service)) return result
    if ((await judgedAt(source, service, logins)) !== undefined) throw passwordNeeded()
    const host = await logins.find(source)
    // Of a guest no password is checked here.
    const asked = { service, remoteAddress, account: login, isGuest: false, password: undefined }
    const answer = await logins.open(host, asked)
    return answer.kind === 'in' ? { ...result, passage: answer.passage } : result
  }

  return {
    authenticate: async (attempt) => pass(attempt, await authenticator.authenticate(attempt)),
    scramChallenge: (attempt) => authenticator.scramChallenge(attempt),
    scramProof: async (attempt) => pass(attempt, await authenticator.scramProof(attempt)),
    authenticateToken: async (attempt) =>
      pass(attempt, await authenticator.authenticateToken(attempt)),
  }
}
