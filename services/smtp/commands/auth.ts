// AUTH with PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login). RFC 4954 §4.

import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { answer, defineCommand, type Outcome } from '../command.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

/** base64 of `Username:` and `Password:`, by which LOGIN asks. */
const USERNAME_CHALLENGE = 'VXNlcm5hbWU6'
const PASSWORD_CHALLENGE = 'UGFzc3dvcmQ6'

type AuthCommand = { readonly mechanism: string; readonly initial: string | undefined }

export const auth = defineCommand({
  flushes: true,
  parse: parseAuth,
  run(session, { mechanism, initial }): Outcome | Promise<Outcome> {
    if (session.options.role === 'smtp') return answer(replies.authNotHere)
    // RFC 4954 §4 also forbids it in a transaction, which nobody has here without a login.
    if (session.account) return answer(replies.authTwice)
    if (!session.mayLogInNow) return answer(replies.authNeedsTls)
    switch (mechanism) {
      case 'PLAIN':
        // RFC 4954 §4: the initial response "=" is an empty one.
        if (initial !== undefined) return plain(session, initial === '=' ? '' : initial)
        return ask('', (line) => plain(session, line))
      case 'LOGIN':
        if (initial !== undefined) return askPassword(session, initial)
        return ask(USERNAME_CHALLENGE, (line) => askPassword(session, line))
      default:
        return answer(replies.authUnknownMechanism)
    }
  },
})

// auth-command = "AUTH" SP sasl-mech [SP initial-response]
function parseAuth(text: string): AuthCommand {
  const match = /^ ([A-Za-z0-9_-]{1,20})(?: ([^ ]+))?$/.exec(text)
  if (!match) throw new SmtpSyntaxError({ kind: 'command', expected: 'AUTH mechanism [response]' })
  return { mechanism: (match[1] ?? '').toUpperCase(), initial: match[2] }
}

function ask(challenge: string, next: (line: string) => Outcome | Promise<Outcome>): Outcome {
  return {
    kind: 'ask',
    reply: replies.authChallenge(challenge),
    // RFC 4954 §4: the client cancels with a single "*".
    answer: (line) => (line === '*' ? answer(replies.authCancelled) : next(line)),
  }
}

// message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616 §2)
function plain(session: SmtpSession, response: string): Outcome | Promise<Outcome> {
  const [authzid, login, password, ...more] = decode(response)?.split('\0') ?? []
  if (authzid === undefined || !login || !password || more.length > 0) {
    return answer(replies.authMalformed)
  }
  // Nobody may act for somebody else.
  if (authzid !== '' && authzid !== login) return answer(replies.authRefused)
  return logIn(session, login, password)
}

function askPassword(session: SmtpSession, username: string): Outcome {
  const login = decode(username)
  if (!login || login.includes('\0')) return answer(replies.authMalformed)
  return ask(PASSWORD_CHALLENGE, (line) => {
    const password = decode(line)
    if (!password) return answer(replies.authMalformed)
    return logIn(session, login, password)
  })
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

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Undefined when it is not base64 of UTF-8. */
function decode(text: string): string | undefined {
  // Buffer.from would skip what is not base64.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    return undefined
  }
  try {
    return utf8.decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
}
