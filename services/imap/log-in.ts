// What LOGIN and AUTHENTICATE have in common.

import type { LoginResult } from '#shared/contracts/authenticate.ts'
import { advertise, mayLogIn } from './capabilities.ts'
import type { Completion } from './command.ts'
import { replies } from './replies.ts'
import type { Session } from './session.ts'

/** LOGIN: the password is at hand. */
export async function logIn(
  session: Session,
  given: { readonly login: string; readonly password: Uint8Array },
  success: Completion,
): Promise<Completion> {
  if (!mayLogIn(session)) return replies.privacyRequired
  const result = await session.deps.authenticator.authenticate({
    service: 'imap',
    login: given.login,
    password: given.password,
    remoteAddress: session.transport.remoteAddress,
  })
  return finishLogIn(session, { login: given.login, result }, success)
}

export function finishLogIn(
  session: Session,
  { login, result }: { readonly login: string; readonly result: LoginResult },
  success: Completion,
): Completion {
  if (result.kind === 'authenticated') {
    const { account, passage } = result
    if (!session.authenticate(account)) {
      passage?.socket.destroy()
      return replies.tooManySessions
    }
    session.authFailures = 0
    session.loginGiven = login
    const tls = session.transport.channelBindings?.protocol ?? 'none'
    session.log.info({ tls, ...(passage && { source: account.source?.name }) }, 'logged in')
    if (passage !== undefined) {
      session.passage = passage
      return { ...success, code: `CAPABILITY ${passage.words}`, after: 'go-on-at-source' }
    }
    // RFC 9051 §7.2.2: spares the client a CAPABILITY.
    return { ...success, code: `CAPABILITY ${advertise(session)}` }
  }
  const reason = result.kind === 'refused' ? result.reason : result.kind
  session.logRepeated({ login, reason }, 'login failed')
  const reply = result.kind === 'throttled' ? replies.loginThrottled : replies.loginFailed
  const { loginFailuresMax } = session.deps.options
  return ++session.authFailures < loginFailuresMax ? reply : { ...reply, after: 'turn-away' }
}
