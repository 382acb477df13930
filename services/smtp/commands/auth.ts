// AUTH. RFC 4954 §4; the exchanges are in shared/sasl.

import type { LoginAccepted, LoginResult } from '#shared/contracts/authenticate.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import {
  createSaslExchange,
  findMechanism,
  type Mechanism,
  sendsPassword,
} from '#shared/sasl/sasl-exchange.ts'
import type { SaslExchange } from '#shared/sasl/sasl-steps.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { answer, answerAndClose, defineCommand, type Outcome } from '../command.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

type Login = { readonly mechanism: Mechanism; readonly exchange: SaslExchange }

type AuthCommand = { readonly mechanism: string; readonly initial: string | undefined }

export const auth = defineCommand({
  flushes: true,
  parse: parseAuth,
  run(session, { mechanism: name, initial }): Outcome | Promise<Outcome> {
    if (!session.takesLogins) return answer(replies.authNotHere)
    // RFC 4954 §4
    if (session.account) return answer(replies.authTwice)
    if (session.transaction) return answer(replies.authInTransaction)
    const mechanism = findMechanism(name)
    if (mechanism && sendsPassword(mechanism) && !session.passwordsAllowed) {
      return answer(replies.authNeedsTls)
    }
    if (!mechanism || !session.mechanisms.includes(mechanism)) {
      return answer(replies.authUnknownMechanism)
    }
    const { remoteAddress, channelBindings } = session
    if (!session.takes('logins')) return answer(replies.tooManyLogins(remoteAddress))
    const { authenticator } = session.deps
    const context = { authenticator, service: 'smtp', remoteAddress, channelBindings } as const
    const login = { mechanism, exchange: createSaslExchange(mechanism, context) }
    return initial === undefined
      ? step(session, login, undefined)
      : respond(session, login, decodeInitialResponse(initial))
  },
})

// auth-command = "AUTH" SP sasl-mech [SP initial-response]
function parseAuth(text: string): AuthCommand {
  const match = /^ ([A-Za-z0-9_-]{1,20})(?: ([^ ]+))?$/.exec(text)
  if (!match) throw new SmtpSyntaxError({ kind: 'command', expected: 'AUTH mechanism [response]' })
  return { mechanism: match[1] ?? '', initial: match[2] }
}

function respond(
  session: SmtpSession,
  login: Login,
  response: Uint8Array | undefined,
): Outcome | Promise<Outcome> {
  return response === undefined ? answer(replies.authMalformed) : step(session, login, response)
}

async function step(
  session: SmtpSession,
  login: Login,
  response: Uint8Array | undefined,
): Promise<Outcome> {
  const outcome = await login.exchange.step(response).catch((error: unknown) => {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.warn({ error }, 'login not possible')
    return { kind: 'unavailable' } as const
  })
  switch (outcome.kind) {
    case 'challenge':
      return {
        kind: 'ask',
        reply: replies.authChallenge(encodeBase64(outcome.data)),
        // RFC 4954 §4: the client cancels with a single "*".
        answer: (line) =>
          line === '*'
            ? answer(replies.authCancelled)
            : respond(session, login, decodeBase64(line)),
      }
    case 'finished':
      return finish(session, login.mechanism, outcome)
    case 'malformed':
      return answer(replies.authMalformed)
    case 'unavailable':
      return answer(replies.authUnavailable)
    default:
      return unreachable(outcome)
  }
}

/** A guest goes on at his old server; what accounts send is taken here. */
function loggedIn(
  session: SmtpSession,
  login: string,
  { account, passage }: LoginAccepted,
): Outcome {
  const facts = { login, tls: session.tls?.protocol ?? 'none' }
  session.log.info({ ...facts, ...(passage && { source: account.source?.name }) }, 'logged in')
  return passage === undefined
    ? answer(replies.authOk)
    : { kind: 'go-on-at-source', reply: replies.authOk, passage }
}

function finish(
  session: SmtpSession,
  mechanism: Mechanism,
  { login, result }: { readonly login: string; readonly result: LoginResult },
): Outcome {
  switch (result.kind) {
    case 'authenticated':
      if (!session.authenticate(result.account, mechanism)) {
        result.passage?.socket.destroy()
        session.logRepeated({ login, reason: 'too many sessions' }, 'login failed')
        return answerAndClose(replies.tooManySessions)
      }
      return loggedIn(session, login, result)
    case 'refused':
      session.logRepeated({ login, reason: result.reason }, 'login failed')
      session.authFailures += 1
      return answer(replies.authRefused)
    case 'throttled':
      session.logRepeated(
        { login, reason: result.kind, retryAfterSeconds: result.retryAfterSeconds },
        'login failed',
      )
      session.authFailures += 1
      return answer(replies.authUnavailable)
    default:
      return unreachable(result)
  }
}
