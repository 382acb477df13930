// What follows from a login that was decided.

import type { LoginResult } from '#shared/contracts/authenticate.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { type Reply, replies } from './replies.ts'
import type { Session } from './session.ts'

/** `saslData`: what the mechanism has to say beside the success. */
export async function finishLogIn(
  session: Session,
  { login, result }: { readonly login: string; readonly result: LoginResult },
  saslData: string | undefined,
): Promise<Reply> {
  switch (result.kind) {
    case 'authenticated': {
      const { account, passage } = result
      if (!session.logIn(account)) {
        passage?.socket.destroy()
        return replies.tooManySessions
      }
      const tls = session.transport.channelBindings?.protocol ?? 'none'
      session.log.info({ tls, ...(passage && { source: account.source?.name }) }, 'logged in')
      session.passage = passage
      if (passage !== undefined) return replies.loggedInAtSource(passage.words)
      return replies.loggedIn(saslData)
    }
    case 'refused':
      session.logRepeated({ login, reason: result.reason }, 'login failed')
      return afterFailure(session, replies.loginFailed)
    case 'throttled': {
      const { kind: reason, retryAfterSeconds } = result
      session.logRepeated({ login, reason, retryAfterSeconds }, 'login failed')
      return afterFailure(session, replies.loginThrottled)
    }
    default:
      return unreachable(result)
  }
}

async function afterFailure(session: Session, reply: Reply): Promise<Reply> {
  const { options, clock } = session.deps
  session.authFailures += 1
  if (session.authFailures < options.loginFailuresMax) return reply
  await clock.sleep(options.authFailureDelayMs, session.signal)
  return replies.tooManyFailures
}
