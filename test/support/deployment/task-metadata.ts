// What ECS tells and gives a task over HTTP: its metadata, which says when it is to stop, and the credentials of its role.

import { once } from 'node:events'
import { createServer } from 'node:http'

export type TaskMetadata = {
  readonly variables: Readonly<Record<string, string>>
  desiredStatus: 'RUNNING' | 'STOPPED'
  close(): void
}

/** Far off: nothing here lasts so long. */
const EXPIRES_MS = 6 * 3_600_000

export async function openTaskMetadata(task: {
  readonly arn: string
  readonly roleArn: string
  readonly accessKeyId: string
}): Promise<TaskMetadata> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    if (answer === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer()))
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const metadata: TaskMetadata = {
    variables: {
      ECS_CONTAINER_METADATA_URI_V4: `${url}/v4/container`,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials`,
    },
    desiredStatus: 'RUNNING',
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  const answers: Readonly<Record<string, () => object>> = {
    '/v4/container/task': () => ({
      TaskARN: task.arn,
      DesiredStatus: metadata.desiredStatus,
      KnownStatus: 'RUNNING',
      LaunchType: 'FARGATE',
    }),
    '/credentials': () => ({
      RoleArn: task.roleArn,
      AccessKeyId: task.accessKeyId,
      SecretAccessKey: 'secret',
      Token: 'token',
      Expiration: new Date(Date.now() + EXPIRES_MS).toISOString(),
    }),
  }
  return metadata
}
