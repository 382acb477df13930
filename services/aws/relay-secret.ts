// The login at the relay host, from Secrets Manager. Read again after a while, so that a changed password is in force without a
// deployment.

import type { RelayAuth } from '#services/delivery/remote/session.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { secretTexts } from '#shared/runtime/secret-texts.ts'
import type { Secret } from './secrets.ts'

const KEPT_MS = 10 * 60_000

/** Without a secret: a relay host without a login. What is read rejects with TemporaryFailure: the mail waits. */
export function createRelayLogin(
  secret: Pick<Secret, 'read'> | undefined,
  clock: Clock,
): () => Promise<RelayAuth | null> {
  let kept: { readonly login: RelayAuth; readonly untilMs: number } | undefined
  return async () => {
    if (secret === undefined) return null
    if (kept !== undefined && clock.now() < kept.untilMs) return kept.login
    const version = await secret.read()
    const login = secretTexts(version?.text ?? '', ['user', 'password'])
    if (login === undefined) {
      throw new TemporaryFailure('the relay secret is not {"user": "…", "password": "…"}')
    }
    kept = { login, untilMs: clock.now() + KEPT_MS }
    return login
  }
}
