// What PASS and AUTH have in common: once the login is decided, lock and open the maildrop.

import type { LoggedInAccount, LoginResult } from '#shared/contracts/authenticate.ts'
import { LoginNotNow, type Passage } from '#shared/contracts/source.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { Maildrop } from './maildrop.ts'
import { type Reply, replies, thenClose } from './replies.ts'
import type { Session } from './session.ts'

export function logIn(session: Session, login: string, password: Uint8Array): Promise<Reply> {
  return guard(session, async () => {
    const { authenticator } = session.deps
    const { remoteAddress } = session.transport
    const attempt = { service: 'pop3', login, password, remoteAddress } as const
    return finishLogIn(session, { login, result: await authenticator.authenticate(attempt) })
  })
}

/** Tells the client when the directory or the mailbox does not answer. */
export async function guard(session: Session, work: () => Promise<Reply>): Promise<Reply> {
  session.setUser(null)
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    if (error instanceof LoginNotNow) {
      session.logRepeated({ reason: error.message }, 'login put off')
      return replies.notNow(error.message)
    }
    session.log.warn({ error }, 'login not possible')
    return replies.loginUnavailable
  }
}

export async function finishLogIn(
  session: Session,
  { login, result }: { readonly login: string; readonly result: LoginResult },
): Promise<Reply> {
  switch (result.kind) {
    case 'authenticated':
      return result.passage === undefined
        ? openMaildrop(session, result.account)
        : goOnAtSource(session, result.account, result.passage)
    case 'refused':
      session.logRepeated({ login, reason: result.reason }, 'login failed')
      return afterFailure(session, replies.loginRefused)
    case 'throttled':
      session.logRepeated({ login, ...throttled(result) }, 'login failed')
      return afterFailure(session, replies.loginThrottled)
    default:
      return unreachable(result)
  }
}

const throttled = ({ kind, retryAfterSeconds }: LoginResult & { kind: 'throttled' }) => ({
  reason: kind,
  retryAfterSeconds,
})

async function afterFailure(
  session: Session,
  reply: (typeof replies)['loginRefused'],
): Promise<Reply> {
  const { options, clock } = session.deps
  session.authFailures += 1
  if (session.authFailures < options.loginFailuresMax) return reply
  await clock.sleep(options.authFailureDelayMs, session.signal)
  return thenClose(reply)
}

function goOnAtSource(session: Session, account: LoggedInAccount, passage: Passage): Reply {
  session.goOnAtSource(account, passage)
  session.log = session.log.child({ account: account.login })
  const tls = session.transport.channelBindings?.protocol ?? 'none'
  session.log.info({ source: account.source?.name, tls }, 'logged in')
  return replies.loggedInAtSource(passage.words)
}

async function openMaildrop(session: Session, account: LoggedInAccount): Promise<Reply> {
  const { mailboxes, lock } = session.deps
  const held = await lock.acquire(account.id)
  if (held === undefined) {
    session.log.info({ account: account.login }, 'maildrop in use')
    return replies.maildropInUse
  }
  try {
    const folder = await mailboxes.inbox(account.id)
    const maildrop = new Maildrop(folder, await mailboxes.snapshot(folder))
    session.enterTransaction(account, { maildrop, lock: held })
    session.log = session.log.child({ account: account.login })
    const tls = session.transport.channelBindings?.protocol ?? 'none'
    const { count, octets } = maildrop
    session.log.info({ messages: count, octets, tls }, 'logged in')
    return replies.loggedIn(count, octets)
  } catch (error) {
    await session.release(held)
    throw error
  }
}
