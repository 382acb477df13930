// Secrets Manager with a client, for tests of whoever reads and writes secrets.

import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { startSecretsManager } from '../deployment/secrets-manager.ts'
import { clientOptions } from './json-service.ts'

export interface TestSecrets extends AsyncDisposable {
  readonly endpoint: string
  readonly client: SecretsManagerClient
  /** As an operator or a deployment would. */
  put(name: string, text: string): void
  /** The current text. */
  text(name: string): string | undefined
}

/** With secrets of these names, which have no value yet. */
export async function openSecrets(names: readonly string[]): Promise<TestSecrets> {
  const emulator = await startSecretsManager()
  const { endpoint } = emulator
  const client = new SecretsManagerClient({ ...clientOptions, endpoint, maxAttempts: 1 })
  for (const Name of names) await client.send(new CreateSecretCommand({ Name }))
  return {
    endpoint,
    client,
    put: (name, text) => void emulator.put(name, text),
    text: (name) => emulator.get(name),
    async [Symbol.asyncDispose]() {
      client.destroy()
      await emulator.close()
    },
  }
}
