// One secret in Secrets Manager, for whoever reads or writes it.

import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { calling } from '#shared/storage/aws/failures.ts'
import { requestTimeouts } from './request-timeouts.ts'

export type SecretStage = 'AWSCURRENT' | 'AWSPREVIOUS'

export type SecretVersion = {
  readonly versionId: string
  /** '' for a binary secret, which none of ours is. */
  readonly text: string
}

export function openSecretsManager(): SecretsManagerClient {
  return new SecretsManagerClient({ requestHandler: requestTimeouts })
}

export class Secret {
  readonly #client: SecretsManagerClient
  readonly #id: string

  /** The id is an ARN or a name. */
  constructor(client: SecretsManagerClient, id: string) {
    this.#client = client
    this.#id = id
  }

  /** Undefined when there is no such version, as in a secret that was made without a value. */
  async read(stage: SecretStage = 'AWSCURRENT'): Promise<SecretVersion | undefined> {
    const request = new GetSecretValueCommand({ SecretId: this.#id, VersionStage: stage })
    const answer = this.#client.send(request).catch((error) => {
      if (error instanceof ResourceNotFoundException) return undefined
      throw error
    })
    const found = await calling('GetSecretValue', answer)
    if (found === undefined) return undefined
    return { versionId: found.VersionId ?? '', text: found.SecretString ?? '' }
  }

  /** The new version is current from now on, the one before it becomes AWSPREVIOUS. */
  async write(text: string): Promise<void> {
    const request = new PutSecretValueCommand({ SecretId: this.#id, SecretString: text })
    await calling('PutSecretValue', this.#client.send(request))
  }
}

/** For how long a text is remembered: a new one holds soon. */
const REMEMBERED_MS = 60_000

/** The text of a secret, for whoever needs it again and again. */
export function rememberedText(
  secret: Pick<Secret, 'read'>,
  clock: { now(): number },
): () => Promise<string> {
  let last: { readonly text: string; readonly atMs: number } | undefined
  return async () => {
    const nowMs = clock.now()
    if (last !== undefined && nowMs - last.atMs < REMEMBERED_MS) return last.text
    const found = await secret.read()
    if (found === undefined) throw new TemporaryFailure('the secret has no value')
    last = { text: found.text.trim(), atMs: nowMs }
    return last.text
  }
}
