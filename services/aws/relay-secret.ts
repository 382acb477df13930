// The login at the relay host, from Secrets Manager. Read again after a while, so that a changed password is in force without a
// deployment.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Secret } from './secrets.ts'

const KEPT_MS = 10 * 60_000

export type RelayLogin = { readonly user: string; readonly password: string }

/** Without a secret: a relay host without a login. What is read rejects with TemporaryFailure: the mail waits. */
export function createRelayLogin(
  secret: Pick<Secret, 'read'> | undefined,
  clock: Clock,
): () => Promise<RelayLogin | null> {
  let kept: { readonly login: RelayLogin; readonly untilMs: number } | undefined
  return async () => {
    if (secret === undefined) return null
    if (kept !== undefined && clock.now() < kept.untilMs) return kept.login
    const version = await secret.read()
    const login = parseLogin(version?.text ?? '')
    if (login === undefined) {
      throw new TemporaryFailure('the relay secret is not {"user": "…", "password": "…"}')
    }
    kept = { login, untilMs: clock.now() + KEPT_MS }
    return login
  }
}

function parseLogin(text: string): RelayLogin | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // the parser's own words would quote the secret
  }
  const { user, password }: Record<string, unknown> = Object(value)
  return typeof user === 'string' && typeof password === 'string' ? { user, password } : undefined
}
