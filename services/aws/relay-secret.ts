// What the relay host needs of us, from Secrets Manager: a login, and the certificate of its own authority where it has one. Read again
// after a while, so that a changed password is in force without a deployment.

import type { RemoteSecrets } from '#services/assembly/remote.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { secretTexts } from '#shared/runtime/secret-texts.ts'
import type { Secret } from './secrets.ts'

const KEPT_MS = 10 * 60_000

/** Without a secret: a relay host without a login. What is read rejects with TemporaryFailure: the mail waits. */
export function createRelaySecrets(
  secret: Pick<Secret, 'read'> | undefined,
  clock: Clock,
): () => Promise<RemoteSecrets> {
  let kept: { readonly secrets: RemoteSecrets; readonly untilMs: number } | undefined
  return async () => {
    if (secret === undefined) return { relayhostAuth: null, tlsCa: undefined }
    if (kept !== undefined && clock.now() < kept.untilMs) return kept.secrets
    const version = await secret.read()
    const text = version?.text ?? ''
    const login = secretTexts(text, ['user', 'password'])
    if (login === undefined) {
      throw new TemporaryFailure('the relay secret is not {"user": "…", "password": "…"}')
    }
    const secrets = { relayhostAuth: login, tlsCa: secretTexts(text, ['ca'])?.ca }
    kept = { secrets, untilMs: clock.now() + KEPT_MS }
    return secrets
  }
}
