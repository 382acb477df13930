// AUTH with PLAIN and LOGIN. RFC 4954 §4; the exchanges are in shared/sasl.

import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslServer, findMechanism, type SaslServer } from '#shared/sasl/sasl-server.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { answer, defineCommand, type Outcome } from '../command.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

type AuthCommand = { readonly mechanism: string; readonly initial: string | undefined }

export const auth = defineCommand({
  flushes: true,
  parse: parseAuth,
  run(session, { mechanism: name, initial }): Outcome | Promise<Outcome> {
    if (session.options.role === 'smtp') return answer(replies.authNotHere)
    // RFC 4954 §4 also forbids it in a transaction, which nobody has here without a login.
    if (session.account) return answer(replies.authTwice)
    if (!session.mayLogInNow) return answer(replies.authNeedsTls)
    const mechanism = findMechanism(name)
    if (!mechanism) return answer(replies.authUnknownMechanism)
    const server = createSaslServer(mechanism)
    return initial === undefined
      ? step(session, server, undefined)
      : respond(session, server, decodeInitialResponse(initial))
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
  server: SaslServer,
  response: Uint8Array | undefined,
): Outcome | Promise<Outcome> {
  return response === undefined ? answer(replies.authMalformed) : step(session, server, response)
}

function step(
  session: SmtpSession,
  server: SaslServer,
  response: Uint8Array | undefined,
): Outcome | Promise<Outcome> {
  const outcome = server.step(response)
  switch (outcome.kind) {
    case 'challenge':
      return {
        kind: 'ask',
        reply: replies.authChallenge(encodeBase64(outcome.data)),
        // RFC 4954 §4: the client cancels with a single "*".
        answer: (line) =>
          line === '*'
            ? answer(replies.authCancelled)
            : respond(session, server, decodeBase64(line)),
      }
    case 'credentials':
      return logIn(session, outcome.login, outcome.password)
    case 'malformed':
      return answer(replies.authMalformed)
    default:
      return unreachable(outcome)
  }
}

async function logIn(session: SmtpSession, login: string, password: string): Promise<Outcome> {
  const { authenticator } = session.services
  const { remoteAddress, log } = session
  const attempt = { service: 'smtp', login, password, remoteAddress } as const
  const result = await authenticator.authenticate(attempt).catch((error: unknown) => {
    if (!(error instanceof TemporaryFailure)) throw error
    log.warn({ login, err: error }, 'login not possible')
    return { kind: 'unavailable' } as const
  })
  switch (result.kind) {
    case 'authenticated':
      session.authenticate(result.account)
      session.log.info({ login }, 'logged in')
      return answer(replies.authOk)
    case 'refused':
      log.info({ login, reason: result.reason }, 'login refused')
      session.authFailures += 1
      return answer(replies.authRefused)
    case 'throttled':
      log.info({ login, retryAfterSeconds: result.retryAfterSeconds }, 'login throttled')
      session.authFailures += 1
      return answer(replies.authUnavailable)
    case 'unavailable':
      return answer(replies.authUnavailable)
    default:
      return unreachable(result)
  }
}
