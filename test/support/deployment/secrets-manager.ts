// Secrets Manager for tests: secrets with versions and staging labels, in memory, over loopback HTTP (JSON 1.1). It asks for no
// permission; the gateway before it does.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { type JsonRecord, recordOf } from './json.ts'
import { localPlace } from './place.ts'
import { secretArnOf } from './secret-arn.ts'
import { SecretError, SecretStore } from './secret-store.ts'
import type { Place } from './wire-request.ts'

export type SecretsManager = {
  readonly endpoint: string
  /** Makes a new current version, and the secret if need be. Returns its ARN. */
  put(name: string, value: string): string
  /** The current version's text. By name or ARN. */
  get(secretId: string): string | undefined
  close(): Promise<void>
}

export async function startSecretsManager(place: Place = localPlace): Promise<SecretsManager> {
  const store = new SecretStore(place)
  const server = createServer((request, response) => {
    const send = (status: number, body: object) =>
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(body))
    json(request)
      .then((body) => send(200, run(store, request.headers['x-amz-target'], recordOf(body))))
      .catch((error) => {
        if (error instanceof SecretError) {
          send(400, { __type: error.code, Message: error.message })
        } else send(500, { __type: 'InternalServiceError', Message: String(error) })
      })
  })
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    put(name, value) {
      if (!store.has(name)) store.create({ Name: name })
      store.put({ SecretId: name, SecretString: value })
      return secretArnOf(name, place)
    },
    get: (secretId) => store.current(secretId),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function run(store: SecretStore, target: unknown, body: JsonRecord): object {
  switch (target) {
    case 'secretsmanager.CreateSecret':
      return store.create(body)
    case 'secretsmanager.DescribeSecret':
      return store.describe(body)
    case 'secretsmanager.GetSecretValue':
      return store.value(body)
    case 'secretsmanager.PutSecretValue':
      return store.put(body)
    default:
      throw new SecretError('UnknownOperationException', String(target))
  }
}
