// One secret in Secrets Manager, for whoever reads or writes it.

import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
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
